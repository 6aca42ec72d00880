#include "node/network/discovery.h"

#include "node/network/fake_swarm.h"
#include "node/network/network_world.h"
#include "replication/session/session.h"
#include "swarm/head_hint.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using replication::discovery_key;
using replication::PeerView;
using testing::FakeSwarm;

PeerView peer(std::uint8_t seed, bool suspect = false) {
  PeerView view;
  view.address.dial_at = "192.0.2." + std::to_string(seed) + ":7000";
  view.node_key = feed::testing::test_key(seed).public_key();
  view.suspect = suspect;
  return view;
}

class DiscoveryTest : public testing::NetworkWorld {
 protected:
  ~DiscoveryTest() override {
    if (discovery_) discovery_->stop();
  }

  void start(bool hints = true) {
    discovery_ = std::make_shared<Discovery>(Discovery::Context{&swarm_, &pool_, &clock_, &log_, hints, true});
    discovery_->start();
  }
  void see_peers(FeedHost& host, const std::vector<PeerView>& peers) {
    EXPECT_TRUE(host.run([&] { discovery_->note_peers(host, peers); }));
  }
  /// Lets `step` pass up to four times: a call that was made may still have to be entered in the schedule.
  bool pass_until(std::chrono::milliseconds step, const std::function<bool(const FakeSwarm::Calls&)>& wanted) {
    for (int i = 0; i < 4; ++i) {
      clock_.advance(step);
      if (swarm_.wait(wanted, 2s)) return true;
    }
    return false;
  }
  [[nodiscard]] feed::Checkpoint head() const { return *producer_.log->head(); }

  FakeSwarm swarm_;
  std::shared_ptr<Discovery> discovery_;
};

TEST_F(DiscoveryTest, PeersOfAFormerRunAreDialledAgain) {
  start(false);
  discovery_->add(own_);
  EXPECT_TRUE(swarm_.calls().recalls.empty()) << "none are known";
  see_peers(*own_, {peer(1), peer(2)});
  discovery_->stop();
  start(false);
  discovery_->add(own_);
  const auto recalls = swarm_.calls().recalls;
  ASSERT_EQ(recalls.size(), 1U);
  EXPECT_EQ(recalls[0].key, discovery_key(own_->id()));
  EXPECT_EQ(recalls[0].addresses.size(), 2U);
}

TEST_F(DiscoveryTest, PeersNotMetForAMonthAreForgotten) {
  start(false);
  discovery_->add(own_);
  see_peers(*own_, {peer(1), peer(2)});
  discovery_->stop();
  clock_.advance(PeerBook::kMaxAge + 1h);
  start(false);
  discovery_->add(own_);
  EXPECT_TRUE(swarm_.calls().recalls.empty());
}

TEST_F(DiscoveryTest, ADamagedRowOfPeersIsForgottenWithAWarning) {
  ASSERT_TRUE(own_->log().set_property("peers", Bytes{0xff}).ok());
  start(false);
  discovery_->add(own_);
  EXPECT_TRUE(swarm_.calls().recalls.empty());
  EXPECT_EQ(warnings().size(), 1U);
}

TEST_F(DiscoveryTest, AsksForPeersWhileFewAreGood) {
  start(false);
  discovery_->add(own_);
  see_peers(*own_, {peer(1)});
  ASSERT_EQ(swarm_.calls().needs.size(), 1U);
  EXPECT_EQ(swarm_.calls().needs[0], discovery_key(own_->id()));
  see_peers(*own_, {peer(1), peer(2)});
  EXPECT_EQ(swarm_.calls().needs.size(), 1U) << "two are enough";
  see_peers(*own_, {peer(1), peer(2, true)});
  EXPECT_EQ(swarm_.calls().needs.size(), 2U) << "a suspect does not count";
  see_peers(*own_, {});
  EXPECT_EQ(swarm_.calls().needs.size(), 2U) << "the swarm knows that itself";
}

