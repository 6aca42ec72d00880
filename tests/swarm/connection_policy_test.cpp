#include "swarm/connection_policy.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::swarm {
namespace {

constexpr base::MonoTime kStart = 3h;

NetAddress v4(unsigned a, unsigned b, unsigned c, unsigned d) {
  NetAddress out;
  out.bytes[10] = out.bytes[11] = 0xff;
  const unsigned parts[] = {a, b, c, d};
  for (std::size_t i = 0; i < 4; ++i) out.bytes[12 + i] = static_cast<std::uint8_t>(parts[i]);
  return out;
}

PublicKey key(std::uint64_t number) {
  PublicKey out;
  for (std::size_t i = 0; i < 8; ++i) out.bytes[i] = static_cast<std::uint8_t>(number >> (8 * i));
  return out;
}

/// A node that knows which of its connections are honest.
struct World {
  explicit World(ConnectionPolicy::Limits limits = {}) : policy(limits) {}

  ConnectionPolicy::Id connect(const NetAddress& from, bool honest, std::uint64_t given = 0, bool session = true) {
    const auto decision = policy.admit({1, from, false}, now);
    if (decision.evicted) good.erase(*decision.evicted);
    if (decision.id == 0) return 0;
    if (session) policy.note_standing(decision.id, key(++nodes), given, now);
    if (honest) good.insert({decision.id, 0});
    return decision.id;
  }
  /// Honest ones, each in a network of its own.
  void honest_ones(unsigned count, std::uint64_t given) {
    for (unsigned i = 0; i < count; ++i) connect(v4(20 + i / 250, i % 250, 7, 9), true, given);
    now += 2min;
  }

