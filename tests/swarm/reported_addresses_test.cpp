#include "swarm/libtorrent/reported_addresses.h"

#include <gtest/gtest.h>

namespace shoal::swarm {
namespace {

lt::address address(const char* text) { return lt::make_address(text); }

/// As peers send it.
std::string wire(const char* text) {
  const lt::address parsed = address(text);
  const auto packed = [](const auto& bytes) { return std::string(bytes.begin(), bytes.end()); };
  return parsed.is_v4() ? packed(parsed.to_v4().to_bytes()) : packed(parsed.to_v6().to_bytes());
}

TEST(ReportedAddresses, TheAddressThatMostHostsTellCounts) {
  ReportedAddresses reported;
  EXPECT_FALSE(reported.most_reported());
  reported.note(address("198.18.0.1"), wire("45.18.0.2"));
  EXPECT_EQ(reported.most_reported(), address("45.18.0.2"));
  reported.note(address("198.18.0.2"), wire("2001:db8::1"));
  reported.note(address("198.18.0.3"), wire("2001:db8::1"));
  EXPECT_EQ(reported.most_reported(), address("2001:db8::1"));
}

TEST(ReportedAddresses, OneHostHasOneVoteHoweverOftenItTells) {
  ReportedAddresses reported;
  for (int i = 0; i < 9; ++i) reported.note(address("198.18.0.1"), wire("45.18.0.66"));
  reported.note(address("198.18.0.2"), wire("45.18.0.2"));
  reported.note(address("198.18.0.3"), wire("45.18.0.2"));
  EXPECT_EQ(reported.most_reported(), address("45.18.0.2"));
  reported.note(address("198.18.0.2"), wire("45.18.0.66"));
  EXPECT_EQ(reported.most_reported(), address("45.18.0.66")) << "the newest of each host";
}

TEST(ReportedAddresses, WhatIsNoPublicAddressIsNoNews) {
  ReportedAddresses reported;
  for (const std::string& text :
       {std::string(), std::string("abc"), std::string("abcde"), std::string(17, 'x'), std::string(4, '\0'),
        std::string(16, '\0'), wire("127.0.0.1"), wire("192.168.1.2"), wire("::1"), wire("fe80::1")}) {
    reported.note(address("198.18.0.1"), text);
  }
  EXPECT_FALSE(reported.most_reported());
}

TEST(ReportedAddresses, IsBounded) {
  ReportedAddresses reported;
  for (std::uint32_t host = 1; host <= 1000; ++host) {
    reported.note(lt::address_v4(host), host <= 900 ? wire("45.18.0.66") : wire("45.18.0.2"));
  }
  EXPECT_EQ(reported.most_reported(), address("45.18.0.2")) << "the first hosts are forgotten";
}

}  // namespace
}  // namespace shoal::swarm
