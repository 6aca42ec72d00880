#pragma once

#include "base/token_bucket.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <map>
#include <optional>

namespace shoal::replication {

/// How much of what costs us one peer may ask for: a token bucket for each kind of message that makes us verify, read
/// or answer (docs/PROTOCOL.md, "Limits"). What credit or an open question governs already (data, pieces, replies)
/// passes. Pure state on times it is told.
class MessageBudget {
 public:
  /// Takes what the message costs; false when the peer has used up what its kind may cost.
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
