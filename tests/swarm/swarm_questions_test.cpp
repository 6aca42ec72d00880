#include "swarm/swarm_world.h"

#include <algorithm>
#include <thread>

namespace shoal::swarm {
namespace {

using namespace testing;

bool eventually(const std::function<bool()>& done) {
  const auto end = SteadyClock::now() + kPatience;
  while (SteadyClock::now() < end) {
    if (done()) return true;
    std::this_thread::sleep_for(20ms);
  }
  return done();
}

/// What get_item() found.
struct Found {
  std::mutex mutex;
  std::optional<DhtItem> newest;

  void watch(Swarm& swarm) {
    swarm.on_item([this](const PublicKey&, const DhtItem& item) {
      const std::lock_guard lock(mutex);
      if (!newest || item.seq > newest->seq) newest = item;
    });
  }
  std::optional<DhtItem> now() {
    const std::lock_guard lock(mutex);
    return newest;
  }
};

Swarm::ItemChoice newer_than_stored(std::int64_t seq, const Bytes& value) {
  return [seq, value](const std::optional<DhtItem>& stored) -> std::optional<DhtItem> {
    if (stored && stored->seq >= seq) return std::nullopt;
    return DhtItem{seq, value};
  };
}

TEST(SwarmQuestions, AnItemOfTheDhtIsFoundByWhoKnowsItsKeyAndTheNewestStays) {
  const auto bootstrap = start_bootstrap();
  const auto writer = start(loopback({bootstrap->listening()}));
  const auto other = start(loopback({bootstrap->listening()}));
  const auto reader = start(loopback({bootstrap->listening()}));
  const auto key = std::make_shared<crypto::KeyPair>(crypto::KeyPair::generate());
  Found found;
  found.watch(*reader);
  const Bytes old_value(kMaxItemValue, 0x01);
  const Bytes new_value{0x00, 0xff, 0x3a};
  // Puts are lost while the DHT is not entered yet: both sides ask again.
  ASSERT_TRUE(eventually([&] {
    writer->put_item(key, newer_than_stored(5, old_value));
    reader->get_item(key->public_key());
    std::this_thread::sleep_for(100ms);
    return found.now().has_value();
  }));
  EXPECT_EQ(found.now()->seq, 5);
  EXPECT_EQ(found.now()->value, old_value);
  ASSERT_TRUE(eventually([&] {
    other->put_item(key, newer_than_stored(9, new_value));
    reader->get_item(key->public_key());
    std::this_thread::sleep_for(100ms);
    return found.now()->seq == 9;
  }));
  EXPECT_EQ(found.now()->value, new_value);
  // Somebody with an older one stores the newer again, and does not replace it.
  writer->put_item(key, newer_than_stored(7, old_value));
  std::this_thread::sleep_for(300ms);
  Found again;
  again.watch(*other);
  EXPECT_TRUE(eventually([&] {
    other->get_item(key->public_key());
    std::this_thread::sleep_for(100ms);
    return again.now().has_value();
  }));
  EXPECT_EQ(again.now()->seq, 9);
}

TEST(SwarmQuestions, OurOwnAnnouncementIsSeenInTheDht) {
  const auto bootstrap = start_bootstrap();
  const auto left = start(loopback({bootstrap->listening()}));
  const auto right = start(loopback({bootstrap->listening()}));
  left->join(feed_of(1), std::make_shared<Acceptor>());
  EXPECT_TRUE(eventually([&] {
    right->look_up(feed_of(1));
    std::this_thread::sleep_for(100ms);
    const auto found = right->looked_up(feed_of(1));
    return std::find(found.begin(), found.end(), left->listening()) != found.end();
  }));
  right->look_up(feed_of(2));
  std::this_thread::sleep_for(200ms);
  EXPECT_TRUE(right->looked_up(feed_of(2)).empty());
}

TEST(SwarmQuestions, ANodeOfTheDhtAnswersAndNobodyDoesNot) {
  const auto bootstrap = start_bootstrap();
  const auto swarm = start(loopback({bootstrap->listening()}));
  std::string nobody;
  {
    const auto gone = start_bootstrap();
    nobody = gone->listening();
  }
  EXPECT_EQ(swarm->dht_answered(nobody), std::nullopt);
  swarm->ping_dht("no address");
  EXPECT_EQ(swarm->dht_answered("no address"), false);
  // Questions are lost while the DHT is not up here.
  EXPECT_TRUE(eventually([&] {
    swarm->ping_dht(bootstrap->listening());
    std::this_thread::sleep_for(100ms);
    return swarm->dht_answered(bootstrap->listening()) == true;
  }));
  swarm->ping_dht(nobody);
  EXPECT_TRUE(eventually([&] { return swarm->dht_answered(nobody) == false; }));
}

TEST(SwarmQuestions, StatusTellsOfSocketsFeedsAndConnections) {
  Pair pair;
  ASSERT_TRUE(pair.connected());
  pair.left_swarm->join(feed_of(2), std::make_shared<Acceptor>());
  const NetworkStatus left = pair.left_swarm->status();
  const NetworkStatus right = pair.right_swarm->status();
  EXPECT_EQ(left.listening, std::vector<std::string>{pair.left_swarm->listening()});
  EXPECT_TRUE(left.private_network);
  EXPECT_FALSE(left.dht);
  EXPECT_EQ(left.feeds, 2U);
  EXPECT_EQ(left.lonely_feeds, 1U);
  EXPECT_EQ(left.peers_out, 1U);
  EXPECT_EQ(left.peers_in, 0U);
  EXPECT_EQ(right.peers_in, 1U);
  EXPECT_EQ(right.connections_in, 1U);
  // Who was dialled learns where the other may be dialled in turn.
  EXPECT_EQ(pair.right->transport->address().dial_at, pair.left_swarm->listening());
  EXPECT_EQ(pair.left->transport->address().dial_at, pair.right_swarm->listening());
}

TEST(SwarmQuestions, MeetsItselfOnceNotOnceForEachFeed) {
  constexpr std::uint8_t kFeeds = 20;
  const auto swarm = start(loopback());
  swarm->join(feed_of(1), std::make_shared<Acceptor>());
  swarm->recall(feed_of(1), {swarm->listening()});
  ASSERT_TRUE(eventually([&] { return swarm->status().self_connections > 0; }));
  for (std::uint8_t i = 2; i <= kFeeds; ++i) {
    swarm->join(feed_of(i), std::make_shared<Acceptor>());
    swarm->recall(feed_of(i), {swarm->listening()});
  }
  std::this_thread::sleep_for(2s);
  EXPECT_LT(swarm->status().self_connections, kFeeds / 2);
  EXPECT_EQ(swarm->status().connections_in, 0U);
}

TEST(SwarmQuestions, WhatIsRecalledIsDialled) {
  const auto stays = start(loopback());
  const auto comes = start(loopback());
  const auto acceptor = std::make_shared<Acceptor>();
  stays->join(feed_of(1), std::make_shared<Acceptor>());
  comes->recall(feed_of(1), {stays->listening()});  // not joined: nothing happens
  comes->join(feed_of(1), acceptor);
  comes->recall(feed_of(1), {"garbage", stays->listening()});
  EXPECT_TRUE(acceptor->wait());
}

}  // namespace
}  // namespace shoal::swarm
