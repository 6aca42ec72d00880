#pragma once

#include "doors/socket/call.h"
#include "doors/text/json_reader.h"
#include "doors/text/line_splitter.h"
#include "node/api/producer_api.h"

#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::doors {

/// A producer at the other end of a connection (docs/API.md, "Producers"): the calling thread reads lines and sends
/// records, a second one writes what is answered, which node threads add.
class ProducerStream {
 public:
  ProducerStream(Call& call, std::shared_ptr<node::ProducerApi> producer);

  /// Until the body ends, the client is gone or the producer fails. The feed is free for the next producer before the
  /// last line is written.
  [[nodiscard]] Result<void> run();

 private:
  /// Lines on their way to the client. Outlives the stream in the producer's callback.
  class Outbox {
   public:
    /// Adds a line with its LF. Never waits.
    void put(std::string line);
    /// Waits until little enough is on its way; false when nobody takes it any more.
    [[nodiscard]] bool await_room();
    /// What was added, waiting for something; empty when finished, or after `timeout`.
    [[nodiscard]] std::string take(std::chrono::milliseconds timeout);
    /// What was added is still taken; nothing is added any more.
    void close();
    /// Nobody takes anything any more.
    void abandon();
    [[nodiscard]] bool finished() const;

   private:
    mutable std::mutex mutex_;
    std::condition_variable changed_;
    std::string lines_;
    bool closed_ = false;
  };

  [[nodiscard]] Result<std::string> open_line();
  [[nodiscard]] Result<void> read_lines();
  /// A line that is refused is answered, and no error.
  [[nodiscard]] Result<void> take_line(std::string_view line);
  [[nodiscard]] Result<void> obey_line(std::string_view line);
  [[nodiscard]] Result<void> send_record(const JsonReader& line);
  [[nodiscard]] Result<void> flush();
  void write_lines();

  Call& call_;
  std::shared_ptr<node::ProducerApi> producer_;
  std::shared_ptr<Outbox> outbox_;
  LineSplitter splitter_;
  std::uint64_t line_number_ = 0;
  std::uint64_t records_ = 0;
};

}  // namespace shoal::doors
