#pragma once

#include "node/api/doctor_report.h"
#include "node/api/keeping_api.h"
#include "node/api/node_facts.h"
#include "node/api/owning_api.h"
#include "node/api/reading_api.h"

#include <functional>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::node {

/// Everything that commands and doors may ask of a node, in this process or over its socket. Who needs less takes one
/// of the three rights instead: what code cannot name, it cannot do. Thread-safe. Blocking calls take a Wait.
class NodeApi {
 public:
  virtual ~NodeApi() = default;

  // The rights. Each lives as long as this object.
  [[nodiscard]] virtual ReadingApi& reading() = 0;
  [[nodiscard]] virtual OwningApi& owning() = 0;
  [[nodiscard]] virtual KeepingApi& keeping() = 0;

  // The node itself
  [[nodiscard]] virtual Result<NodeFacts> facts() = 0;
  /// `host:port` this node can be dialled at; empty when offline.
  [[nodiscard]] virtual std::string listening() const = 0;
  /// Checks what finding others depends on: of this node, and of one feed if given. Asks the network, at most for the
  /// wait.
  [[nodiscard]] virtual Result<DoctorReport> doctor(const std::optional<FeedReference>& feed, const Wait& wait) = 0;
  /// From now on called on a node thread when a peer sent bytes that do not prove: address, node key, what. Callbacks
  /// add up, and are kept as long as the node.
  virtual void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) = 0;
  /// Opens and serves everything owned and mirrored here (`shoal node`).
  virtual void serve_all() = 0;
  /// Ends everything; later calls answer Code::closed.
  virtual void close() = 0;
};

}  // namespace shoal::node
