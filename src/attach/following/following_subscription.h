#pragma once

#include "attach/following/current_access.h"
#include "doors/http/file_descriptor.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::attach {

/// A subscription that outlives the node that it reads from: the next node continues after the last record given.
///
/// Idea: keep the cursor after the last record, and subscribe again with it as the start. Without the rules below a
/// reader would see records twice, miss some, or read a feed that was removed and begins again, empty.
class FollowingSubscription final : public node::SubscriptionApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<FollowingSubscription>> open(std::shared_ptr<CurrentAccess> current,
                                                                           node::FeedReference feed,
                                                                           SubscribeOptions options);

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
  [[nodiscard]] Result<node::BatchPoll> poll_batches(const PollOptions& options) override;
  [[nodiscard]] Result<int> descriptor() override;
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics) override;
  [[nodiscard]] std::string cursor_after(const RecordView& record) const override;
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const override;
  [[nodiscard]] HeadReport head_report() const override { return inner_ ? inner_->head_report() : report_; }
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const override;

 private:
  FollowingSubscription(std::shared_ptr<CurrentAccess> current, node::FeedReference feed, SubscribeOptions options)
      : current_(std::move(current)), feed_(std::move(feed)), options_(std::move(options)), access_(current_->get()) {}

  /// Subscribes at the current position, with the current node or the next one.
  [[nodiscard]] Result<void> resume(const Wait& wait);
  /// Code::closed when the feed was removed meanwhile: only removal makes a node forget a head. A new subscription
  /// would begin again with an empty feed.
  [[nodiscard]] Result<void> check_known() const;
  void note_head();
  /// Drops the subscription of a node that ended, or that closed it because this reader did not read.
  void leave();
  /// Notes the position. Removes records before the start time, which a resumed subscription does not know.
  [[nodiscard]] Poll note(Poll poll);
  [[nodiscard]] node::BatchPoll note(node::BatchPoll poll);
  /// False when there is no node within the wait.
  [[nodiscard]] Result<bool> enter(const Wait& wait);
  [[nodiscard]] Result<void> watch();

  std::shared_ptr<CurrentAccess> current_;
  const node::FeedReference feed_;
  SubscribeOptions options_;  ///< current topics, original start
  CurrentAccess::Access access_;
  std::shared_ptr<node::SubscriptionApi> inner_;   ///< of access_; null after that node ended
  std::shared_ptr<node::SubscriptionApi> polled_;  ///< the one that gave the newest records
  std::string cursor_;                             ///< after the last record given
  bool given_ = false;                             ///< at least one record was given
  bool resumed_ = false;
  HeadReport report_;                    ///< from report_access_
  CurrentAccess::Access report_access_;  ///< null: no report yet
  doors::FileDescriptor watched_;        ///< an epoll of inner_'s descriptor
  int watched_inner_ = -1;
  doors::FileDescriptor always_ready_;  ///< in watched_ while inner_ is null: a poll resumes
};

}  // namespace shoal::attach
