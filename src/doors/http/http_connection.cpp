#include "doors/http/http_connection.h"

#include "base/try.h"

#include <poll.h>
#include <sys/eventfd.h>
#include <sys/socket.h>

#include <boost/beast/core/string.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

// Beast parses, and this class does the I/O by poll(2). Beast's own blocking calls have no deadline and cannot be
// cancelled, so a node that hangs would block its caller for ever. Received bytes wait in `raw_` until the parser takes
// them: fill() never parses, so that write() may call it. That matters when a large body is sent and the node answers
// meanwhile: with both socket buffers full and nobody reading, both ends would wait until their deadlines.
namespace shoal::doors {
namespace {

namespace http = boost::beast::http;

constexpr std::size_t kReadBytes = std::size_t{64} << 10;
constexpr std::uint32_t kMaxHead = 64 << 10;

constexpr const char* kConnectionLost = "the node ended the connection";

}  // namespace

Result<short> wait_ready(int descriptor, short events, const Until& until) {
  FileDescriptor stopped;
  std::optional<std::stop_callback<std::function<void()>>> on_stop;
  if (until.stop.stop_possible()) {
    stopped = FileDescriptor(::eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK));
    on_stop.emplace(until.stop, [number = stopped.get()] { std::ignore = ::eventfd_write(number, 1); });
  }
  for (;;) {
    int timeout = -1;
    if (until.deadline) {
      const auto left = std::chrono::ceil<std::chrono::milliseconds>(*until.deadline - Until::Clock::now()).count();
      timeout = static_cast<int>(std::clamp<std::int64_t>(left, 0, 60'000));
    }
    std::array<pollfd, 2> waited{pollfd{descriptor, events, 0}, pollfd{stopped.get(), POLLIN, 0}};
    const int ready = ::poll(waited.data(), waited.size(), timeout);
    if (waited[0].revents != 0) return waited[0].revents;
    if (until.stop.stop_requested()) return Error{Code::cancelled, "stopped while waiting for the node", ""};
    if (until.deadline && Until::Clock::now() >= *until.deadline) {
      return Error{Code::timed_out, "the node did not answer in time", "wait longer"};
    }
    if (ready < 0 && errno != EINTR) return Error{Code::io, std::string("cannot wait: ") + std::strerror(errno), ""};
  }
}

Error connection_lost() { return {Code::closed, kConnectionLost, "it may have been stopped; try again"}; }
bool is_connection_lost(const Error& error) { return error.code == Code::closed && error.message == kConnectionLost; }

struct HttpConnection::Parser {
  Parser() {
    parser.body_limit(boost::none);
    parser.header_limit(kMaxHead);
    parser.eager(true);
  }
  http::response_parser<http::string_body> parser;
};

HttpConnection::HttpConnection(FileDescriptor socket) : socket_(std::move(socket)) {}
HttpConnection::~HttpConnection() = default;

void HttpConnection::end() { std::ignore = ::shutdown(socket_.get(), SHUT_RDWR); }

Result<void> HttpConnection::send(const HttpRequest& request, const Until& until) {
  parser_ = std::make_unique<Parser>();
  std::string text = request.method + " " + request.target + " HTTP/1.1\r\nHost: node\r\n";
  if (!request.content_type.empty()) text += "Content-Type: " + request.content_type + "\r\n";
  if (!request.accept.empty()) text += "Accept: " + request.accept + "\r\n";
  if (request.streamed) {
    text += "Transfer-Encoding: chunked\r\n\r\n";
  } else if (!request.body.empty() || request.method != "GET") {
    text += "Content-Length: " + std::to_string(request.body.size()) + "\r\n\r\n" + request.body;
  } else {
    text += "\r\n";
  }
  auto sent = write(text, until);
  std::fill(text.begin(), text.end(), '\0');
  return sent;
}

Result<void> HttpConnection::send_chunk(std::string_view bytes, const Until& until) {
  if (bytes.empty()) return {};
  std::array<char, 24> size{};
  const int digits = std::snprintf(size.data(), size.size(), "%zx\r\n", bytes.size());
  std::string text;
  text.reserve(bytes.size() + 24);
  text.append(size.data(), static_cast<std::size_t>(digits)).append(bytes).append("\r\n");
  return write(text, until);
}

Result<void> HttpConnection::end_body(const Until& until) { return write("0\r\n\r\n", until); }

Result<void> HttpConnection::write(std::string_view bytes, const Until& until) {
  while (!bytes.empty()) {
    const ssize_t sent = ::send(socket_.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL);
    if (sent >= 0) {
      bytes.remove_prefix(static_cast<std::size_t>(sent));
      continue;
    }
    if (errno == EINTR) continue;
    if (errno == EPIPE || errno == ECONNRESET) return connection_lost();
    if (errno != EAGAIN) return Error{Code::io, std::string("cannot send to the node: ") + std::strerror(errno), ""};
    const bool reads = reads_while_sending_ && !stream_ended_;
    SHOAL_TRY(const short ready, wait_ready(socket_.get(), reads ? POLLOUT | POLLIN : POLLOUT, until));
    if (reads && (ready & POLLIN) != 0) SHOAL_CHECK(fill(until));
  }
  return {};
}

Result<bool> HttpConnection::fill(const Until& until) {
  const std::size_t before = raw_.size();
  raw_.resize(before + kReadBytes);
  for (;;) {
    const ssize_t got = ::recv(socket_.get(), raw_.data() + before, kReadBytes, 0);
    if (got >= 0) {
      raw_.resize(before + static_cast<std::size_t>(got));
      stream_ended_ = got == 0;
      return got > 0;
    }
    if (errno == EINTR) continue;
    Result<short> ready = connection_lost();
    if (errno == EAGAIN) {
      ready = wait_ready(socket_.get(), POLLIN, until);
    } else if (errno != ECONNRESET) {
      ready = Error{Code::io, std::string("cannot read from the node: ") + std::strerror(errno), ""};
    }
    if (!ready.ok()) {
      raw_.resize(before);
      return std::move(ready).error();
    }
  }
}

Result<void> HttpConnection::parse(bool ended) {
  auto& parser = parser_->parser;
  boost::system::error_code failed;
  std::size_t used = 0;
  while (used < raw_.size() && !parser.is_done()) {
    const std::size_t step = parser.put(boost::asio::buffer(raw_.data() + used, raw_.size() - used), failed);
    used += step;
    if (failed == http::error::need_more) failed = {};
    if (failed) return Error{Code::unsupported, "the node's answer is no HTTP: " + failed.message(), ""};
    if (step == 0) break;
  }
  raw_.erase(0, used);
  if (!ended || parser.is_done()) return {};
  return connection_lost();
}

Result<void> HttpConnection::read_more(const Until& until) {
  if (!raw_.empty()) {
    const std::size_t before = raw_.size();
    SHOAL_CHECK(parse(false));
    if (raw_.size() < before) return {};
  }
  SHOAL_TRY(const bool more, stream_ended_ ? Result<bool>(false) : fill(until));
  return parse(!more);
}

Result<unsigned> HttpConnection::status(const Until& until) {
  while (!parser_->parser.is_header_done()) SHOAL_CHECK(read_more(until));
  return parser_->parser.get().result_int();
}

void HttpConnection::take_body(std::string& out) {
  std::string& body = parser_->parser.get().body();
  if (out.empty()) {
    out.swap(body);
  } else {
    out.append(body);
  }
  body.clear();
}

Result<bool> HttpConnection::read_body(std::string& out, const Until& until) {
  const std::size_t before = out.size();
  for (;;) {
    take_body(out);
    if (out.size() > before) return true;
    if (parser_->parser.is_done()) return false;
    SHOAL_CHECK(read_more(until));
  }
}

std::string HttpConnection::header(std::string_view name) const {
  const auto& fields = parser_->parser.get();
  const auto found = fields.find(boost::beast::string_view(name.data(), name.size()));
  return found == fields.end() ? std::string() : std::string(found->value().data(), found->value().size());
}

bool HttpConnection::reusable() const {
  return parser_ && parser_->parser.is_done() && parser_->parser.get().keep_alive() && raw_.empty() && !stream_ended_;
}

}  // namespace shoal::doors
