#pragma once

#include <shoal/info.h>

#include <chrono>
#include <condition_variable>
#include <cstddef>
#include <deque>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::doors {

/// Copies each event of the node to all listeners. Thread-safe.
class EventHub {
 public:
  /// One line of `GET /v1/events`: kind and object.
  struct Event {
    std::string kind;
    std::string object;
  };

  /// The queue of one listener. When it is full, the oldest event is dropped.
  class Listener {
   public:
    static constexpr std::size_t kMaxQueued = 1000;

    /// The next event; nullopt after `timeout` or when stopped.
    [[nodiscard]] std::optional<Event> next(std::chrono::milliseconds timeout, const std::stop_token& stop);

   private:
    friend class EventHub;
    void put(const Event& event);

    std::mutex mutex_;
    std::condition_variable_any changed_;
    std::deque<Event> queue_;
  };

  /// Listens until the pointer is dropped.
  [[nodiscard]] std::shared_ptr<Listener> listen();
  void tell_blamed(const PeerInfo& peer, std::string_view what);

 private:
  std::mutex mutex_;
  std::vector<std::weak_ptr<Listener>> listeners_;
};

}  // namespace shoal::doors
