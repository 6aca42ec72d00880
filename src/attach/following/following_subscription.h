#pragma once

#include "attach/following/current_access.h"
#include "doors/http/file_descriptor.h"

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::attach {

/// A subscription that goes on after the record that it gave last when the node that it read from ended.
class FollowingSubscription final : public node::SubscriptionApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<FollowingSubscription>> open(std::shared_ptr<CurrentAccess> current,
                                                                           node::FeedReference feed,
                                                                           SubscribeOptions options);

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
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

  /// Subscribes at the present position, with the present node or the next one.
  [[nodiscard]] Result<void> resume(const Wait& wait);
  /// Code::closed when the feed was removed meanwhile: the same node forgets no head otherwise. Asked for anew, the
  /// feed would begin again, empty.
  [[nodiscard]] Result<void> check_known() const;
  void note_head();
  /// Leaves the node that ended, or that let this reader go because it did not read.
  void leave();
  /// Without the records that the first start would have left out, which a resumed one does not know.
  [[nodiscard]] Poll note(Poll poll);
  [[nodiscard]] Result<void> watch();

  std::shared_ptr<CurrentAccess> current_;
  const node::FeedReference feed_;
  SubscribeOptions options_;  ///< topics are those of now, start as it was first
  CurrentAccess::Access access_;
  std::shared_ptr<node::SubscriptionApi> inner_;   ///< of access_; null after that ended
  std::shared_ptr<node::SubscriptionApi> polled_;  ///< gave the newest records
  std::string cursor_;                             ///< after what was given last
  bool given_ = false;                             ///< some record
  bool resumed_ = false;
  HeadReport report_;                    ///< as report_access_ told it
  CurrentAccess::Access report_access_;  ///< null: none did yet
  doors::FileDescriptor watched_;        ///< an epoll of inner_'s descriptor
  int watched_inner_ = -1;
  doors::FileDescriptor always_ready_;  ///< in watched_ while there is no inner_
};

}  // namespace shoal::attach
