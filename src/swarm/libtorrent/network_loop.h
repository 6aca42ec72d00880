#pragma once

#include <utility>

#include <libtorrent/io_context.hpp>

#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <mutex>

namespace shoal::swarm {

/// Posts tasks to libtorrent's network thread. Safe to use after the session is gone: transports outlive their session
/// while a caller holds them, and then post() does nothing.
class NetworkLoop {
 public:
  explicit NetworkLoop(libtorrent::io_context& context) : context_(&context) {}

  /// Runs `task` on the network thread; false after end(). A task that was posted just before end() may be dropped too.
  /// Any thread. Exceptions of the task are caught, because libtorrent ends the process when one escapes.
  template <typename Task>
  bool post(Task task) {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr) return false;
    boost::asio::post(*context_, [task = std::move(task)]() mutable {
      try {
        task();
      } catch (const std::exception&) {
        // The connection of this task is gone or broken; libtorrent reports that by its own error path.
      }
    });
    return true;
  }

  /// For timers. Only on the network thread, where the session is alive; nullptr after end().
  [[nodiscard]] libtorrent::io_context* context() {
    const std::lock_guard lock(mutex_);
    return context_;
  }

  /// No task is posted after this.
  void end() {
    const std::lock_guard lock(mutex_);
    context_ = nullptr;
  }

 private:
  std::mutex mutex_;
  libtorrent::io_context* context_;
};

}  // namespace shoal::swarm
