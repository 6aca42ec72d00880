#include "doors/http/http_request.h"

#include "base/try.h"

#include <boost/beast/http/buffer_body.hpp>
#include <boost/beast/http/parser.hpp>

// Beast's parser (RFC 9112) reads from `received_`, which this class fills from the socket by deadlines: one for the
// time between requests, one for the whole head, one for each part of a body. Without the deadline for the whole head a
// client that sends one byte a minute would keep its thread for ever. A body goes through one buffer of kReadSize:
// memory does not grow with what a client sends. The unread rest of a body is skipped before the next head, because its
// bytes would be parsed as a request otherwise.
namespace shoal::doors {
namespace {

namespace http = boost::beast::http;
using SteadyClock = std::chrono::steady_clock;

constexpr std::size_t kReadSize = std::size_t{64} << 10;
/// Largest unread rest of a body that is skipped. Beyond it, closing the connection is cheaper than reading on.
constexpr std::size_t kMaxLeftBody = std::size_t{64} << 10;

Error from_parser(const boost::beast::error_code& problem) {
  if (problem == http::error::header_limit) {
    return {Code::limit_exceeded, "the head of the request is above 16 KiB", ""};
  }
  return {Code::invalid_argument, "this is no HTTP request: " + problem.message(), ""};
}

}  // namespace

struct RequestReader::State {
  http::request_parser<http::buffer_body> parser;
  bool expects_continue = false;
  std::string part;  ///< of the body, as decoded
};

RequestReader::RequestReader(SocketStream& stream, const RequestLimits& limits) : stream_(stream), limits_(limits) {}

RequestReader::~RequestReader() = default;

bool RequestReader::body_done() const { return !state_ || state_->parser.is_done(); }

Result<std::optional<RequestHead>> RequestReader::next() {
  for (std::size_t left = 0; !body_done();) {
    SHOAL_TRY(const auto part, read_body());
    left += part.size();
    if (left > kMaxLeftBody) return Error{Code::closed, "too much of a request was left unread", ""};
  }
  state_.reset();
  // An idle connection keeps no buffer.
  if (received_.empty()) received_.shrink_to_fit();
  char first[512];
  if (received_.empty()) {
    const auto count = stream_.read_some(first, SteadyClock::now() + limits_.idle);
    if (!count || *count == 0) return std::optional<RequestHead>();
    received_.assign(first, *count);
  }
  auto state = std::make_unique<State>();
  state->parser.header_limit(kMaxHead);
  // Bodies are read in parts, so their size needs no limit here. In Boost 1.74 boost::none means a limit of 0.
  state->parser.body_limit(UINT64_MAX);
  const auto deadline = SteadyClock::now() + limits_.head;
  for (;;) {
    boost::beast::error_code problem;
    const std::size_t used = state->parser.put(boost::asio::buffer(received_), problem);
    received_.erase(0, used);
    if (state->parser.is_header_done()) break;
    if (problem && problem != http::error::need_more) return from_parser(problem);
    if (received_.size() > kMaxHead) return from_parser(http::error::header_limit);
    char more[4096];
    SHOAL_TRY(const std::size_t count, stream_.read_some(more, deadline));
    if (count == 0) return Error{Code::closed, "the request is cut off", ""};
    received_.append(more, count);
  }
  const auto& message = state->parser.get();
  // Streams need chunked transfer coding, which HTTP/1.0 lacks.
  if (message.version() != 11) return Error{Code::unsupported, "this node speaks HTTP/1.1 only", ""};
  RequestHead head;
  head.method = std::string(message.method_string());
  const std::string target(message.target());
  const std::size_t mark = std::min(target.find('?'), target.size());
  head.path = target.substr(0, mark);
  head.query = target.substr(std::min(mark + 1, target.size()));
  head.accept = std::string(message[http::field::accept]);
  head.content_type = std::string(message[http::field::content_type]);
  head.keep_alive = state->parser.keep_alive();
  state->expects_continue = boost::beast::iequals(message[http::field::expect], "100-continue");
  state->parser.eager(true);
  state_ = std::move(state);
  return std::optional(std::move(head));
}

Result<void> RequestReader::accept_body() {
  if (!state_ || !std::exchange(state_->expects_continue, false)) return {};
  return stream_.write_all("HTTP/1.1 100 Continue\r\n\r\n", limits_.body);
}

Result<std::string_view> RequestReader::read_body(bool patient) {
  while (!body_done()) {
    State& state = *state_;
    state.part.resize(kReadSize);
    auto& body = state.parser.get().body();
    body.data = state.part.data();
    body.size = state.part.size();
    boost::beast::error_code problem;
    const std::size_t used = state.parser.put(boost::asio::buffer(received_), problem);
    received_.erase(0, used);
    if (problem && problem != http::error::need_more && problem != http::error::need_buffer) {
      return from_parser(problem);
    }
    const std::size_t decoded = state.part.size() - body.size;
    if (decoded > 0) return std::string_view(state.part).substr(0, decoded);
    if (body_done()) break;
    if (received_.size() > kReadSize + kMaxHead) return from_parser(http::error::header_limit);
    SHOAL_CHECK(accept_body());
    const std::size_t held = received_.size();
    received_.resize(held + kReadSize);
    const auto deadline =
        patient ? SocketStream::Deadline() : SocketStream::Deadline(SteadyClock::now() + limits_.body);
    const auto count = stream_.read_some({received_.data() + held, kReadSize}, deadline);
    received_.resize(held + (count ? *count : 0));
    SHOAL_CHECK(count);
    if (*count == 0) return Error{Code::closed, "the body of the request is cut off", ""};
  }
  return std::string_view();
}

Result<std::string> RequestReader::whole_body(std::size_t limit) {
  std::string body;
  for (;;) {
    SHOAL_TRY(const auto part, read_body());
    if (part.empty()) return body;
    if (body.size() + part.size() > limit) {
      return Error{Code::limit_exceeded, "the body of the request is above " + std::to_string(limit) + " bytes", ""};
    }
    body.append(part);
  }
}

}  // namespace shoal::doors
