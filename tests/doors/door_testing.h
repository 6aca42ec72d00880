#pragma once

#include "doors/http/unix_socket.h"
#include "doors/socket/server.h"
#include "doors/text/json_reader.h"
#include "node/node_testing.h"
#include "node/open_node.h"

#include <poll.h>
#include <sys/socket.h>

#include <charconv>
#include <map>

/// What the tests of the server share: a served node, and a client that sends whatever a test likes.
namespace shoal::doors::testing {

using namespace std::chrono_literals;
using node::testing::must;
using node::testing::TempDir;

/// An offline node behind a socket, in a directory of its own.
class ServedNode {
 public:
  explicit ServedNode(const ServerOptions& options = {})
      : node_(must(node::open_node({.data_dir = dir_ / "data", .offline = true}))),
        server_(must(Server::start(node_, socket(), options))) {}
  ~ServedNode() {
    server_->stop();
    node_->close();
  }
  ServedNode(const ServedNode&) = delete;
  ServedNode& operator=(const ServedNode&) = delete;

  [[nodiscard]] std::filesystem::path socket() const { return dir_ / "node.sock"; }
  [[nodiscard]] node::NodeApi& node() { return *node_; }
  [[nodiscard]] Server& server() { return *server_; }

  /// An own feed with `count` records `<prefix>0`, … in `topic`.
  FeedId publish(const std::string& name, const std::string& topic, int count, const std::string& prefix = "") {
    const auto opened = must(node_->owning().open_feed(name, {.create = true}));
    const auto producer = must(node_->owning().open_producer(name, {}));
    for (int i = 0; i < count; ++i) {
      must(producer->send(node::testing::record(topic, prefix + std::to_string(i)), {5s}));
    }
    must(producer->flush({30s}));
    return opened.feed;
  }

 private:
  TempDir dir_;
  std::shared_ptr<node::NodeApi> node_;
  std::unique_ptr<Server> server_;
};

struct RawAnswer {
  unsigned status = 0;  ///< 0: the connection ended before an answer did
  std::map<std::string, std::string> headers;
  std::string body;
  std::string trailer;
  bool complete = false;
};

/// Sends bytes as they are and takes answers apart. Every wait is bounded.
class RawClient {
 public:
  explicit RawClient(const std::filesystem::path& socket) : stream_(must(connect_unix(socket, Wait{5s}))) {}

  bool send(std::string_view text) { return stream_.write_all(text, 10s).ok(); }
  /// A whole request.
  bool ask(const std::string& method, const std::string& target, const std::string& body = "") {
    std::string text = method + " " + target + " HTTP/1.1\r\nHost: node\r\n";
    if (!body.empty() || method == "PUT" || method == "POST") {
      text += "Content-Length: " + std::to_string(body.size()) + "\r\n";
    }
    return send(text + "\r\n" + body);
  }
  bool begin_stream(const std::string& method, const std::string& target) {
    return send(method + " " + target + " HTTP/1.1\r\nHost: node\r\nTransfer-Encoding: chunked\r\n\r\n");
  }
  bool chunk(const std::string& text) {
    char size[20];
    const auto end = std::to_chars(size, size + sizeof size, text.size(), 16);
    return send(std::string(size, end.ptr) + "\r\n" + text + "\r\n");
  }
  bool end_body() { return send("0\r\n\r\n"); }
  void end_writing() { stream_.end_writing(); }

  RawAnswer answer() {
    RawAnswer out;
    if (!read_head(out)) return out;
    if (out.headers.contains("transfer-encoding")) {
      std::string part;
      while (next_chunk(part) && !part.empty()) out.body += part;
      out.trailer = trailer_;
      out.complete = chunks_ended_;
    } else {
      std::size_t size = 0;
      const std::string& digits = out.headers["content-length"];
      std::from_chars(digits.data(), digits.data() + digits.size(), size);
      while (received_.size() < size && fill()) {
      }
      out.complete = received_.size() >= size;
      out.body = received_.substr(0, size);
      received_.erase(0, size);
    }
    return out;
  }

  bool read_head(RawAnswer& out) {
    std::size_t end = 0;
    for (;;) {
      while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return false;
      }
      out.status = static_cast<unsigned>(std::stoul(received_.substr(9, 3)));
      if (out.status != 100) break;
      received_.erase(0, end + 4);
    }
    std::string head = received_.substr(0, end + 2);
    received_.erase(0, end + 4);
    chunks_ended_ = false;
    for (std::size_t at = head.find("\r\n") + 2; at < head.size();) {
      const std::size_t stop = head.find("\r\n", at);
      const std::string line = head.substr(at, stop - at);
      const std::size_t colon = line.find(": ");
      std::string name = line.substr(0, colon);
      for (char& c : name) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      out.headers[name] = line.substr(colon + 2);
      at = stop + 2;
    }
    return true;
  }

  /// The next line of a streamed answer, idle ones left out; empty at its end.
  std::string line() {
    for (;;) {
      const std::size_t end = text_.find('\n');
      if (end != std::string::npos) {
        const std::string line = text_.substr(0, end);
        text_.erase(0, end + 1);
        if (line != "{\"idle\":{}}") return line;
        continue;
      }
      std::string part;
      if (!next_chunk(part) || part.empty()) return "";
      text_ += part;
    }
  }

  /// The next chunk; empty after the last one. False when the connection ends first.
  bool next_chunk(std::string& out) {
    out.clear();
    std::size_t end = 0;
    while ((end = received_.find("\r\n")) == std::string::npos) {
      if (!fill()) return false;
    }
    std::size_t size = 0;
    std::from_chars(received_.data(), received_.data() + end, size, 16);
    if (size == 0) {
      while ((end = received_.find("\r\n\r\n")) == std::string::npos) {
        if (!fill()) return false;
      }
      trailer_ = received_.substr(3, end - 3);
      received_.erase(0, end + 4);
      chunks_ended_ = true;
      return true;
    }
    while (received_.size() < end + 2 + size + 2) {
      if (!fill()) return false;
    }
    out = received_.substr(end + 2, size);
    received_.erase(0, end + 2 + size + 2);
    return true;
  }

  /// True once the other end has closed and everything was read.
  bool ended() {
    while (fill()) {
    }
    return ended_;
  }
  [[nodiscard]] bool chunks_ended() const { return chunks_ended_; }

 private:
  bool fill() {
    char bytes[65536];
    const auto count = stream_.read_some(bytes, std::chrono::steady_clock::now() + 10s);
    if (!count) {
      ended_ = count.error().code == Code::closed;
      return false;
    }
    if (*count == 0) ended_ = true;
    received_.append(bytes, *count);
    return *count > 0;
  }

  SocketStream stream_;
  std::string received_;
  std::string text_;  ///< of a streamed answer
  std::string trailer_;
  bool chunks_ended_ = false;
  bool ended_ = false;
};

/// One request on a connection of its own.
inline RawAnswer ask(const ServedNode& served, const std::string& method, const std::string& target,
                     const std::string& body = "") {
  RawClient client(served.socket());
  EXPECT_TRUE(client.ask(method, target, body));
  return client.answer();
}

/// The name in an answer's error object; the body when it is none.
inline std::string error_code(const std::string& body) {
  auto parsed = JsonReader::parse(body);
  if (!parsed.ok() || !parsed->has("error")) return "(" + body + ")";
  return parsed->object("error").text("code");
}

}  // namespace shoal::doors::testing