TEST_F(DiscoveryTest, AnUnknownFeedIsNotAskedFor) {
  start(false);
  see_peers(*own_, {peer(1)});
  EXPECT_TRUE(swarm_.calls().needs.empty());
  discovery_->add(own_);
  discovery_->remove(own_->id());
  see_peers(*own_, {peer(1)});
  EXPECT_TRUE(swarm_.calls().needs.empty());
}

TEST_F(DiscoveryTest, TheHeadOfAnOwnFeedIsStoredAsAHint) {
  start();
  discovery_->add(own_);
  EXPECT_TRUE(swarm_.stays_quiet()) << "the node first enters the DHT";
  clock_.advance(2s);
  ASSERT_TRUE(swarm_.wait([](const auto& calls) { return calls.puts.size() == 1; }));
  const swarm::HeadHint hint(own_->id());
  const auto put = swarm_.calls().puts[0];
  EXPECT_EQ(put.key, hint.key());
  const auto item = put.choose(std::nullopt);
  ASSERT_TRUE(item.has_value());
  EXPECT_EQ(hint.open(*item), head());
  EXPECT_EQ(put.choose(item), std::nullopt) << "it is there already";
  EXPECT_TRUE(swarm_.calls().gets.empty());
}

TEST_F(DiscoveryTest, ANewerHeadThatIsStoredAlreadyIsLearnedOnTheWay) {
  start();
  discovery_->add(own_);
  clock_.advance(2s);
  ASSERT_TRUE(swarm_.wait([](const auto& calls) { return calls.puts.size() == 1; }));
  EXPECT_EQ(discovery_->stored(own_->id()), std::nullopt);
  const auto choose = swarm_.calls().puts[0].choose;
  const auto older = swarm::HeadHint(own_->id()).seal(head());
  (void)choose(older);
  EXPECT_EQ(discovery_->stored(own_->id()), head());
  EXPECT_EQ(discovery_->hinted(own_->id()), std::nullopt) << "it is no newer than ours";
  commit(2);
  const std::uint64_t version = own_->news().version();
  EXPECT_EQ(choose(swarm::HeadHint(own_->id()).seal(head())), std::nullopt);
  EXPECT_EQ(discovery_->stored(own_->id()), head());
  EXPECT_EQ(discovery_->hinted(own_->id()), head());
  EXPECT_GT(own_->news().version(), version) << "waiters are woken";
  (void)choose(older);
  EXPECT_EQ(discovery_->stored(own_->id()), head()) << "an older one changes nothing";
}

TEST_F(DiscoveryTest, WithoutAHeadTheHintIsLookedUpSoonAndAgain) {
  start();
  discovery_->add(foreign_);
  clock_.advance(2s);
  ASSERT_TRUE(swarm_.wait([](const auto& calls) { return calls.gets.size() == 1; }));
  EXPECT_EQ(swarm_.calls().gets[0], swarm::HeadHint(foreign_->id()).key());
  EXPECT_TRUE(swarm_.calls().puts.empty());
  EXPECT_TRUE(pass_until(3s, [](const auto& calls) { return calls.gets.size() == 2; }));
}

TEST_F(DiscoveryTest, AFeedWithPeersIsLookedUpRarelyUntilTheyAreLost) {
  start();
  discovery_->add(foreign_);
  see_peers(*foreign_, {peer(1), peer(2)});
  clock_.advance(2s);
  ASSERT_TRUE(swarm_.wait([](const auto& calls) { return calls.gets.size() == 1; }));
  clock_.advance(5s);
  EXPECT_TRUE(swarm_.stays_quiet());
  see_peers(*foreign_, {});
  EXPECT_TRUE(pass_until(3s, [](const auto& calls) { return calls.gets.size() == 2; }));
}

