#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "node/api/producer_api.h"

#include <condition_variable>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <utility>

namespace shoal::attach {

/// One of several producers of an own feed that the node of another process has. Others send to the feed too, so only
/// the node knows where a record lies: send() and send_batch() return with its answer. Who sends much sends batches.
/// What was handed to the node cannot be taken back, so a call that waits for its answer waits until that comes, or the
/// node ends. Thread-safe; the calls of several threads are on their way together.
class RemoteSharedProducer final : public node::ProducerApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteSharedProducer>> open(std::shared_ptr<NodeClient> client,
                                                                          const std::string& name,
                                                                          const ProducerOptions& options);
  /// Waits at most 30 s until the node has committed what was sent.
  ~RemoteSharedProducer() override;

  /// Returns when no older callback runs any more, unless it is called from one.
  void on_acked(std::function<void(const AckRun&)> callback) override;
  [[nodiscard]] Result<Position> send(const ProducerRecord& record, const Wait& wait) override;
  [[nodiscard]] Result<Position> send_batch(const TopicPartition& stream, Bytes batch, const Wait& wait) override;
  [[nodiscard]] Result<void> flush(const Wait& wait) override { return await_flush(false, wait); }
  [[nodiscard]] Result<void> flush_here(const Wait& wait) override { return await_flush(true, wait); }

 private:
  /// A frame that the node has to answer, in the order of the frames.
  struct Question {
    std::optional<Result<Position>> answer;
  };

  RemoteSharedProducer(std::shared_ptr<NodeClient> client, NodeClient::Connection connection)
      : client_(std::move(client)), connection_(std::move(connection)), lines_(connection_) {}

  [[nodiscard]] Result<Position> ask(const std::string& frame);
  [[nodiscard]] Result<void> await_flush(bool here, const Wait& wait);
  void read_all();
  /// Says that nothing more is sent, and waits for the node's end.
  void await_end();
  /// True when the stream goes on.
  [[nodiscard]] Result<bool> take(StreamLine line);
  void answer(Result<Position> said);
  void acknowledge(const AckRun& run);
  void fail(const Error& error);

  std::shared_ptr<NodeClient> client_;
  NodeClient::Connection connection_;
  LineStream lines_;    ///< of the reading thread
  std::mutex sending_;  ///< frames go out in the order of questions_

  std::mutex mutex_;
  std::condition_variable_any changed_;
  std::deque<std::shared_ptr<Question>> questions_;  ///< not answered yet
  std::uint64_t flushes_ = 0;                        ///< asked for
  std::uint64_t flushed_ = 0;                        ///< the newest that is done
  bool ended_ = false;
  std::optional<Error> failure_;
  std::function<void(const AckRun&)> on_acked_;
  bool calling_ = false;
  std::thread reader_;
};

}  // namespace shoal::attach
