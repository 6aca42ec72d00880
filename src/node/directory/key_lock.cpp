#include "node/directory/key_lock.h"

#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstddef>
#include <cstring>
#include <string>

// A socket with an abstract name (unix(7)): no file is left behind by a kill, and whoever finds the name taken can ask
// the kernel who has it. Nothing is ever sent.
namespace shoal::node {
namespace {

struct Address {
  sockaddr_un name{};
  socklen_t size = 0;
};

Address address_of(const PublicKey& key) {
  const std::string text = "shoalcast-key-" + key.hex();
  Address address;
  address.name.sun_family = AF_UNIX;
  std::copy(text.begin(), text.end(), address.name.sun_path + 1);  // after a zero byte: abstract
  address.size = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + 1 + text.size());
  return address;
}

const sockaddr* generic(const Address& address) { return reinterpret_cast<const sockaddr*>(&address.name); }

/// "process 17", as far as it can be found out.
std::string holder_of(const Address& address) {
  const int asking = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  ucred holder{};
  socklen_t size = sizeof holder;
  const bool found = asking >= 0 && ::connect(asking, generic(address), address.size) == 0 &&
                     ::getsockopt(asking, SOL_SOCKET, SO_PEERCRED, &holder, &size) == 0 && holder.pid > 0;
  if (asking >= 0) ::close(asking);
  return found ? "process " + std::to_string(holder.pid) : "another process";
}

}  // namespace

Result<std::unique_ptr<KeyLock>> KeyLock::take(const PublicKey& key) {
  const Address address = address_of(key);
  const int socket = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  if (socket < 0) return Error{Code::io, std::string("cannot make a socket: ") + std::strerror(errno), ""};
  std::unique_ptr<KeyLock> lock(new KeyLock(socket));
  // Nobody is accepted: a backlog of connections that only asked for the holder is closed with the socket.
  if (::bind(socket, generic(address), address.size) == 0 && ::listen(socket, 1) == 0) return lock;
  if (errno != EADDRINUSE) return Error{Code::io, std::string("cannot lock the key: ") + std::strerror(errno), ""};
  return Error{Code::in_use, "the key of feed " + key.hex() + " is signed with by " + holder_of(address),
               "one process signs a feed: publish through that one, or stop it first"};
}

KeyLock::~KeyLock() { ::close(socket_); }

}  // namespace shoal::node
