#pragma once

#include "node/api/node_api.h"

#include <shoal/wait.h>

#include <cstddef>
#include <memory>

namespace shoal::doors {
class Server;
}

namespace shoal::attach {

class RemoteNode;

/// One access to a data directory: the node of this process, which serves the directory's socket, or the node of the
/// process that holds the directory, which is attached to. It ends when that process ends.
class DirectoryAccess {
 public:
  /// Opens the directory, or attaches to the process that holds it. While neither is possible, because the holder is
  /// starting or ending, it tries again until the wait ends; then Code::in_use names the holder. A holder without a
  /// network may be about to end: it is attached to after half a second, with a warning. Other errors return at once.
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> open(const NodeOptions& options, const Wait& wait);
  explicit DirectoryAccess(std::shared_ptr<node::NodeApi> api);
  ~DirectoryAccess();
  DirectoryAccess(const DirectoryAccess&) = delete;
  DirectoryAccess& operator=(const DirectoryAccess&) = delete;

  [[nodiscard]] node::NodeApi& api() const { return *api_; }
  [[nodiscard]] bool attached() const { return remote_ != nullptr; }
  /// Whether the node still answers; takes at most 2 s.
  [[nodiscard]] bool answers() const;
  /// When attached: closes idle connections, so that the holder can end.
  void rest();
  /// Connections of processes that are attached to this one.
  [[nodiscard]] std::size_t clients() const;
  /// Waits until there are none; false when stopped or timed out before.
  bool wait_for_clients(const Wait& wait) const;
  /// Ends all clients, then closes the node.
  void close();

 private:
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> attach(const NodeOptions& options, const Wait& wait);
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> serve(const NodeOptions& options,
                                                                      std::shared_ptr<node::NodeApi> node);

  std::shared_ptr<node::NodeApi> api_;
  std::shared_ptr<RemoteNode> remote_;     ///< the same node, when attached
  std::unique_ptr<doors::Server> server_;  ///< null when attached, and when the socket could not be made
};

}  // namespace shoal::attach
