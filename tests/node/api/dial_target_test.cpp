#include "node/api/dial_target.h"

#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace shoal::node {
namespace {

const std::string kKey(64, 'a');

TEST(DialTarget, TakesAnAddressWithAndWithoutAKey) {
  for (const std::string host_port : {"127.0.0.1:7000", "[::1]:7000", "example.org:1"}) {
    const auto open = parse_dial_target(host_port);
    ASSERT_TRUE(open.ok());
    EXPECT_EQ(open->host_port, host_port);
    EXPECT_EQ(open->pinned, std::nullopt);
    const auto pinned = parse_dial_target(kKey + "@" + host_port);
    ASSERT_TRUE(pinned.ok());
    EXPECT_EQ(pinned->host_port, host_port);
    EXPECT_EQ(pinned->pinned->hex(), kKey);
  }
}

TEST(DialTarget, SaysWhatIsWrong) {
  for (const std::string& text : {std::string("127.0.0.1"), std::string("127.0.0.1:0"), std::string(""), kKey + "@",
                                  kKey + "@127.0.0.1", kKey + "@@127.0.0.1:1", kKey.substr(1) + "@127.0.0.1:1",
                                  std::string("@127.0.0.1:1"), "g" + kKey.substr(1) + "@127.0.0.1:1"}) {
    const auto refused = parse_dial_target(text);
    ASSERT_FALSE(refused.ok()) << text;
    EXPECT_EQ(refused.error().code, Code::invalid_argument);
    EXPECT_FALSE(refused.error().hint.empty());
  }
}

}  // namespace
}  // namespace shoal::node
