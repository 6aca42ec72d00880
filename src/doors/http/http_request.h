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

/// The first part of a request.
struct RequestHead {
  std::string method;
  std::string path;   ///< of the target, still percent-encoded
  std::string query;  ///< what follows the question mark
  bool keep_alive = true;
};

/// Time limits of docs/API.md.
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

  /// The next request, whose body is still to be read; nullopt when the client left or was idle too long. What is left
  /// of the request before is read first. Code::invalid_argument for what is no HTTP, Code::unsupported for
  /// another HTTP than 1.1, Code::limit_exceeded for a head above kMaxHead, Code::timed_out, Code::closed.
  [[nodiscard]] Result<std::optional<RequestHead>> next();

  /// The next bytes of the body, valid until the next call; empty at its end. `patient`: waits without a limit.
  /// Code::timed_out, Code::closed for a body that is cut off, Code::invalid_argument for malformed chunks,
  /// Code::limit_exceeded for chunk headers and trailers above kMaxHead.
  [[nodiscard]] Result<std::string_view> read_body(bool patient = false);
  /// All of it. Code::limit_exceeded above `limit`.
  [[nodiscard]] Result<std::string> whole_body(std::size_t limit);
  [[nodiscard]] bool body_done() const;
  /// Answers `Expect: 100-continue`, for answers that begin before the body is read.
  [[nodiscard]] Result<void> accept_body();

 private:
  struct State;

  SocketStream& stream_;
  const RequestLimits limits_;
  std::unique_ptr<State> state_;  ///< of the request that is being read
  std::string received_;          ///< not parsed yet
};

}  // namespace shoal::doors
