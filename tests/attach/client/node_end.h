#pragma once

#include "doors/http/http_connection.h"
#include "doors/http/socket_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <cstdio>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

/// What the tests of the client share: the node's end of one connection, in the hands of the test.
namespace shoal::attach::testing {

/// The head of a streamed answer.
inline std::string stream_head(std::string_view type) {
  return "HTTP/1.1 200 OK\r\nContent-Type: " + std::string(type) + "\r\nTransfer-Encoding: chunked\r\n\r\n";
}

inline std::string chunk_of(std::string_view text) {
  char size[20];
  std::snprintf(size, sizeof size, "%zx\r\n", text.size());
  return std::string(size).append(text) + "\r\n";
}

inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

/// Reads what the client sends, and says what the test likes. Each wait ends after 10 s.
class NodeEnd {
 public:
  explicit NodeEnd(doors::FileDescriptor socket) : stream_(std::move(socket)) {}

  void say(std::string_view text) { EXPECT_TRUE(stream_.write_all(text, std::chrono::seconds(10)).ok()); }
  void say_chunk(std::string_view text) { say(chunk_of(text)); }
  void hang_up() { stream_.shut_down(); }

  /// The head of the client's request.
  std::string head() { return until("\r\n\r\n"); }
  /// The next chunk of its body; empty for the last one.
  std::string chunk() {
    const std::size_t size = std::stoul("0" + until("\r\n"), nullptr, 16);
    while (received_.size() < size + 2 && fill()) {
    }
    std::string text = received_.substr(0, size);
    received_.erase(0, size + 2);
    return text;
  }

 private:
  std::string until(std::string_view end) {
    std::size_t at = 0;
    while ((at = received_.find(end)) == std::string::npos) {
      if (!fill()) return "";
    }
    std::string text = received_.substr(0, at);
    received_.erase(0, at + end.size());
    return text;
  }
  bool fill() {
    std::array<char, 65536> bytes{};
    const auto count = stream_.read_some(bytes, std::chrono::steady_clock::now() + std::chrono::seconds(10));
    EXPECT_TRUE(count.ok()) << "nothing came";
    if (!count.ok()) return false;
    received_.append(bytes.data(), *count);
    return *count > 0;
  }

  doors::SocketStream stream_;
  std::string received_;
};

/// A connection within this process, and its other end.
struct ConnectionPair {
  ConnectionPair() : ConnectionPair(make()) {}

  std::shared_ptr<doors::HttpConnection> client;
  NodeEnd node;

 private:
  explicit ConnectionPair(std::array<int, 2> ends)
      : client(std::make_shared<doors::HttpConnection>(doors::FileDescriptor(ends[0]))),
        node(doors::FileDescriptor(ends[1])) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    return ends;
  }
};

}  // namespace shoal::attach::testing
