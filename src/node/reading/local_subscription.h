#pragma once

#include "node/api/subscription_api.h"
#include "node/feeds/feed_host.h"
#include "node/reading/cursor_store.h"
#include "node/reading/head_question.h"
#include "node/reading/offset_request.h"
#include "node/reading/slice_poll.h"
#include "node/reading/stall_detector.h"
#include "node/runtime/ready_signal.h"
#include "topic/topic_reader.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::node {

/// Reads one feed for one caller: a topic reader that waits for what the replicator brings.
class LocalSubscription final : public SubscriptionApi {
 public:
  /// `cursors` lie in the host's files.
  [[nodiscard]] static Result<std::shared_ptr<LocalSubscription>> open(const std::shared_ptr<FeedHost>& host,
                                                                       CursorStore cursors, SubscribeOptions options);

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
  [[nodiscard]] Result<BatchPoll> poll_batches(const PollOptions& options) override;
  [[nodiscard]] Result<int> descriptor() override;
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics) override;
  [[nodiscard]] std::string cursor_after(const RecordView& record) const override {
    return slices_.cursor_after(record);
  }
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const override;
  [[nodiscard]] HeadReport head_report() const override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const override;

 private:
  LocalSubscription(const std::shared_ptr<FeedHost>& host, CursorStore cursors, SubscribeOptions options);

  [[nodiscard]] FeedWants::Want want() const;
  [[nodiscard]] Result<topic::StartPosition> start_position(const FeedHost& host) const;
  /// Begins the walk once what `start` refers to is known; false while it is not.
  [[nodiscard]] Result<bool> try_start(const FeedHost& host);
  [[nodiscard]] Result<bool> at_end(FeedHost& host);
  /// After the reader met a payload that was dropped here: requests it from the swarm again. False when that is not
  /// possible; then `problem` says why, or is left as it was.
  [[nodiscard]] bool fetch_again(FeedHost& host, Error& problem);
  /// What the error misses is on its way: a damaged block, or one that was pruned here.
  [[nodiscard]] bool comes_again(FeedHost& host, Error& problem);
  /// Fixes the end of `until_head` once the question is answered.
  void note_head_question(const FeedHost& host);
  /// Of a feed whose owner forked or contradicted himself nothing more can be delivered.
  [[nodiscard]] bool delivered_before_fork(FeedHost& host);
  /// Nothing new came for longer than SubscribeOptions::find_timeout.
  [[nodiscard]] bool has_stalled(FeedHost& host);
  /// Gives what `look` finds, once that is something, or at the end of the wait.
  template <typename Look>
  auto wait_for(const Look& look, const Wait& wait) -> decltype(look(std::declval<FeedHost&>()));
  /// The first step of each look.
  [[nodiscard]] Result<void> prepare(FeedHost& host);
  [[nodiscard]] Result<Poll> poll_now(FeedHost& host, const PollOptions& options);
  [[nodiscard]] Result<BatchPoll> poll_batches_now(FeedHost& host, const PollOptions& options);
  /// Nothing is readable now: says whether more may come.
  [[nodiscard]] Result<Poll::Status> nothing_more(FeedHost& host);

  std::optional<Error> damage_;  ///< found while records before it were given
  std::weak_ptr<FeedHost> host_;
  FeedId id_;
  CursorStore cursors_;  ///< usable while the host is
  SubscribeOptions options_;
  FeedWants::Handle want_;
  topic::TopicReader reader_;  ///< usable while the host is
  std::shared_ptr<const HeadQuestion> question_;
  bool started_ = false;
  std::optional<std::uint64_t> end_size_;  ///< tree size at which until_head ends, once it is known
  HeadReport report_;
  std::shared_ptr<ReadCache::Reading> reading_;
  std::shared_ptr<const OffsetRequest> refetch_;  ///< the newest one, of a payload that was dropped here
  StallDetector stall_;
  std::shared_ptr<ReadySignal> ready_;  ///< set by descriptor()
  SlicePoll slices_;
};

}  // namespace shoal::node