TEST_F(DiscoveryTest, AnItemThatWasAskedForCountsWhenTheOwnerSignedIt) {
  start();
  discovery_->add(own_);
  const swarm::HeadHint hint(own_->id());
  commit(2);
  const swarm::DhtItem item = hint.seal(head());
  swarm_.give(hint.key(), item);
  EXPECT_EQ(discovery_->stored(own_->id()), std::nullopt) << "nothing was asked";
  discovery_->ask_hint(own_->id());
  ASSERT_EQ(swarm_.calls().gets, std::vector<PublicKey>{hint.key()});
  swarm::DhtItem changed = item;
  changed.value.back() = static_cast<std::uint8_t>(changed.value.back() ^ 1U);
  swarm_.give(hint.key(), changed);
  EXPECT_EQ(discovery_->stored(own_->id()), std::nullopt);
  swarm_.give(hint.key(), item);
  EXPECT_EQ(discovery_->stored(own_->id()), head());
}

TEST_F(DiscoveryTest, ALongerHeadOfAnOwnFeedStopsItsSigner) {
  start();
  discovery_->add(own_);
  const swarm::HeadHint hint(own_->id());
  discovery_->ask_hint(own_->id());
  swarm_.give(hint.key(), hint.seal(head()));
  EXPECT_TRUE(own_->run([] {}));
  EXPECT_EQ(signed_elsewhere_, 0U) << "it is the one that is here";
  commit(2);  // what the host does not know of
  swarm_.give(hint.key(), hint.seal(head()));
  EXPECT_TRUE(own_->run([] {}));
  EXPECT_EQ(signed_elsewhere_, 2U);
}

TEST_F(DiscoveryTest, AHeadOfAnotherFeedStopsNobody) {
  start();
  discovery_->add(foreign_);
  const swarm::HeadHint hint(foreign_->id());
  ASSERT_TRUE(foreign_owner_.open().ok());
  ASSERT_TRUE(foreign_owner_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {1})}).ok());
  discovery_->ask_hint(foreign_->id());
  swarm_.give(hint.key(), hint.seal(*foreign_owner_.log->head()));
  EXPECT_TRUE(foreign_->run([] {}));
  EXPECT_TRUE(discovery_->hinted(foreign_->id()).has_value());
  EXPECT_EQ(signed_elsewhere_, 0U);
}

TEST_F(DiscoveryTest, ANewHeadIsStoredSoonerThanTheOldOneAgain) {
  start();
  discovery_->add(own_);
  for (std::size_t count = 1; count <= 2; ++count) {  // the second confirms the first
    ASSERT_TRUE(pass_until(30s, [&](const auto& calls) { return calls.puts.size() == count; }));
  }
  feed::Checkpoint grown = head();
  bool stored = false;
  for (int i = 0; i < 4 && !stored; ++i) {  // 20 minutes at most, the old head is stored hourly
    ++grown.tree_size;
    discovery_->note_head(own_->id(), grown);
    clock_.advance(5min);
    stored = swarm_.wait([](const auto& calls) { return calls.puts.size() == 3; }, 2s);
  }
  ASSERT_TRUE(stored);
  feed::Checkpoint heartbeat = grown;
  heartbeat.time = heartbeat.time + 1;
  discovery_->note_head(own_->id(), heartbeat);
  clock_.advance(5min);
  EXPECT_TRUE(swarm_.stays_quiet()) << "of the same size";
}

TEST_F(DiscoveryTest, WithoutADhtNothingIsAskedOfIt) {
  start(false);
  discovery_->add(own_);
  discovery_->ask_hint(own_->id());
  clock_.advance(2s);
  EXPECT_TRUE(swarm_.stays_quiet());
  EXPECT_TRUE(swarm_.calls().gets.empty());
}

TEST_F(DiscoveryTest, NothingIsAskedOfTheSwarmAfterItStopped) {
  start();
  discovery_->add(own_);
  see_peers(*own_, {peer(1), peer(2)});
  discovery_->stop();
  see_peers(*own_, {peer(1)});
  discovery_->ask_hint(own_->id());
  discovery_->add(own_);
  clock_.advance(1h);
  EXPECT_TRUE(swarm_.stays_quiet());
  const auto calls = swarm_.calls();
  EXPECT_TRUE(calls.needs.empty());
  EXPECT_TRUE(calls.recalls.empty());
  EXPECT_TRUE(calls.puts.empty());
  EXPECT_TRUE(calls.gets.empty());
}

}  // namespace
}  // namespace shoal::node
