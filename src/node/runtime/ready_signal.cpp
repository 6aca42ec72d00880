#include "node/runtime/ready_signal.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <cstring>
#include <string>
#include <tuple>

namespace shoal::node {

Result<std::shared_ptr<ReadySignal>> ReadySignal::make() {
  const int descriptor = ::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
  if (descriptor < 0) {
    return Error{Code::io, std::string("no descriptor to wait with: ") + std::strerror(errno),
                 "raise the limit of open files (ulimit -n)"};
  }
  return std::shared_ptr<ReadySignal>(new ReadySignal(descriptor));
}

ReadySignal::~ReadySignal() { ::close(descriptor_); }

void ReadySignal::raise() {
  const std::lock_guard lock(mutex_);
  if (raised_) return;
  raised_ = true;
  const std::uint64_t one = 1;
  // The count was zero, so the write neither fails nor waits.
  std::ignore = ::write(descriptor_, &one, sizeof one);
}

void ReadySignal::lower() {
  const std::lock_guard lock(mutex_);
  if (!raised_) return;
  raised_ = false;
  std::uint64_t count = 0;
  // The count was one: the read empties it and does not wait, also when the application read what it should not.
  std::ignore = ::read(descriptor_, &count, sizeof count);
}

bool ReadySignal::wait_until(std::chrono::steady_clock::time_point deadline) const {
  using std::chrono::milliseconds;
  constexpr milliseconds kLongestPoll = std::chrono::hours(1);
  for (;;) {
    const auto left = std::chrono::ceil<milliseconds>(deadline - std::chrono::steady_clock::now());
    pollfd asked{descriptor_, POLLIN, 0};
    const auto timeout = std::clamp(left, milliseconds(0), kLongestPoll);
    if (::poll(&asked, 1, static_cast<int>(timeout.count())) > 0) return true;
    if (left <= milliseconds(0)) return false;
  }
}

}  // namespace shoal::node
