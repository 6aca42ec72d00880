#pragma once

#include "doors/socket/connection.h"

#include <shoal/wait.h>

#include <cstddef>
#include <filesystem>
#include <memory>

namespace shoal::doors {

/// Serves a node over its socket (docs/API.md). One thread accepts connections and notices clients that leave; each
/// connection has a thread of its own. Thread-safe.
class Server {
 public:
  /// Listens at `socket` (unix_socket.h has the rules and the errors). The caller holds the directory's lock.
  [[nodiscard]] static Result<std::unique_ptr<Server>> start(std::shared_ptr<node::NodeApi> node,
                                                             const std::filesystem::path& socket,
                                                             const ServerOptions& options = {});
  ~Server();
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  /// Cancels all requests, ends all connections and removes the socket. Commits first what producers sent. Call it
  /// before the node is closed, and not from a handler.
  void stop();

  /// Open connections, idle ones included.
  [[nodiscard]] std::size_t attached() const;
  /// Waits until no connection is open; false when stopped or timed out before.
  bool wait_until_unattached(const Wait& wait) const;

 private:
  struct State;
  explicit Server(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

}  // namespace shoal::doors
