#pragma once

#include "doors/http/http_connection.h"
#include "doors/text/json_reader.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <utility>
#include <vector>

namespace shoal::attach {

/// Sends requests to the node behind one socket. Thread-safe. Keeps a connection for the next request; each stream has
/// a connection of its own.
class NodeClient {
 public:
  using Connection = std::shared_ptr<doors::HttpConnection>;

  explicit NodeClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Sends the request and returns the JSON object of the answer, or the error that the node answered.
  [[nodiscard]] Result<doors::JsonReader> ask(const doors::HttpRequest& request, const doors::Until& until);
  /// The same, returning the bytes of the answer.
  [[nodiscard]] Result<std::string> ask_text(const doors::HttpRequest& request, const doors::Until& until);
  /// Sends the request and returns the connection after status 200; the caller reads the body. With `request.streamed`
  /// it does not wait for the answer.
  [[nodiscard]] Result<Connection> stream(const doors::HttpRequest& request, const doors::Until& until);
  /// Waits for the head of the answer. The error that the node answered, unless the status is below 300.
  [[nodiscard]] static Result<void> expect_success(doors::HttpConnection& connection, const doors::Until& until);

  /// Ends every connection; all later calls return Code::closed.
  void close();
  [[nodiscard]] bool closed() const;
  /// Closes the idle connections.
  void rest();

 private:
  [[nodiscard]] Result<Connection> connect(const doors::Until& until);
  /// A kept connection that is still open, or a new one.
  [[nodiscard]] Result<Connection> take(const doors::Until& until);
  void keep(Connection connection);

  const std::filesystem::path socket_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::vector<Connection> idle_;
  std::vector<std::weak_ptr<doors::HttpConnection>> all_;
};

/// Deadline of a request without a limit of its own.
[[nodiscard]] doors::Until answer_time();
/// Deadline of a request that the node may wait `wait` for.
[[nodiscard]] doors::Until answer_time(const Wait& wait);

}  // namespace shoal::attach
