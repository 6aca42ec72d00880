#pragma once

#include "node/api/node_api.h"

#include <cstddef>
#include <memory>
#include <stop_token>

namespace shoal::doors {
class Server;
}

namespace shoal::attach {

class RemoteNode;

/// One way into a data directory: the node in this process, which serves the directory's socket, or the node of the
/// process that has the directory. It ends with that process.
class DirectoryAccess {
 public:
  /// Takes the directory, or attaches to who has it. While neither is possible, because the holder is starting or
  /// ending, it is tried again until the wait ends; then Code::in_use names the holder. A holder without a network,
  /// which may be about to end, is attached to half a second later, with a warning. Other errors at once.
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> open(const NodeOptions& options, const Wait& wait);
  explicit DirectoryAccess(std::shared_ptr<node::NodeApi> api);
  ~DirectoryAccess();
  DirectoryAccess(const DirectoryAccess&) = delete;
  DirectoryAccess& operator=(const DirectoryAccess&) = delete;

  [[nodiscard]] node::NodeApi& api() const { return *api_; }
  [[nodiscard]] bool attached() const { return remote_ != nullptr; }
  /// True while the holder lives, and takes little time to say so.
  [[nodiscard]] bool answers() const;
  /// When attached: does not hold up the holder's end.
  void rest();
  /// Connections of attached processes.
  [[nodiscard]] std::size_t clients() const;
  /// Waits until there are none; false when stopped before.
  bool wait_for_clients(const std::stop_token& stop) const;
  /// Takes no more clients, then closes the node.
  void close();

 private:
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> attach(const NodeOptions& options, const Wait& wait);
  [[nodiscard]] static Result<std::shared_ptr<DirectoryAccess>> serve(const NodeOptions& options,
                                                                      std::shared_ptr<node::NodeApi> node);

  std::shared_ptr<node::NodeApi> api_;
  std::shared_ptr<RemoteNode> remote_;     ///< the same, when attached
  std::unique_ptr<doors::Server> server_;  ///< when not, unless the directory's path has no socket
};

}  // namespace shoal::attach
