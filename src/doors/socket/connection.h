#pragma once

#include "doors/http/http_request.h"
#include "doors/socket/call.h"
#include "node/api/node_api.h"

#include <chrono>
#include <cstddef>
#include <stop_token>

namespace shoal::doors {

/// Bounds of docs/API.md.
struct ServerOptions {
  std::size_t max_connections = 256;
  RequestLimits request = {};
  std::chrono::milliseconds patience{60000};       ///< with a client that takes nothing
  std::chrono::milliseconds idle_line{10000};      ///< between two signs of life of a stream
  std::chrono::milliseconds producer_grace{5000};  ///< a producer waits so long for the one before it
};

/// One client: its requests one after the other, each answered before the next one is read. run() belongs to one
/// thread; hang_up() may come from any.
class Connection {
 public:
  Connection(FileDescriptor socket, node::NodeApi& node, EventHub& events, const ServerOptions& options);

  /// Until the client leaves, breaks the rules, or is hung up on.
  void run();
  /// Cancels what is being done for the client and ends the connection.
  void hang_up();
  [[nodiscard]] int descriptor() const { return stream_.descriptor(); }

 private:
  /// True when another request may follow.
  [[nodiscard]] bool serve_one();
  [[nodiscard]] Result<void> answer(const RequestHead& head, Answer& answer);
  /// Takes in what a client still sends, so that it gets to read its last answer.
  void linger();

  SocketStream stream_;
  node::NodeApi& node_;
  EventHub& events_;
  const ServerOptions options_;
  RequestReader reader_;
  std::stop_source stop_;
};

/// Says that there are too many connections, without waiting for the client.
void refuse_connection(FileDescriptor socket, std::size_t limit);

}  // namespace shoal::doors
