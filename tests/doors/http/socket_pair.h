#pragma once

#include "doors/http/socket_stream.h"

#include <gtest/gtest.h>
#include <sys/socket.h>

#include <array>
#include <chrono>
#include <string>
#include <string_view>

namespace shoal::doors::testing {

/// Two connected streams in one process.
struct SocketPair {
  SocketPair() : SocketPair(make()) {}

  /// Puts `text` into the socket for the other end to read; it must fit the socket's buffer.
  static void put(SocketStream& from, std::string_view text) {
    EXPECT_TRUE(from.write_all(text, std::chrono::seconds(1)).ok());
  }
  /// What is in the socket's buffer now.
  static std::string taken(SocketStream& at) {
    std::string out;
    std::array<char, 4096> part{};
    for (;;) {
      const auto count = at.read_some(part, std::chrono::steady_clock::now());
      if (!count.ok() || *count == 0) return out;
      out.append(part.data(), *count);
    }
  }

  SocketStream client;
  SocketStream server;

 private:
  explicit SocketPair(std::array<int, 2> ends) : client(FileDescriptor(ends[0])), server(FileDescriptor(ends[1])) {}
  static std::array<int, 2> make() {
    std::array<int, 2> ends{};
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends.data()), 0);
    return ends;
  }
};

}  // namespace shoal::doors::testing
