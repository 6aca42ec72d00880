#pragma once

#include <utility>

#include <libtorrent/io_context.hpp>

#include <boost/asio/post.hpp>

#include <exception>
#include <memory>
#include <mutex>

namespace shoal::swarm {

/// A way onto libtorrent's network thread that stays safe to use after the session is gone. Transports outlive their
/// session when a caller still holds them; then nothing happens.
class NetworkLoop {
 public:
  explicit NetworkLoop(libtorrent::io_context& context) : context_(&context) {}

  /// Runs `task` on the network thread; false when that is over and it never will. A task that was posted just before
  /// the end may be dropped too. Any thread. libtorrent ends the process when a posted task throws, so nothing gets out
  /// of it.
  template <typename Task>
  bool post(Task task) {
    const std::lock_guard lock(mutex_);
    if (context_ == nullptr) return false;
    boost::asio::post(*context_, [task = std::move(task)]() mutable {
      try {
        task();
      } catch (const std::exception&) {
        // The connection this was meant for is gone or broken; its own error path says so.
      }
    });
    return true;
  }

  /// For timers. Only on the network thread, where the session is alive; nullptr while it ends.
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
