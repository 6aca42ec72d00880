#include "swarm/libtorrent/told_addresses.h"

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

TEST(ToldAddresses, TheAddressThatMostHostsTellCounts) {
  ToldAddresses told;
  EXPECT_FALSE(told.most_told());
  told.note(address("198.18.0.1"), wire("45.18.0.2"));
  EXPECT_EQ(told.most_told(), address("45.18.0.2"));
  told.note(address("198.18.0.2"), wire("2001:db8::1"));
  told.note(address("198.18.0.3"), wire("2001:db8::1"));
  EXPECT_EQ(told.most_told(), address("2001:db8::1"));
}

TEST(ToldAddresses, OneHostHasOneVoteHoweverOftenItTells) {
  ToldAddresses told;
  for (int i = 0; i < 9; ++i) told.note(address("198.18.0.1"), wire("45.18.0.66"));
  told.note(address("198.18.0.2"), wire("45.18.0.2"));
  told.note(address("198.18.0.3"), wire("45.18.0.2"));
  EXPECT_EQ(told.most_told(), address("45.18.0.2"));
  told.note(address("198.18.0.2"), wire("45.18.0.66"));
  EXPECT_EQ(told.most_told(), address("45.18.0.66")) << "the newest of each host";
}

TEST(ToldAddresses, WhatIsNoPublicAddressIsNoNews) {
  ToldAddresses told;
  for (const std::string& text :
       {std::string(), std::string("abc"), std::string("abcde"), std::string(17, 'x'), std::string(4, '\0'),
        std::string(16, '\0'), wire("127.0.0.1"), wire("192.168.1.2"), wire("::1"), wire("fe80::1")}) {
    told.note(address("198.18.0.1"), text);
  }
  EXPECT_FALSE(told.most_told());
}

TEST(ToldAddresses, IsBounded) {
  ToldAddresses told;
  for (std::uint32_t host = 1; host <= 1000; ++host) {
    told.note(lt::address_v4(host), host <= 900 ? wire("45.18.0.66") : wire("45.18.0.2"));
  }
  EXPECT_EQ(told.most_told(), address("45.18.0.2")) << "the first hosts are forgotten";
}

}  // namespace
}  // namespace shoal::swarm