  ConnectionPolicy policy;
  std::map<ConnectionPolicy::Id, int> good;
  base::MonoTime now = kStart;
  std::uint64_t nodes = 0;
};

TEST(ConnectionPolicy, OneAddressTakesItsShareAndNoMore) {
  World world;
  world.honest_ones(300, 0);
  for (int i = 0; i < 1000; ++i) {
    world.now += 100ms;
    world.connect(v4(6, 6, 6, 6), false);
  }
  EXPECT_EQ(world.good.size(), 300U);
  EXPECT_LE(world.policy.size(), 300U + ConnectionPolicy::Limits{}.feed_address);
}

TEST(ConnectionPolicy, ANewcomerFromTheCrowdedAddressIsServedToo) {
  World world;
  for (int i = 0; i < 1000; ++i) {
    world.now += 100ms;
    world.connect(v4(6, 6, 6, 6), false);
  }
  const auto honest = world.connect(v4(6, 6, 6, 6), true);
  EXPECT_NE(honest, 0U);
  EXPECT_NE(world.connect(v4(9, 9, 9, 9), true), 0U);
  // The next few of the crowd do not push it out: they take the place of those that were idle for longer.
  for (std::size_t i = 0; i < ConnectionPolicy::Limits{}.feed_address / 2; ++i) {
    world.now += 100ms;
    world.connect(v4(6, 6, 6, 6), false);
  }
  EXPECT_TRUE(world.good.contains(honest));
}

TEST(ConnectionPolicy, OneNetworkTakesItsShareAndNoMore) {
  World world;
  world.honest_ones(400, 0);
  for (unsigned i = 0; i < 2000; ++i) {
    world.now += 50ms;
    world.connect(v4(6, 6, 6, i % 256), false);
  }
  EXPECT_EQ(world.good.size(), 400U);
  EXPECT_LE(world.policy.size(), 400U + ConnectionPolicy::Limits{}.feed_network);
}

TEST(ConnectionPolicy, AFullFeedKeepsNineOfTenHonestPeersAgainstAThousandOfOneNetwork) {
  World world;
  world.honest_ones(500, 0);
  const std::size_t before = world.good.size();
  for (unsigned i = 0; i < 1000; ++i) {
    world.now += 50ms;
    world.connect(v4(6, 6, 6, i % 256), false);
  }
  EXPECT_GE(world.good.size(), before * 9 / 10) << world.good.size();
}

TEST(ConnectionPolicy, WhoGaveBlocksStaysWhateverComes) {
  World world;
  world.honest_ones(200, 100);
  // From everywhere, each with a node key and a network of its own.
  for (unsigned i = 0; i < 5000; ++i) {
    world.now += 10ms;
    world.connect(v4(100 + i / 256 % 100, i % 256, i % 251, 1), false);
  }
  EXPECT_EQ(world.good.size(), 200U);
  EXPECT_LE(world.policy.size(), ConnectionPolicy::Limits{}.feed);
}

TEST(ConnectionPolicy, TheEldestStayWhenNobodyGives) {
  World world;
  world.honest_ones(40, 0);
  for (unsigned i = 0; i < 5000; ++i) {
    world.now += 10ms;
    world.connect(v4(100 + i / 256 % 100, i % 256, i % 251, 1), false);
  }
  EXPECT_EQ(world.good.size(), 40U);
}

TEST(ConnectionPolicy, HalfOpenOnesCompeteAmongThemselves) {
  World world;
  world.honest_ones(100, 0);
  for (unsigned i = 0; i < 5000; ++i) {
    world.now += 10ms;
    world.connect(v4(100 + i / 256 % 100, i % 256, i % 251, 1), false, 0, false);
  }
  EXPECT_EQ(world.good.size(), 100U);
  EXPECT_LE(world.policy.size(), 100 + ConnectionPolicy::Limits{}.half_open);
}

TEST(ConnectionPolicy, AHandshakeOfTheMomentIsNotPushedOut) {
  World world;
  for (int i = 0; i < 16; ++i) EXPECT_NE(world.connect(v4(6, 6, 6, 6), false, 0, false), 0U);
  EXPECT_EQ(world.connect(v4(6, 6, 6, 6), false, 0, false), 0U);
  EXPECT_NE(world.connect(v4(6, 6, 7, 6), true, 0, false), 0U);
  world.now += 2s;
  EXPECT_NE(world.connect(v4(6, 6, 6, 6), false, 0, false), 0U);
}

TEST(ConnectionPolicy, AFewAddressesDoNotFillTheHandshakesForOthers) {
  World world;
  unsigned turned_away = 0;
  for (unsigned i = 0; i < 3000; ++i) {
    world.now += 5ms;
    for (unsigned address = 0; address < 6; ++address) world.connect(v4(6, 6, address, 6), false, 0, false);
    if (i % 20 != 0) continue;
    const auto honest = world.connect(v4(50, i / 256, i % 256, 7), true, 0, false);
    turned_away += honest == 0 ? 1 : 0;
    world.policy.note_standing(honest, key(++world.nodes), 0, world.now);
  }
  EXPECT_EQ(turned_away, 0U);
  EXPECT_EQ(world.good.size(), 150U);
}

TEST(ConnectionPolicy, WhomWeDialIsNotBoundByStrangers) {
  World world;
  for (unsigned i = 0; i < 2000; ++i) {
    world.now += 50ms;
    world.connect(v4(6, 6, 6, i % 256), false, 0, i % 2 == 0);
  }
  std::vector<ConnectionPolicy::Id> ours;
  for (int i = 0; i < 30; ++i) {
    const auto decision = world.policy.admit({1, v4(6, 6, 6, 6), true}, world.now);
    EXPECT_NE(decision.id, 0U);
    ours.push_back(decision.id);
  }
  for (unsigned i = 0; i < 2000; ++i) {
    world.now += 50ms;
    const auto decision = world.policy.admit({1, v4(6, 6, 6, i % 256), false}, world.now);
    for (const auto id : ours) EXPECT_NE(decision.evicted.value_or(0), id);
  }
}

TEST(ConnectionPolicy, ConnectionsASecondFromOneAddressAreBounded) {
  World world;
  int admitted = 0;
  for (int i = 0; i < 10'000; ++i) {
    world.now += 100us;
    const auto decision = world.policy.admit({1, v4(6, 6, 6, 6), false}, world.now);
    admitted += decision.id != 0 ? 1 : 0;
    world.policy.remove(decision.id);
  }
  EXPECT_LE(admitted, 200 + 50 + 1);
  EXPECT_NE(world.connect(v4(6, 6, 6, 7), true), 0U);
}

TEST(ConnectionPolicy, ALyingNodeDoesNotCostItsNeighboursTheAddress) {
  World world;
  const NetAddress shared = v4(6, 6, 6, 6);
  for (int i = 0; i < 3; ++i) world.policy.note_offence(shared, world.now);
  EXPECT_NE(world.connect(shared, true), 0U);
  // One that lies again and again under new node keys does, for a while.
  for (int i = 0; i < 20; ++i) world.policy.note_offence(shared, world.now);
  EXPECT_EQ(world.connect(shared, true), 0U);
  EXPECT_NE(world.connect(v4(6, 6, 6, 7), true), 0U);
  EXPECT_NE(world.policy.admit({1, shared, true}, world.now).id, 0U);
  world.now += 20min;
  EXPECT_NE(world.connect(shared, true), 0U);
}

TEST(ConnectionPolicy, APrivateNetworkHasFewAddresses) {
  World world({.private_network = true});
  for (int i = 0; i < 400; ++i) EXPECT_NE(world.connect(v4(127, 0, 0, 1), true), 0U);
  EXPECT_EQ(world.good.size(), 400U);
  for (int i = 0; i < 100; ++i) world.policy.note_offence(v4(127, 0, 0, 1), world.now);
  EXPECT_NE(world.connect(v4(127, 0, 0, 1), true), 0U);
  // The same address on the public network is one like any other.
  World open;
  for (int i = 0; i < 400; ++i) open.connect(v4(127, 0, 0, 1), true);
  EXPECT_LE(open.policy.size(), ConnectionPolicy::Limits{}.feed_address);
}

TEST(ConnectionPolicy, AFullPrivateNetworkServesANewcomer) {
  World world({.private_network = true});
  for (int i = 0; i < 1000; ++i) {
    world.now += 1ms;
    world.connect(v4(127, 0, 0, 1), false);
  }
  EXPECT_LE(world.policy.size(), ConnectionPolicy::Limits{}.feed);
  const auto honest = world.connect(v4(127, 0, 0, 1), true);
  EXPECT_NE(honest, 0U);
}

TEST(ConnectionPolicy, FeedsDoNotCompeteForAnAddress) {
  World world;
  // Two mirrors with a thousand feeds in common.
  for (std::uint64_t feed = 1; feed <= 1000; ++feed) {
    world.now += 50ms;
    const auto decision = world.policy.admit({feed, v4(7, 7, 7, 7), false}, world.now);
    ASSERT_NE(decision.id, 0U) << feed << decision.why;
    world.policy.note_standing(decision.id, key(1), 0, world.now);
  }
  EXPECT_EQ(world.policy.size(), 1000U);
}

TEST(ConnectionPolicy, WhatItRemembersOfAddressesIsBounded) {
  World world;
  for (unsigned i = 0; i < 20'000; ++i) {
    const auto from = v4(100 + i / 65'536, i / 256 % 256, i % 256, 1);
    world.policy.note_offence(from, world.now);
    world.policy.remove(world.policy.admit({1, from, false}, world.now).id);
  }
  EXPECT_EQ(world.policy.size(), 0U);
}

TEST(NetAddress, HostsAndNetworks) {
  EXPECT_TRUE(v4(1, 2, 3, 4).is_v4());
  EXPECT_EQ(v4(1, 2, 3, 4).host(), v4(1, 2, 3, 4));
  EXPECT_EQ(v4(1, 2, 3, 4).network(), v4(1, 2, 3, 0));
  NetAddress six;
  for (std::size_t i = 0; i < 16; ++i) six.bytes[i] = static_cast<std::uint8_t>(0x20 + i);
  EXPECT_FALSE(six.is_v4());
  NetAddress host = six;
  std::fill(host.bytes.begin() + 8, host.bytes.end(), std::uint8_t{0});
  EXPECT_EQ(six.host(), host);
  std::fill(host.bytes.begin() + 6, host.bytes.end(), std::uint8_t{0});
  EXPECT_EQ(six.network(), host);
}

TEST(NetAddress, PrivateOnes) {
  for (const NetAddress& address : {v4(127, 0, 0, 1), v4(10, 1, 2, 3), v4(172, 16, 0, 1), v4(172, 31, 9, 9),
                                    v4(192, 168, 1, 1), v4(169, 254, 1, 1)}) {
    EXPECT_TRUE(address.is_private());
  }
  for (const NetAddress& address : {v4(8, 8, 8, 8), v4(172, 32, 0, 1), v4(172, 15, 0, 1), v4(192, 169, 0, 1)}) {
    EXPECT_FALSE(address.is_private());
  }
  NetAddress loopback;
  loopback.bytes[15] = 1;
  EXPECT_TRUE(loopback.is_private());
  NetAddress local;
  local.bytes[0] = 0xfd;
  EXPECT_TRUE(local.is_private());
  NetAddress link;
  link.bytes[0] = 0xfe;
  link.bytes[1] = 0x80;
  EXPECT_TRUE(link.is_private());
  NetAddress open;
  open.bytes[0] = 0x20;
  EXPECT_FALSE(open.is_private());
}

}  // namespace
}  // namespace shoal::swarm
