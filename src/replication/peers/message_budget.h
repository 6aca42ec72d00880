#pragma once

#include "base/token_bucket.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <map>
#include <optional>

namespace shoal::replication {

/// Limits how much work one peer may cause: a token bucket for each kind of message that makes us verify, read or
/// answer (docs/PROTOCOL.md, "Limits"). Messages that credit or an open request limits already (data, pieces, replies)
/// pass. Pure state; the caller gives the time.
class MessageBudget {
 public:
  /// Takes the message's cost from the bucket of its kind; false when the bucket lacks it.
  [[nodiscard]] bool spend(const Body& body, base::MonoTime now);

  /// Kinds with a bucket, for the documents' test.
  struct Limit {
    base::TokenBucket::Rate rate;
    double cost = 0;  ///< of this message
  };
  [[nodiscard]] static std::optional<Limit> limit_of(const Body& body);

 private:
  std::map<std::size_t, base::TokenBucket> buckets_;  ///< by the kind's place in Body; made at first use
};

}  // namespace shoal::replication
