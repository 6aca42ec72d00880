#pragma once

#include "doors/http/socket_stream.h"

#include <shoal/result.h>

#include <chrono>
#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace shoal::doors {

/// The request line of a request, and what its header fields say of the connection.
struct RequestHead {
  std::string method;
  std::string path;          ///< of the target, percent-encoded
  std::string query;         ///< the part after the question mark
  std::string accept;        ///< the header field of this name
  std::string content_type;  ///< of the body
  bool keep_alive = true;
};

/// The time limits of docs/API.md.
struct RequestLimits {
  std::chrono::milliseconds idle{60000};  ///< of a connection between two requests
  std::chrono::milliseconds head{10000};  ///< from a request's first byte
  std::chrono::milliseconds body{60000};  ///< between two parts of a body
};

/// Reads the requests of one connection, one after the other (HTTP/1.1, RFC 9112). Confined to one thread.
class RequestReader {
 public:
  static constexpr std::size_t kMaxHead = std::size_t{16} << 10;

  RequestReader(SocketStream& stream, const RequestLimits& limits);
  ~RequestReader();
  RequestReader(const RequestReader&) = delete;
  RequestReader& operator=(const RequestReader&) = delete;

  /// Reads the head of the next request; nullopt when the client has closed the connection or was idle for
  /// `limits.idle`. Skips the unread rest of the previous body first. Code::invalid_argument for malformed HTTP,
  /// Code::unsupported for a version other than 1.1, Code::limit_exceeded for a head above kMaxHead, Code::timed_out,
  /// Code::closed.
  [[nodiscard]] Result<std::optional<RequestHead>> next();

  /// The next bytes of the body, valid until the next call; empty at its end. `patient`: no time limit.
  /// Code::timed_out, Code::closed for a truncated body, Code::invalid_argument for malformed chunks,
  /// Code::limit_exceeded for chunk headers and trailers above kMaxHead.
  [[nodiscard]] Result<std::string_view> read_body(bool patient = false);
  /// The whole body. Code::limit_exceeded above `limit` bytes.
  [[nodiscard]] Result<std::string> whole_body(std::size_t limit);
  [[nodiscard]] bool body_done() const;
  /// Answers `Expect: 100-continue` if the client waits for that. For a handler that answers before it reads the body.
  [[nodiscard]] Result<void> accept_body();

 private:
  struct State;

  SocketStream& stream_;
  const RequestLimits limits_;
  std::unique_ptr<State> state_;  ///< of the current request
  std::string received_;          ///< bytes that are not parsed yet
};

}  // namespace shoal::doors
