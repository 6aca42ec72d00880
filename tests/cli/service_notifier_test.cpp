#include "service_notifier.h"

#include "temporary_directory.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>
#include <algorithm>
#include <cstdlib>

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

/// The service manager's end.
class Manager {
 public:
  explicit Manager(const std::string& path) : fd_(::socket(AF_UNIX, SOCK_DGRAM, 0)) {
    sockaddr_un address{};
    address.sun_family = AF_UNIX;
    std::copy(path.begin(), path.end(), address.sun_path);
    EXPECT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&address), sizeof address), 0);
    const timeval timeout{5, 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
    setenv("NOTIFY_SOCKET", path.c_str(), 1);
  }
  ~Manager() {
    ::close(fd_);
    for (const char* name : {"NOTIFY_SOCKET", "WATCHDOG_USEC", "WATCHDOG_PID"}) unsetenv(name);
  }
  std::string hear() const {
    char text[64];
    const ssize_t size = ::recv(fd_, text, sizeof text, 0);
    return size < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(size));
  }

 private:
  int fd_;
};

TEST(ServiceNotifier, SaysWhenItIsReadyAndWhenItStops) {
  TemporaryDirectory directory;
  const Manager manager((directory / "notify").string());
  { const ServiceNotifier notifier; }
  EXPECT_EQ(manager.hear(), "READY=1");
  EXPECT_EQ(manager.hear(), "STOPPING=1");
}

TEST(ServiceNotifier, FeedsTheWatchdog) {
  TemporaryDirectory directory;
  const Manager manager((directory / "notify").string());
  setenv("WATCHDOG_USEC", "20000", 1);
  const ServiceNotifier notifier;
  EXPECT_EQ(manager.hear(), "READY=1");
  EXPECT_EQ(manager.hear(), "WATCHDOG=1");
  EXPECT_EQ(manager.hear(), "WATCHDOG=1");
}

TEST(ServiceNotifier, AnotherProcessesWatchdogIsNotOurs) {
  TemporaryDirectory directory;
  const Manager manager((directory / "notify").string());
  setenv("WATCHDOG_USEC", "1000", 1);
  setenv("WATCHDOG_PID", "1", 1);
  {
    const ServiceNotifier notifier;
    ::usleep(20'000);
  }
  EXPECT_EQ(manager.hear(), "READY=1");
  EXPECT_EQ(manager.hear(), "STOPPING=1");
}

}  // namespace
}  // namespace shoal::command
