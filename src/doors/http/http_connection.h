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

/// When a call gives up: at a deadline, or when its token is stopped. Without a deadline it waits until the other end
/// closes the connection.
struct Until {
  using Clock = std::chrono::steady_clock;

  std::optional<Clock::time_point> deadline = {};
  std::stop_token stop = {};

  static Until wait(const Wait& wait) { return {node::deadline_of(wait), wait.stop}; }
  static Until never() { return {}; }
};

/// Waits until poll(2) reports one of `events`, or an error, for the descriptor; gives what it reported.
/// Code::timed_out, Code::cancelled, Code::io.
[[nodiscard]] Result<short> wait_ready(int descriptor, short events, const Until& until);

/// The error for a connection that the other end has closed.
[[nodiscard]] Error connection_lost();
/// True for connection_lost(), false for a Code::closed that a node answered.
[[nodiscard]] bool is_connection_lost(const Error& error);

struct HttpRequest {
  std::string method = "GET";
  std::string target;
  std::string content_type = {};
  std::string body = {};
  bool streamed = false;    ///< the body is what send_chunk() sends
  std::string accept = {};  ///< the header field of this name
};

/// The client end of one HTTP/1.1 connection, one request at a time. Confined to one thread, with two exceptions: while
/// one thread reads the answer, another may send the body; any thread may call end(). Code::closed when the other end
/// has closed the connection, Code::timed_out, Code::cancelled. After the last two the caller may read on. After any
/// other error the connection is unusable.
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
  /// From now on, sending a body also receives what is answered meanwhile. Otherwise both ends could wait for each
  /// other with full buffers. Not to be used with a second thread that reads.
  void read_while_sending() { reads_while_sending_ = true; }

  /// Waits for the head of the answer and returns its status.
  [[nodiscard]] Result<unsigned> status(const Until& until);
  /// Waits for more of the body of the answer and appends it to `out`. False at its end.
  [[nodiscard]] Result<bool> read_body(std::string& out, const Until& until);
  /// Appends what is parsed of the body to `out`, without reading from the socket.
  void take_body(std::string& out);
  /// A header field; after the end of the body also a field of the trailer. Empty when there is none.
  [[nodiscard]] std::string header(std::string_view name) const;

  /// True when the answer was read to its end and the other end waits for the next request.
  [[nodiscard]] bool reusable() const;
  [[nodiscard]] int descriptor() const { return socket_.get(); }
  /// Closes both directions: a thread that reads or sends gets Code::closed.
  void end();

 private:
  struct Parser;

  [[nodiscard]] Result<void> write(std::string_view bytes, const Until& until);
  /// Waits for data and reads once from the socket. False at the end of the stream.
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
