#pragma once

#include "doors/http/http_request.h"
#include "doors/socket/call.h"
#include "doors/socket/stream_places.h"
#include "node/api/node_api.h"

#include <chrono>
#include <cstddef>
#include <stop_token>

namespace shoal::doors {

/// Limits of docs/API.md.
struct ServerOptions {
  std::size_t max_connections = 256;
  std::size_t max_streams = 224;  ///< of readers; the connections beyond are for those who publish or ask
  RequestLimits request = {};
  std::chrono::milliseconds patience{60000};       ///< a client that reads nothing is dropped after this
  std::chrono::milliseconds idle_line{10000};      ///< longest time between two lines of a stream
  std::chrono::milliseconds producer_grace{5000};  ///< a producer waits this long for the one before it
};

/// One client: answers each request before it reads the next. One thread calls run(); any thread may call hang_up().
class Connection {
 public:
  Connection(FileDescriptor socket, node::NodeApi& node, EventHub& events, StreamPlaces& places,
             const ServerOptions& options);

  /// Serves until the client leaves, breaks the rules, or hang_up() is called.
  void run();
  /// Cancels the running request and ends the connection.
  void hang_up();
  [[nodiscard]] int descriptor() const { return stream_.descriptor(); }

 private:
  /// Returns true when another request may follow.
  [[nodiscard]] bool serve_one();
  [[nodiscard]] Result<void> answer(const RequestHead& head, Answer& answer);
  /// Reads what the client still sends: closing at once would discard the last answer before the client reads it.
  void linger();

  SocketStream stream_;
  node::NodeApi& node_;
  EventHub& events_;
  StreamPlaces& places_;
  const ServerOptions options_;
  RequestReader reader_;
  std::stop_source stop_;
};

/// Answers that there are too many connections, without waiting for the client.
void refuse_connection(FileDescriptor socket, std::size_t limit);

}  // namespace shoal::doors
