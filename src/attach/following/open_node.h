#pragma once

#include "node/api/node_api.h"

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

namespace shoal::attach {

/// A node with what the process that opened it wants to know of the others on the same directory.
class SharedNode : public node::NodeApi {
 public:
  /// Another process has the directory, and this one works through it.
  [[nodiscard]] virtual bool attached() const = 0;
  /// Connections of processes that are attached to this one.
  [[nodiscard]] virtual std::size_t clients() const = 0;
  /// Waits until there are none; false when stopped before.
  virtual bool wait_for_clients(const std::stop_token& stop) const = 0;
  /// Called on any thread after the process that this one was attached to ended, and another way into the directory was
  /// found: by now this process may have it. It must not wait for the node.
  virtual void on_moved(std::function<void()> callback) = 0;
  /// For who stays without asking anything: when attached, looks whether the other process is still there, and for
  /// another way into the directory when it is not. Between two looks it does not hold up that process's end.
  virtual void check_holder() = 0;
};

/// The node of `options.data_dir`: opened in this process, which then serves its socket, or, when another process has
/// the directory, that process over its socket (see NodeOptions::attach). Code::in_use names a process that has the
/// directory and does not answer for 10 s; `stop` ends that wait with Code::cancelled.
///
/// When that process ends, what reads goes on: the directory is opened here, or whoever has it next is attached to.
/// Subscriptions continue after the last record that they gave, mirrors ask again. Producers end with Code::closed.
[[nodiscard]] Result<std::shared_ptr<SharedNode>> open_node(NodeOptions options, const std::stop_token& stop = {});

}  // namespace shoal::attach
