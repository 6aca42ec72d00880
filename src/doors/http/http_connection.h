#pragma once

#include "doors/http/file_descriptor.h"
#include "node/api/deadline.h"

#include <shoal/result.h>
#include <shoal/wait.h>

#include <chrono>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

namespace shoal::doors {

/// When a call gives up: at a time, or when asked to. Without a time it waits as long as the other end lives.
struct Until {
  using Clock = std::chrono::steady_clock;

  std::optional<Clock::time_point> deadline = {};
  std::stop_token stop = {};

  static Until wait(const Wait& wait) { return {node::deadline_of(wait), wait.stop}; }
  static Until never() { return {}; }
};

/// What is said when the other end is gone.
[[nodiscard]] Error connection_lost();
/// That, and not a Code::closed that a node told.
[[nodiscard]] bool is_connection_lost(const Error& error);

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::string content_type = {};
  std::string body = {};
  bool streamed = false;  ///< the body is what send_chunk() sends
};

/// The asking end of one HTTP/1.1 connection, one request at a time. Confined to one thread, but for these: while one
/// thread reads the answer, another may send the body; end() comes from any thread. Code::closed when the other end is
/// gone, Code::timed_out, Code::cancelled. Reading may go on after the latter two, nothing after any other error.
class HttpConnection {
 public:
  /// `socket` is connected and non-blocking.
  explicit HttpConnection(FileDescriptor socket);
  ~HttpConnection();
  HttpConnection(const HttpConnection&) = delete;
  HttpConnection& operator=(const HttpConnection&) = delete;

  /// Sends the head, and the body unless it is streamed.
  [[nodiscard]] Result<void> send(const HttpRequest& request, const Until& until);
  [[nodiscard]] Result<void> send_chunk(std::string_view bytes, const Until& until);
  /// Ends a streamed body.
  [[nodiscard]] Result<void> end_body(const Until& until);
  /// While a body is sent, what is answered meanwhile is taken in, so that neither end waits for the other. Not with a
  /// second thread that reads.
  void read_while_sending() { reads_while_sending_ = true; }

  /// Status of the answer, as soon as its head is here.
  [[nodiscard]] Result<unsigned> status(const Until& until);
  /// Appends more of the answer's body to `out`, waiting for some; false when it has ended.
  [[nodiscard]] Result<bool> read_body(std::string& out, const Until& until);
  /// The same without reading from the socket.
  void take_body(std::string& out);
  /// Of the head, and after the end of the body of its trailer; empty when there is none.
  [[nodiscard]] std::string header(std::string_view name) const;

  /// The answer was read to its end and the other end waits for the next request.
  [[nodiscard]] bool reusable() const;
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// Whoever reads or sends finds the connection closed.
  void end();

 private:
  struct Parser;

  [[nodiscard]] Result<void> write(std::string_view bytes, const Until& until);
  /// Reads once from the socket, waiting for something; false at the end of the stream.
  [[nodiscard]] Result<bool> fill(const Until& until);
  [[nodiscard]] Result<void> parse(bool ended);
  [[nodiscard]] Result<void> read_more(const Until& until);

  FileDescriptor socket_;
  bool reads_while_sending_ = false;
  std::string raw_;  ///< received, not parsed
  bool stream_ended_ = false;
  std::unique_ptr<Parser> parser_;
};

}  // namespace shoal::doors
