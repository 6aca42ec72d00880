#include "doors/http/socket_stream.h"

#include "base/try.h"

#include <poll.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <climits>

namespace shoal::doors {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error gone() { return {Code::closed, "the other end of the connection is gone", ""}; }

/// Waits until poll(2) reports one of `events` or an error; false at the deadline.
bool await(int descriptor, short events, SocketStream::Deadline deadline) {
  for (;;) {
    int timeout = -1;
    if (deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*deadline - SteadyClock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, INT_MAX));
    }
    pollfd asked{descriptor, events, 0};
    const int ready = ::poll(&asked, 1, timeout);
    if (ready > 0) return true;
    if (ready == 0 && deadline && SteadyClock::now() >= *deadline) return false;
  }
}

bool would_block(int error) { return error == EAGAIN || error == EWOULDBLOCK || error == EINTR; }

}  // namespace

Result<std::size_t> SocketStream::read_some(std::span<char> into, Deadline deadline) {
  for (;;) {
    const ssize_t count = ::recv(descriptor_.get(), into.data(), into.size(), 0);
    if (count >= 0) return static_cast<std::size_t>(count);
    if (!would_block(errno)) return gone();
    if (!await(descriptor_.get(), POLLIN, deadline)) return Error{Code::timed_out, "nothing came in time", ""};
  }
}

Result<void> SocketStream::write_all(std::string_view text, std::chrono::milliseconds patience) {
  auto deadline = SteadyClock::now() + patience;
  while (!text.empty()) {
    const ssize_t count = ::send(descriptor_.get(), text.data(), text.size(), MSG_NOSIGNAL);
    if (count > 0) {
      text.remove_prefix(static_cast<std::size_t>(count));
      deadline = SteadyClock::now() + patience;
      continue;
    }
    if (count < 0 && !would_block(errno)) return gone();
    if (!await(descriptor_.get(), POLLOUT, deadline)) {
      return Error{Code::timed_out, "the other end takes nothing", ""};
    }
  }
  return {};
}

void SocketStream::shut_down() { ::shutdown(descriptor_.get(), SHUT_RDWR); }

void SocketStream::end_writing() { ::shutdown(descriptor_.get(), SHUT_WR); }

}  // namespace shoal::doors
