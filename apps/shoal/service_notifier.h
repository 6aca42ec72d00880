#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace shoal::command {

/// Reports the state of this process to a service manager (sd_notify(3)): `READY=1` at once, `WATCHDOG=1` twice in each
/// watchdog period, `STOPPING=1` at the end. Does nothing without $NOTIFY_SOCKET.
class ServiceNotifier {
 public:
  /// Reads $NOTIFY_SOCKET, $WATCHDOG_USEC and $WATCHDOG_PID.
  ServiceNotifier();
  ~ServiceNotifier();
  ServiceNotifier(const ServiceNotifier&) = delete;
  ServiceNotifier& operator=(const ServiceNotifier&) = delete;

 private:
  void send(const std::string& state) const;
  void watch(std::chrono::microseconds period);

  std::string socket_;
  std::mutex mutex_;
  std::condition_variable ended_;
  bool ending_ = false;
  std::thread watchdog_;
};

}  // namespace shoal::command
