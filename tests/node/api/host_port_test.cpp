#include "node/api/host_port.h"

#include <gtest/gtest.h>

#include <optional>

namespace shoal::node {
namespace {

TEST(HostPort, TakesNamesAndAddresses) {
  for (const char* text : {"127.0.0.1:6881", "example.org:1", "[::1]:65535", "[fe80::1%2]:7", "my_host-1:80"}) {
    const auto parsed = parse_host_port(text, false);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_EQ(*parsed, text);
  }
  EXPECT_TRUE(parse_host_port("127.0.0.1:0", true).ok());
}

TEST(HostPort, RefusesTheRest) {
  for (const char* text : {"", ":", ":80", "host", "host:", "host:0", "host:65536", "host:-1", "host:x", "::1:80",
                           "[::1:80", "[]:80", "a b:80", "host:80:"}) {
    EXPECT_FALSE(parse_host_port(text, false).ok()) << text;
  }
}

TEST(HostPort, ThePortStandsAfterTheLastColon) {
  EXPECT_EQ(port_of("[::1]:7000"), 7000);
  EXPECT_EQ(port_of("host:0"), 0);
  EXPECT_EQ(port_of("host:65535"), 65535);
  for (const char* text : {"", "host", "host:", "host:65536", "host:-1", "host:1x", "host: 1"}) {
    EXPECT_EQ(port_of(text), std::nullopt) << text;
  }
}

}  // namespace
}  // namespace shoal::node
