#pragma once

#include "node/api/subscription_api.h"
#include "node/feeds/feed_host.h"
#include "node/reading/cursor_store.h"
#include "node/reading/head_question.h"
#include "node/reading/offset_request.h"
#include "node/reading/stall_detector.h"
#include "node/runtime/ready_signal.h"
#include "topic/topic_reader.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// Reads one feed for one caller: a topic reader that waits for what the replicator brings.
class LocalSubscription final : public SubscriptionApi {
 public:
  /// `cursors` lie in the host's files.
  [[nodiscard]] static Result<std::shared_ptr<LocalSubscription>> open(const std::shared_ptr<FeedHost>& host,
                                                                       CursorStore cursors, SubscribeOptions options);

  [[nodiscard]] Result<Poll> poll(const PollOptions& options) override;
  [[nodiscard]] Result<int> descriptor() override;
  [[nodiscard]] Result<void> set_topics(std::vector<std::string> topics) override;
  [[nodiscard]] std::string cursor_after(const RecordView& record) const override;
  [[nodiscard]] Result<void> commit(const std::string& token, const std::string& note) override;
  [[nodiscard]] Result<std::optional<StoredCursor>> stored() const override;
  [[nodiscard]] HeadReport head_report() const override;
  [[nodiscard]] std::optional<std::chrono::milliseconds> head_age() const override;

 private:
  /// A block of which some records were delivered, and others were not yet.
  struct OpenBlock {
    std::shared_ptr<const topic::Slice> slice;  ///< null: none
    std::uint32_t next_record = 0;              ///< position in slice->records
  };

  LocalSubscription(const std::shared_ptr<FeedHost>& host, CursorStore cursors, SubscribeOptions options);

  [[nodiscard]] FeedWants::Want want() const;
  [[nodiscard]] Result<topic::StartPosition> start_position(const FeedHost& host) const;
  /// Begins the walk once what `start` refers to is known; false while it is not.
  [[nodiscard]] Result<bool> try_start(const FeedHost& host);
  /// Moves records from slices into `views` until a bound is met; false when nothing more is readable now.
  [[nodiscard]] Result<bool> gather(const PollOptions& options, std::size_t& bytes, std::vector<RecordView>& views,
                                    std::vector<std::shared_ptr<const topic::Slice>>& owners);
  [[nodiscard]] Result<bool> at_end(FeedHost& host);
  /// After gather() met a payload that was dropped here: requests it from the swarm again. False when that is not
  /// possible; then `problem` says why, or is left as it was.
  [[nodiscard]] bool fetch_again(FeedHost& host, Error& problem);
  /// Fixes the end of `until_head` once the question is answered.
  void note_head_question(const FeedHost& host);
  /// Of a forked feed nothing more can be delivered.
  [[nodiscard]] bool delivered_before_fork(FeedHost& host);
  /// Nothing new came for longer than SubscribeOptions::find_timeout.
  [[nodiscard]] bool has_stalled(FeedHost& host);
  [[nodiscard]] Result<Poll> poll_now(FeedHost& host, const PollOptions& options);

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
  OpenBlock open_block_;
  std::vector<std::shared_ptr<const topic::Slice>> last_slices_;  ///< of the newest poll, for cursor_after
  std::string last_cursor_;
};

}  // namespace shoal::node
