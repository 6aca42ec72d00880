#pragma once

#include "node/api/subscription_api.h"
#include "node/feeds/feed_host.h"
#include "topic/topic_reader.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace shoal::node {

/// Keeps durable cursors: rows of the logged store.
class CursorStore {
 public:
  explicit CursorStore(store::KvStore& store) : store_(&store) {}
  [[nodiscard]] Result<std::optional<StoredCursor>> get(const FeedId& feed, const std::string& name) const;
  [[nodiscard]] Result<void> put(const FeedId& feed, const std::string& name, const StoredCursor& cursor);

 private:
  store::KvStore* store_;
};

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
  struct Taken {
    std::shared_ptr<const topic::Slice> slice;
    std::uint32_t next = 0;  ///< position in slice->records
  };

  LocalSubscription(const std::shared_ptr<FeedHost>& host, CursorStore cursors, SubscribeOptions options);

  [[nodiscard]] FeedHost::Want want() const;
  [[nodiscard]] Result<topic::StartPosition> start_position(const FeedHost& host) const;
  /// Begins the walk once what `start` refers to is known; false while it is not.
  [[nodiscard]] Result<bool> try_start(const FeedHost& host);
  /// Moves records from slices into `views` until a bound is met; false when nothing more is readable now.
  [[nodiscard]] Result<bool> gather(const PollOptions& options, std::size_t& bytes, std::vector<RecordView>& views,
                                    std::vector<std::shared_ptr<const topic::Slice>>& owners);
  [[nodiscard]] Result<bool> at_end(FeedHost& host);
  /// After gather() met a payload that was dropped here: has the swarm bring it again. True while it is on its way, or
  /// is there now; else `problem` says why not.
  [[nodiscard]] bool fetch_again(FeedHost& host, Error& problem);
  void note_head_question(const FeedHost& host);
  /// Of a forked feed nothing more can be delivered.
  [[nodiscard]] bool delivered_before_fork(FeedHost& host);
  /// Nothing new was brought for as long as SubscribeOptions::find_timeout.
  [[nodiscard]] bool has_stalled(FeedHost& host);
  [[nodiscard]] Result<Poll> poll_now(FeedHost& host, const PollOptions& options);

  std::weak_ptr<FeedHost> host_;
  FeedId id_;
  CursorStore cursors_;  ///< usable while the host is
  SubscribeOptions options_;
  FeedHost::WantHandle want_;
  topic::TopicReader reader_;  ///< usable while the host is
  std::shared_ptr<const FeedHost::HeadQuestion> question_;
  bool started_ = false;
  std::optional<std::uint64_t> end_size_;  ///< tree size at which until_head ends, once it is known
  HeadReport report_;
  std::shared_ptr<FeedHost::Reading> reading_;
  /// One payload that was dropped here and is asked for again.
  struct Again {
    topic::TopicReader::PrunedAt at;
    std::mutex mutex;
    bool done = false;
    std::optional<Error> error;
  };
  std::shared_ptr<Again> again_;
  /// What is held, and since when it did not change.
  struct Progress {
    std::uint64_t headers = 0;
    std::uint64_t payloads = 0;
    std::chrono::steady_clock::time_point since = {};
  };
  Progress progress_;
  std::chrono::steady_clock::time_point stall_check_ = {};  ///< when has_stalled() is next woken to look again
  std::shared_ptr<ReadySignal> ready_;                      ///< set by descriptor()
  Taken taken_;
  std::vector<std::shared_ptr<const topic::Slice>> last_slices_;  ///< of the newest poll, for cursor_after
  std::string last_cursor_;
};

}  // namespace shoal::node
