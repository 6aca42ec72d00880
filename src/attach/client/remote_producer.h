#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "base/random.h"
#include "node/api/producer_api.h"
#include "topic/partitioner.h"

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

namespace shoal::attach {

/// The producer of an own feed that the node of another process has. Positions are told without asking the node: one
/// producer has the feed, so it counts the offsets itself, and acknowledgements that contradict the count end it.
/// Thread-safe. When the node ends, what was not acknowledged may or may not be in the feed: Code::closed from then on.
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
  [[nodiscard]] Result<void> flush(const Wait& wait) override;
  [[nodiscard]] Result<void> flush_here(const Wait& wait) override;

 private:
  /// A partition's records that are on their way.
  struct Lane {
    Offset acked{0};                ///< next one that will be acknowledged
    Offset next{0};                 ///< next one that will be sent
    std::deque<std::size_t> sizes;  ///< of the records in between
    std::size_t batch = 0;          ///< bytes since the partition was last moved on
  };

  RemoteProducer(std::shared_ptr<NodeClient> client, NodeClient::Connection connection, const ProducerOptions& options);

  [[nodiscard]] bool waits_for_mirrors() const { return options_.acks.level > Acks::Level::durable; }
  [[nodiscard]] Result<void> read_open();
  [[nodiscard]] Result<TopicPartition> choose_stream(const ProducerRecord& record);
  /// Asks for a flush and waits for it, and until so many records are acknowledged. Under the lock, which is given back
  /// meanwhile. With `here` the node waits for its disk alone: mirrors would keep it from what is sent next.
  [[nodiscard]] Result<void> await_flush(std::unique_lock<std::mutex>& lock, bool here, std::uint64_t acked,
                                         const Wait& wait);
  void write_all();
  void read_all();
  /// True when the stream goes on.
  [[nodiscard]] Result<bool> take(StreamLine line);
  [[nodiscard]] Result<void> acknowledge(const AckRun& run);
  void fail(Error error);

  std::shared_ptr<NodeClient> client_;
  NodeClient::Connection connection_;
  LineStream lines_;  ///< of the reading thread
  const ProducerOptions options_;

  std::mutex mutex_;
  std::condition_variable_any changed_;
  base::SeededRandom random_;
  topic::Partitioner partitioner_;
  std::map<std::string, std::uint32_t> partitions_;
  std::map<TopicPartition, Lane> lanes_;
  std::string pending_;       ///< lines that the writing thread takes
  std::size_t buffered_ = 0;  ///< bytes of records that are not acknowledged
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

}  // namespace shoal::attach
