#pragma once

#include "base/random.h"
#include "feed/write/feed_writer.h"
#include "node/directory/key_lock.h"
#include "node/feeds/commit_thread.h"
#include "node/feeds/feed_host.h"
#include "node/feeds/mirror_acks.h"
#include "node/feeds/sender_accounts.h"
#include "topic/record_buffer.h"

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
#include <thread>
#include <vector>

namespace shoal::node {

/// The publishing side of one own feed: takes records and whole batches of its senders (any thread) and commits them in
/// groups (the commit thread). All senders share one buffer, so that offsets are final when they are given; each is
/// acknowledged, flushed and ended on its own.
class OwnFeed final : public CommitWork {
 public:
  using Sender = SenderAccounts::Sender;

  struct Signer {
    std::unique_ptr<KeyLock> lock;  ///< null: nobody else can have the key
    std::unique_ptr<feed::FeedWriter> writer;
  };
  /// The feed is signed again when it was not for `heartbeat`; 0: never. `thread` outlives the feed's last call.
  OwnFeed(std::shared_ptr<FeedHost> host, Signer signer, base::MonoTime heartbeat, CommitThread& thread,
          const base::Clock& clock, base::LogSink& log);

  [[nodiscard]] bool has_head() const;
  /// There is a sender.
  [[nodiscard]] bool producing() const;

  /// `exclusive`: the only sender of the feed; else one of several.
  enum class Sharing : std::uint8_t { exclusive, shared };
  /// Waits while there is an exclusive sender, or this one would be and there is any; Code::in_use when that goes on.
  /// The first one's options are those of the buffer. With a quorum its records are acknowledged once that holds them.
  [[nodiscard]] Result<Sender> begin_producing(const ProducerOptions& options, MirrorQuorum quorum, Sharing sharing,
                                               const Wait& wait = {});
  /// Commits what this sender sent, without waiting for mirrors. After the return no callback of the sender runs,
  /// except the callback that called this.
  void end_producing(Sender sender);
  void on_acked(Sender sender, std::function<void(const AckRun&)> callback);
  [[nodiscard]] Result<Position> send(Sender sender, const ProducerRecord& record, const Wait& wait);
  /// A whole record batch, checked as topic::EncodedBatch::check() says. It is due at once. Gives the first offset.
  [[nodiscard]] Result<Position> send_batch(Sender sender, const TopicPartition& stream, Bytes batch, const Wait& wait);
  /// What flush() waits for: as the producer asked, or durable here.
  enum class Until : std::uint8_t { acknowledged, durable };
  /// Waits for this sender's own records.
  [[nodiscard]] Result<void> flush(Sender sender, const Wait& wait, Until until = Until::acknowledged);

  /// From here on no record is taken; what is buffered is due at once.
  void stop_taking();
  /// Wakes everybody who waits here; they answer Code::closed.
  void close();
  /// Lets go of the feed and its files. After close(), when the commit thread has stopped or dropped the feed.
  void release();

  // Commit thread only.
  [[nodiscard]] std::optional<base::MonoTime> work() override;
  [[nodiscard]] Result<void> publish_manifest(const feed::Manifest& manifest);
  /// Every sender gets this error. A full disk passes: it is an error of the senders that are there now, and others may
  /// begin.
  void fail(const Error& error);
  /// The same, and nothing more is signed, whoever sends.
  void stop_signing(const Error& why);

 private:
  // Under mutex_.
  [[nodiscard]] std::optional<Error> error_of(Sender sender) const;
  /// Ends all senders: what they sent was not signed.
  void refuse_senders(const Error& error);
  void watch_receipts(bool watched);
  [[nodiscard]] Result<void> admit(std::unique_lock<std::mutex>& lock, Sender sender, std::size_t bytes,
                                   std::optional<UnixMs> time, const Wait& wait);

  // Commit thread.
  void commit_due();
  [[nodiscard]] Result<feed::CommitResult> commit(std::vector<topic::SealedBatch>& batches, Codec codec);
  void acknowledge_mirrored();
  void acknowledge(const std::vector<SenderAccounts::Ack>& acks, std::uint64_t buffer);
  void heartbeat_if_due();
  [[nodiscard]] std::optional<base::MonoTime> heartbeat_due() const;

  std::shared_ptr<FeedHost> host_;            // commit thread; others under mutex_
  std::unique_ptr<KeyLock> key_lock_;         // as host_
  std::unique_ptr<feed::FeedWriter> writer_;  // commit thread
  const base::MonoTime heartbeat_;
  CommitThread* thread_;
  const base::Clock* clock_;
  base::LogSink* log_;
  base::MonoTime last_signed_{0};  // commit thread

  mutable std::mutex mutex_;
  std::condition_variable_any changed_;
  base::SeededRandom random_;
  Codec codec_ = Codec::none;
  std::unique_ptr<topic::RecordBuffer> buffer_;  ///< set while there is a sender
  std::uint64_t buffers_ = 0;                    ///< counts them: a commit of a former one frees no room in the next
  SenderAccounts accounts_;
  bool exclusive_ = false;
  Sender telling_sender_ = 0;  ///< whose callback runs now, on telling_thread_
  std::thread::id telling_thread_;
  /// Receipts came and were not looked at. Outlives the feed in the host's callback.
  std::shared_ptr<std::atomic<bool>> receipts_came_ = std::make_shared<std::atomic<bool>>(false);
  std::optional<Error> failure_;
  std::map<Sender, Error> refused_;  ///< senders that were ended by a full disk and do not know it yet
  bool taking_ = true;
  bool closed_ = false;
};

}  // namespace shoal::node
