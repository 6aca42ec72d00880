#pragma once

#include "doors/http/http_connection.h"
#include "doors/text/json_reader.h"

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

namespace shoal::attach {

/// Asks the node behind one socket. Thread-safe. A connection is kept for the next request, a stream has one of its
/// own.
class NodeClient {
 public:
  using Connection = std::shared_ptr<doors::HttpConnection>;

  explicit NodeClient(std::filesystem::path socket) : socket_(std::move(socket)) {}

  /// Sends the request and gives the JSON object that answers it; an error that the node answers, as it is.
  [[nodiscard]] Result<doors::JsonReader> ask(const doors::HttpRequest& request, const doors::Until& until);
  /// The same for answers of another kind: their bytes.
  [[nodiscard]] Result<std::string> ask_text(const doors::HttpRequest& request, const doors::Until& until);
  /// A connection with the request sent and answered by 200; its body is to be read. With `request.streamed` the answer
  /// is not waited for.
  [[nodiscard]] Result<Connection> stream(const doors::HttpRequest& request, const doors::Until& until);
  /// What stream() does once the answer's head is awaited: Error when it is none of success.
  [[nodiscard]] static Result<void> expect_success(doors::HttpConnection& connection, const doors::Until& until);

  /// Ends every connection; from now on all answers are Code::closed.
  void close();
  [[nodiscard]] bool closed() const;
  /// Closes the connections that nobody uses.
  void rest();

 private:
  [[nodiscard]] Result<Connection> connect(const doors::Until& until);
  /// A kept connection that still stands, or a new one.
  [[nodiscard]] Result<Connection> take(const doors::Until& until);
  void keep(Connection connection);

  const std::filesystem::path socket_;
  mutable std::mutex mutex_;
  bool closed_ = false;
  std::vector<Connection> idle_;
  std::vector<std::weak_ptr<doors::HttpConnection>> all_;
};

/// For questions that have no limit of their own.
[[nodiscard]] doors::Until answer_time();
/// For a question that the node may take `wait` for.
[[nodiscard]] doors::Until answer_time(const Wait& wait);

}  // namespace shoal::attach
