#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <string>

namespace shoal::doors {

/// Lines on their way to the client of a producer: node threads add them, one thread writes them. Thread-safe.
class ProducerOutbox {
 public:
  /// Adds a line with its LF. Never waits.
  void put(const std::string& line);
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

}  // namespace shoal::doors
