#pragma once

#include "base/random.h"
#include "feed/write/feed_writer.h"
#include "node/feeds/feed_host.h"
#include "node/feeds/mirror_acks.h"
#include "topic/partitioner.h"
#include "topic/topic_writer.h"

#include <shoal/producer.h>

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shoal::node {

class CommitThread;

/// The publishing side of one own feed: buffers records (any thread) and commits them in groups (the commit thread).
class OwnFeed {
 public:
  /// The feed is signed again when it was not for `heartbeat`; 0: never.
  OwnFeed(std::shared_ptr<FeedHost> host, std::unique_ptr<feed::FeedWriter> writer, base::MonoTime heartbeat,
          const base::Clock& clock, base::LogSink& log);

  [[nodiscard]] bool has_head() const;

  [[nodiscard]] bool producing() const;

  /// One producer at a time. Code::in_use for a second one. With a quorum records are acknowledged once it holds them.
  [[nodiscard]] Result<void> begin_producing(const ProducerOptions& options, MirrorQuorum quorum, CommitThread& thread);
  /// What is buffered is committed; nothing is taken any more. Mirrors are not waited for.
  void end_producing();
  void on_acked(std::function<void(const AckRun&)> callback);
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait);
  /// What flush() waits for: as the producer asked, or durable here.
  enum class Until : std::uint8_t { acknowledged, durable };
  [[nodiscard]] Result<void> flush(const Wait& wait, Until until = Until::acknowledged);
  /// From here on no record is taken; what is buffered is due at once.
  void stop_taking();
  /// Wakes everybody who waits here; they answer Code::closed.
  void close();
  /// Lets go of the feed and its files. After close(), when the commit thread has stopped.
  void release();

  // Commit thread only.
  /// When commit_due() has work; nullopt when it has none.
  [[nodiscard]] std::optional<base::MonoTime> next_due() const;
  /// Commits what is due; gives whether something was.
  bool commit_due();
  [[nodiscard]] Result<void> publish_manifest(const feed::Manifest& manifest);
  void heartbeat_if_due();
  /// Gives the store what was published and acknowledged a moment ago.
  void settle_if_due();
  /// When that has work; nullopt when it has none.
  [[nodiscard]] std::optional<base::MonoTime> settle_due() const { return settle_due_; }
  /// Acknowledges what mirrors hold, when receipts came.
  void acknowledge_mirrored();
  /// Nothing more is signed: whoever produces is told this.
  void fail(const Error& error);

 private:
  void plan_settle();
  [[nodiscard]] Result<TopicPartition> choose_stream(const ProducerRecord& record);
  [[nodiscard]] Result<feed::CommitResult> commit(std::vector<topic::SealedBatch>& batches, Codec codec);
  void acknowledge(const feed::CommitResult& result, std::uint64_t producer, std::size_t bytes, std::size_t records);
  /// Under mutex_.
  void begin_waiting_for_mirrors(MirrorQuorum quorum);
  void end_waiting_for_mirrors();
  /// False when no mirrors are waited for.
  [[nodiscard]] bool wait_for_mirrors(const feed::CommitResult& result, std::uint64_t producer, std::size_t bytes,
                                      std::size_t records);
  [[nodiscard]] Error late_error() const;

  std::shared_ptr<FeedHost> host_;            // commit thread; others under mutex_
  std::unique_ptr<feed::FeedWriter> writer_;  // commit thread
  const base::MonoTime heartbeat_;
  const base::Clock* clock_;
  base::LogSink* log_;
  base::MonoTime last_signed_{0};             // commit thread
  std::optional<base::MonoTime> settle_due_;  // commit thread

  mutable std::mutex mutex_;
  std::condition_variable_any room_;
  base::SeededRandom random_;
  topic::Partitioner partitioner_;
  std::map<std::string, std::uint32_t> partitions_;  ///< of topics that exist or have records buffered
  std::map<TopicPartition, Offset> next_offsets_;    ///< committed ends, as of begin_producing()
  Codec codec_ = Codec::none;
  std::unique_ptr<topic::TopicWriter> buffer_;  ///< set while producing
  std::function<void(const AckRun&)> on_acked_;
  std::thread::id telling_;     ///< the thread that is in on_acked_ now
  std::uint64_t producer_ = 0;  ///< counts producers: a commit for a former one changes nothing of the next
  std::uint64_t records_taken_ = 0;
  std::uint64_t records_durable_ = 0;
  std::uint64_t records_acked_ = 0;
  std::optional<MirrorAcks> mirror_acks_;  ///< set while mirrors are waited for
  /// Receipts came and were not looked at. Outlives the feed in the host's callback.
  std::shared_ptr<std::atomic<bool>> receipts_came_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<Error> failure_;
  bool taking_ = true;
  bool closed_ = false;
  CommitThread* thread_ = nullptr;
};

}  // namespace shoal::node
