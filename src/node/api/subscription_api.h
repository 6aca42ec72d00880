#pragma once

#include "node/api/batch_api.h"

#include <shoal/subscription.h>

#include <chrono>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// See shoal::Subscription. One thread at a time.
class SubscriptionApi {
 public:
  virtual ~SubscriptionApi() = default;
  [[nodiscard]] virtual Result<Poll> poll(const PollOptions& options) = 0;
  /// The same as batches, which are not opened: those in which a selected record may be. At most as `options.max_bytes`
  /// says, but one. A subscription is read by poll() or by this; Code::invalid_argument after a poll() that gave a part
  /// of a batch.
  [[nodiscard]] virtual Result<BatchPoll> poll_batches(const PollOptions& options) = 0;
  [[nodiscard]] virtual Result<int> descriptor() = 0;
  [[nodiscard]] virtual Result<void> set_topics(std::vector<std::string> topics) = 0;
  [[nodiscard]] virtual std::string cursor_after(const RecordView& record) const = 0;
  [[nodiscard]] virtual Result<void> commit(const std::string& token, const std::string& note) = 0;
  [[nodiscard]] virtual Result<std::optional<StoredCursor>> stored() const = 0;
  [[nodiscard]] virtual HeadReport head_report() const = 0;
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> head_age() const = 0;
};

}  // namespace shoal::node
