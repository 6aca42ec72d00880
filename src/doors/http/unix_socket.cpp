#include "doors/http/unix_socket.h"

#include "base/try.h"

#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace shoal::doors {
namespace {

/// What a socket address holds beside its final zero.
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;
constexpr int kBacklog = 128;
constexpr std::chrono::milliseconds kRetryEvery{10};

Error system_error(const std::string& what, Code code = Code::io) {
  return {code, what + ": " + std::strerror(errno), ""};
}

/// `path` is at most kMaxPath long.
sockaddr_un address_of(const std::filesystem::path& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  const std::string text = path.string();
  std::copy(text.begin(), text.begin() + static_cast<std::ptrdiff_t>(std::min(text.size(), kMaxPath)),
            address.sun_path);
  return address;
}

Result<FileDescriptor> make_socket() {
  FileDescriptor made(::socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!made) return system_error("cannot make a socket");
  return made;
}

Result<void> remove_stale(const std::filesystem::path& path) {
  struct stat found {};
  if (::lstat(path.c_str(), &found) != 0) {
    if (errno == ENOENT) return {};
    return system_error("cannot look at " + path.string());
  }
  if (!S_ISSOCK(found.st_mode)) {
    return Error{Code::in_use, path.string() + " is there and is no socket",
                 "move it away: the node's socket goes there"};
  }
  if (found.st_uid != ::geteuid()) {
    return Error{Code::in_use, path.string() + " belongs to another user (" + std::to_string(found.st_uid) + ")",
                 "use the data directory as that user, or remove the socket"};
  }
  if (::unlink(path.c_str()) != 0 && errno != ENOENT) return system_error("cannot remove the old " + path.string());
  return {};
}

/// The user of the process at the other end.
Result<uid_t> peer_user(int descriptor) {
  ucred other{};
  socklen_t size = sizeof other;
  if (::getsockopt(descriptor, SOL_SOCKET, SO_PEERCRED, &other, &size) != 0) {
    return system_error("cannot ask who is at the other end of the socket");
  }
  return other.uid;
}

}  // namespace

Result<FileDescriptor> listen_unix(const std::filesystem::path& path) {
  SHOAL_CHECK(remove_stale(path));
  SHOAL_TRY(auto made, make_socket());
  // Linux gives the file the mode of the unbound socket: at no time can another user connect.
  if (::fchmod(made.get(), 0600) != 0) return system_error("cannot set the socket's mode");
  const sockaddr_un address = address_of(path);
  if (::bind(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return system_error("cannot make the socket " + path.string());
  }
  if (::listen(made.get(), kBacklog) != 0) return system_error("cannot listen at " + path.string());
  return made;
}

Result<FileDescriptor> connect_unix(const std::filesystem::path& path, const Wait& wait) {
  const auto deadline = std::chrono::steady_clock::now() + wait.timeout;
  const sockaddr_un address = address_of(path);
  SHOAL_TRY(auto made, make_socket());
  while (::connect(made.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    if (errno == ENOENT || errno == ECONNREFUSED) return system_error("no node at " + path.string(), Code::unavailable);
    // EAGAIN: the listen queue is full. poll(2) does not report when it has room again, so this tries again.
    if (errno != EAGAIN && errno != EINTR) return system_error("cannot connect to " + path.string());
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped while connecting to " + path.string()};
    if (std::chrono::steady_clock::now() >= deadline) {
      return Error{Code::timed_out, "the node at " + path.string() + " takes no connection", "wait longer"};
    }
    ::poll(nullptr, 0, static_cast<int>(kRetryEvery.count()));
  }
  SHOAL_TRY(const auto other, peer_user(made.get()));
  // Root may use the node of a service, which runs as its own user: the one that owns the socket.
  struct stat found {};
  if (::geteuid() == 0 && ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode) && found.st_uid == other) {
    return made;
  }
  SHOAL_CHECK(check_peer_user(made.get()));
  return made;
}

Result<void> check_peer_user(int descriptor) {
  SHOAL_TRY(const auto other, peer_user(descriptor));
  if (other == ::geteuid() || other == 0) return {};
  return Error{Code::bad_key,
               "the process at the other end of the socket runs as another user (" + std::to_string(other) + ")",
               "run both as the same user"};
}

}  // namespace shoal::doors
