#include "service_notifier.h"

#include "text/units.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cstddef>
#include <cstdlib>

namespace shoal::command {
namespace {

std::string from_environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? std::string() : std::string(value);
}

/// Watchdog period of the manager; zero for none, or when it watches another process.
std::chrono::microseconds watchdog_period() {
  const auto period = parse_integer(from_environment("WATCHDOG_USEC"), 1);
  const std::string process = from_environment("WATCHDOG_PID");
  if (!period.ok() || (!process.empty() && process != std::to_string(::getpid()))) return {};
  return std::chrono::microseconds(*period);
}

}  // namespace

ServiceNotifier::ServiceNotifier() : socket_(from_environment("NOTIFY_SOCKET")) {
  if (socket_.empty()) return;
  send("READY=1");
  if (const auto period = watchdog_period(); period.count() > 0) {
    watchdog_ = std::thread([this, period] { watch(period); });
  }
}

ServiceNotifier::~ServiceNotifier() {
  {
    const std::lock_guard lock(mutex_);
    ending_ = true;
  }
  ended_.notify_all();
  if (watchdog_.joinable()) watchdog_.join();
  if (!socket_.empty()) send("STOPPING=1");
}

void ServiceNotifier::watch(std::chrono::microseconds period) {
  std::unique_lock lock(mutex_);
  while (!ended_.wait_for(lock, period / 2, [this] { return ending_; })) send("WATCHDOG=1");
}

void ServiceNotifier::send(const std::string& state) const {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (socket_.size() >= sizeof address.sun_path) return;
  std::copy(socket_.begin(), socket_.end(), address.sun_path);
  // A name that begins with @ is in the abstract namespace, which a NUL marks.
  if (socket_.front() == '@') address.sun_path[0] = '\0';
  const int fd = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
  if (fd < 0) return;
  const auto size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + socket_.size());
  // A manager that does not read is not an error of this process.
  static_cast<void>(
      ::sendto(fd, state.data(), state.size(), MSG_NOSIGNAL, reinterpret_cast<sockaddr*>(&address), size));
  ::close(fd);
}

}  // namespace shoal::command
