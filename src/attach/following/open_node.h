#pragma once

#include "node/api/node_api.h"

#include <shoal/wait.h>

#include <cstddef>
#include <functional>
#include <memory>
#include <stop_token>

namespace shoal::attach {

/// A node, and what its process may ask about the other processes on the same directory.
class SharedNode : public node::NodeApi {
 public:
  /// Another process holds the directory, and this one works through it.
  [[nodiscard]] virtual bool attached() const = 0;
  /// Connections of processes that are attached to this one.
  [[nodiscard]] virtual std::size_t clients() const = 0;
  /// Waits until there are none; false when stopped or timed out before.
  virtual bool wait_for_clients(const Wait& wait) const = 0;
  /// `callback` is called, on any thread, after the process that held the directory ended and another access was
  /// found. By then this process may hold the directory. The callback must not wait for the node.
  virtual void on_moved(std::function<void()> callback) = 0;
  /// For a process that stays attached without sending requests: checks that the holder still answers, and looks for
  /// another access if it does not. Between two checks this process does not keep the holder from ending.
  virtual void check_holder() = 0;
};

/// The node of `options.data_dir`: opened in this process, which then serves its socket, or, when another process holds
/// the directory, that process over its socket (see NodeOptions::attach). Code::in_use names a holder that does not
/// answer for 10 s; `stop` ends that wait with Code::cancelled.
///
/// When the holder ends, reading continues: this process opens the directory, or attaches to the next holder.
/// Subscriptions continue after the last record given, mirrors are asked for again. Producers end with Code::closed.
[[nodiscard]] Result<std::shared_ptr<SharedNode>> open_node(NodeOptions options, const std::stop_token& stop = {});

}  // namespace shoal::attach
