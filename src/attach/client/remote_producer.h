#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "base/clock.h"
#include "base/random.h"
#include "node/api/producer_api.h"
#include "topic/record_buffer.h"

#include <condition_variable>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

namespace shoal::attach {

/// The exclusive producer of an own feed that the node of another process has. It collects records into batches here,
/// compresses them and sends them whole, so that the node checks and signs them without taking them apart.
///
/// Positions are known without asking the node: nobody else sends to the feed meanwhile, so this producer counts the
/// offsets itself, as the node counts them (topic::RecordBuffer in both). An acknowledgement that contradicts the count
/// ends it. Thread-safe. When the node ends, what was not acknowledged may or may not be in the feed: Code::closed from
/// then on.
class RemoteProducer final : public node::ProducerApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteProducer>> open(std::shared_ptr<NodeClient> client,
                                                                    const std::string& name,
                                                                    const ProducerOptions& options);
  /// Waits at most 30 s for what was sent.
  ~RemoteProducer() override;

  /// Returns when no older callback runs any more, unless it is called from one.
  void on_acked(std::function<void(const AckRun&)> callback) override;
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait) override;
  [[nodiscard]] Result<Position> send_batch(const TopicPartition& stream, Bytes batch, const Wait& wait) override;
  [[nodiscard]] Result<void> flush(const Wait& wait) override;
  [[nodiscard]] Result<void> flush_here(const Wait& wait) override;

 private:
  /// A batch that is on its way.
  struct SentBatch {
    Offset first{0};
    Offset last{0};  ///< included
    std::size_t bytes = 0;
  };
  /// What the writing thread sends next: batches, then lines.
  struct Work {
    std::vector<topic::SealedBatch> batches;
    std::string lines;  ///< frames
    bool end = false;   ///< the body ends behind them
  };

  RemoteProducer(std::shared_ptr<NodeClient> client, NodeClient::Connection connection, const ProducerOptions& options);

  [[nodiscard]] bool waits_for_mirrors() const { return options_.acks.level > Acks::Level::durable; }
  [[nodiscard]] Result<void> read_open();
  /// Waits for room; `time` is the largest one that was given.
  [[nodiscard]] Result<void> admit(std::unique_lock<std::mutex>& lock, std::size_t bytes, std::optional<UnixMs> time,
                                   const Wait& wait);
  /// Asks for a flush and waits for it, and until `acked` records are acknowledged. Under the lock, which is given back
  /// meanwhile. With `here` the node waits for its disk alone: mirrors would keep it from what is sent next.
  [[nodiscard]] Result<void> await_flush(std::unique_lock<std::mutex>& lock, bool here, std::uint64_t acked,
                                         const Wait& wait);
  void write_all();
  /// Waits for something to send; nullopt when nothing more will be.
  [[nodiscard]] std::optional<Work> take_work();
  void note_sent(const topic::SealedBatch& batch);
  [[nodiscard]] Result<void> write(Work work);
  void read_all();
  /// True when the stream goes on.
  [[nodiscard]] Result<bool> take(StreamLine line);
  [[nodiscard]] Result<void> acknowledge(const AckRun& run);
  void fail(Error error);

  std::shared_ptr<NodeClient> client_;
  NodeClient::Connection connection_;
  LineStream lines_;  ///< of the reading thread
  const ProducerOptions options_;
  const base::SystemClock clock_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  base::SeededRandom random_;
  std::unique_ptr<topic::RecordBuffer> buffer_;  ///< set by read_open()
  std::map<TopicPartition, std::deque<SentBatch>> on_the_way_;
  std::string pending_;  ///< line frames that the writing thread takes, once all sealed batches are sent
  std::uint64_t records_sent_ = 0;
  std::uint64_t records_acked_ = 0;
  std::uint64_t flushes_ = 0;  ///< asked for
  std::uint64_t flushed_ = 0;  ///< the newest that is done
  bool finishing_ = false;     ///< no more will be sent
  bool ended_ = false;         ///< everything was acknowledged after that
  std::optional<Error> failure_;
  std::function<void(const AckRun&)> on_acked_;
  bool calling_ = false;

  std::thread writer_;
  std::thread reader_;
};

/// Options as the node's API takes them.
[[nodiscard]] ProducerOptions sendable_options(const ProducerOptions& options);

}  // namespace shoal::attach
