#include "swarm/libtorrent/socket_options.h"

#include <dirent.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <cstdlib>
#include <cstring>
#include <memory>

namespace shoal::swarm {
namespace {

/// TCP_NOTSENT_LOWAT: most unsent bytes in the kernel, so that a new head waits behind no more than these.
constexpr int kNotSentLowWater = 128 << 10;
/// TCP_RTO_MAX_MS of Linux 6.15, which older headers lack and older kernels refuse: the longest time between two
/// retransmissions. Without it a line that was cut for a minute stays silent for up to another minute.
constexpr int kTcpRtoMaxMs = 44;
constexpr int kLongestResendMs = 3000;

bool is_endpoint(const sockaddr_storage& address, socklen_t size, const lt::tcp::endpoint& endpoint) {
  return size == endpoint.size() && std::memcmp(&address, endpoint.data(), endpoint.size()) == 0;
}

bool is_tcp(int descriptor) {
  int type = 0;
  socklen_t size = sizeof type;
  return getsockopt(descriptor, SOL_SOCKET, SO_TYPE, &type, &size) == 0 && type == SOCK_STREAM;
}

bool joins(int descriptor, const lt::tcp::endpoint& local, const lt::tcp::endpoint& remote) {
  sockaddr_storage address{};
  socklen_t size = sizeof address;
  if (getpeername(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  if (!is_endpoint(address, size, remote)) return false;
  address = {};
  size = sizeof address;
  if (getsockname(descriptor, reinterpret_cast<sockaddr*>(&address), &size) != 0) return false;
  return is_endpoint(address, size, local) && is_tcp(descriptor);
}

}  // namespace

void tune_tcp_socket(const lt::tcp::endpoint& local, const lt::tcp::endpoint& remote) {
  const std::unique_ptr<DIR, int (*)(DIR*)> open_files(opendir("/proc/self/fd"), &closedir);
  if (!open_files) return;
  while (const dirent* entry = readdir(open_files.get())) {
    const int descriptor = static_cast<int>(std::strtol(entry->d_name, nullptr, 10));
    if (descriptor < 3 || !joins(descriptor, local, remote)) continue;
    const int on = 1;
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kNotSentLowWater, sizeof kNotSentLowWater);
    setsockopt(descriptor, IPPROTO_TCP, kTcpRtoMaxMs, &kLongestResendMs, sizeof kLongestResendMs);
    return;
  }
}

}  // namespace shoal::swarm
