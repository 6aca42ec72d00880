#include "node/api/feed_link.h"

#include "base/random.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace shoal::node {
namespace {

const std::string kId = "03a107bff3ce10be1d70dd18e74bc09967e4d6309ba50d5f1ddc8664125531b8";

std::string link_to(const std::string& rest) { return "magnet:?xs=urn:btpk:" + kId + rest; }

TEST(FeedLink, SaysFeedNameAndWhereToDial) {
  const auto link = parse_feed_link(link_to("&dn=Earth+quakes%2c%20live&x.pe=192.0.2.7:7000&x.pe=[2001:db8::1]:1"));
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(link->feed.hex(), kId);
  EXPECT_EQ(link->name, "Earth quakes, live");
  EXPECT_EQ(link->peers, (std::vector<std::string>{"192.0.2.7:7000", "[2001:db8::1]:1"}));
}

TEST(FeedLink, OrderAndStrangersDoNotMatter) {
  const auto link =
      parse_feed_link("magnet:?tr=udp%3A%2F%2Ftracker&x.pe=example.org:1&&=&xs=urn:btpk:" + kId + "&s=salt");
  ASSERT_TRUE(link.ok()) << link.error().message;
  EXPECT_EQ(link->peers, std::vector<std::string>{"example.org:1"});
}

TEST(FeedLink, SaysWhatIsWrong) {
  const auto says = [](const std::string& text, const std::string& what) {
    const auto link = parse_feed_link(text);
    ASSERT_FALSE(link.ok()) << text;
    EXPECT_EQ(link.error().code, Code::invalid_argument);
    EXPECT_NE(link.error().message.find(what), std::string::npos) << text << ": " << link.error().message;
    EXPECT_FALSE(link.error().hint.empty());
  };
  says("magnet:", "does not begin");
  says("magnet:?", "names no feed");
  says("magnet:?dn=quakes", "names no feed");
  says("magnet:?xs=urn:btih:" + kId, "urn:btpk");
  says("magnet:?xs=urn:btpk:" + kId.substr(1), "63 characters");
  says("magnet:?xs=urn:btpk:" + kId + "0", "65 characters");
  says("magnet:?xs=urn:btpk:" + kId.substr(1) + "g", "not 64 hex digits");
  says(link_to("&xs=urn:btpk:" + std::string(64, '1')), "two feeds");
  says(link_to("&dn=%"), "% escape");
  says(link_to("&dn=%4"), "% escape");
  says(link_to("&dn=%zz"), "% escape");
  for (const char* hint : {"", "host", "host:", "host:0", "host:65536", "host:-1", "host:7%30%30%30%30%30", "::1:80",
                           ":80", "a%20b:80", "[::1:80", "host%00:80"}) {
    says(link_to(std::string("&x.pe=") + hint), "is no host:port");
  }
  says(link_to("&dn=" + std::string(20000, 'x')), "16384");
}

TEST(FeedLink, EachCutOfOneIsRefusedOrMeansTheSame) {
  const std::string whole = link_to("&dn=quakes&x.pe=192.0.2.7:7000");
  for (std::size_t size = 0; size < whole.size(); ++size) {
    const auto link = parse_feed_link(whole.substr(0, size));
    if (link) {
      EXPECT_EQ(link->feed.hex(), kId) << size;
    }
  }
}

TEST(FeedLink, ManyHintsAreNotAllDialled) {
  std::string text = link_to("");
  for (int i = 1; i < 200; ++i) text += "&x.pe=192.0.2.7:" + std::to_string(i);
  EXPECT_EQ(parse_feed_link(text).value().peers.size(), 64U);
}

RC_GTEST_PROP(FeedLink, WhatIsWrittenIsRead, (std::string name, std::vector<std::uint16_t> ports)) {
  FeedLink link{FeedId::parse(kId).value(), name.substr(0, 1000), {}};
  for (const std::uint16_t port : ports) {
    if (port != 0 && link.peers.size() < 64) link.peers.push_back("192.0.2.1:" + std::to_string(port));
  }
  const auto read = parse_feed_link(format_feed_link(link));
  RC_ASSERT(read.ok());
  RC_ASSERT(read->feed == link.feed && read->name == link.name && read->peers == link.peers);
}

/// Random bytes, and links with some of their characters changed: never a crash, and what is taken means what it says.
TEST(FeedLink, GarbageIsRefusedOrHarmless) {
  base::SeededRandom random(1);
  const std::string whole = link_to("&dn=Earth%20quakes&x.pe=192.0.2.7:7000&x.pe=[2001:db8::1]:7001");
  int taken = 0;
  for (int round = 0; round < 100'000; ++round) {
    std::string text = round % 2 == 0 ? whole : "magnet:?" + std::string(random.below(80), ' ');
    const std::uint64_t changes = round % 2 == 0 ? 1 + random.below(4) : text.size() - 8;
    for (std::uint64_t i = 0; i < changes; ++i) {
      const std::size_t at = round % 2 == 0 ? random.below(text.size()) : 8 + i;
      text[at] = static_cast<char>(random.below(256));
    }
    const auto link = parse_feed_link(text);
    if (!link) {
      ASSERT_EQ(link.error().code, Code::invalid_argument);
      continue;
    }
    ++taken;
    const auto again = parse_feed_link(format_feed_link(*link));
    ASSERT_TRUE(again.ok()) << text;
    ASSERT_TRUE(again->feed == link->feed && again->name == link->name && again->peers == link->peers) << text;
  }
  EXPECT_GT(taken, 100);  // a changed name or digit is still a link
}

}  // namespace
}  // namespace shoal::node
