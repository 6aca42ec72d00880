#include "replication/live/live_parent.h"

#include "tree_peers_fake.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

/// A reader that holds ten blocks, with three peers that hold them too; the first is the nearest.
struct Reader {
  Reader() {
    for (std::uint64_t id = 1; id <= 3; ++id) {
      peers[id].announced = 10;
      peers[id].complete = peers[id].gave = true;
      peers[id].round_trip = base::MonoTime(20ms) * static_cast<std::int64_t>(id);
    }
    parent.start(10);
  }
  void announce(std::uint64_t id, std::uint64_t size) {
    peers[id].announced = size;
    parent.on_announced(PeerId{id}, now);
  }
  /// The actions as text: `ask 1 normal`.
  std::vector<std::string> actions() {
    static constexpr const char* kUrgency[] = {"unstated", "normal", "missed", "alone"};
    std::vector<std::string> out;
    for (const TreeAction& one : parent.take_actions()) {
      const std::string peer = std::to_string(one.peer.value());
      if (one.kind == TreeAction::Kind::cancel) out.push_back("cancel " + peer);
      if (one.kind == TreeAction::Kind::pull) out.push_back("pull " + peer);
      if (one.kind != TreeAction::Kind::ask) continue;
      out.push_back("ask " + peer + " " + kUrgency[static_cast<std::size_t>(one.urgency)]);
    }
    return out;
  }
  /// Lets check() run when it is due.
  std::vector<std::string> wait_for_check() {
    now = parent.check_due().value();
    parent.check(now);
    return actions();
  }
  testing::FakeTreePeers peers;
  base::SeededRandom random{1};
  LiveParent parent{peers, random};
  base::MonoTime now = 100s;
};

using Actions = std::vector<std::string>;

TEST(LiveParent, TheNearestOfThoseThatHaveWhatWeHaveIsAsked) {
  Reader reader;
  reader.parent.plan(reader.now);
  EXPECT_EQ(reader.actions(), Actions{"ask 1 normal"});
  EXPECT_TRUE(reader.parent.expects_push(reader.now));
  reader.parent.plan(reader.now);
  EXPECT_EQ(reader.actions(), Actions{});
}

TEST(LiveParent, SuspectsStrangersAndOwnChildrenAreAskedLast) {
  Reader reader;
  reader.peers[1].suspect = true;
  reader.peers[2].child = true;
  reader.parent.plan(reader.now);
  EXPECT_EQ(reader.actions(), Actions{"ask 3 normal"});
}

TEST(LiveParent, WhoRefusesIsLeftAloneAndWhenAllDidOneIsAskedForAnException) {
  Reader reader;
  for (const char* next : {"ask 1 normal", "ask 2 normal", "ask 3 normal", "ask 1 alone"}) {
    reader.parent.plan(reader.now);
    ASSERT_EQ(reader.actions(), Actions{next});
    reader.parent.on_ended(reader.parent.parent().value(), EndReason::busy, reader.now);
  }
  reader.parent.plan(reader.now + 1s);
  EXPECT_EQ(reader.actions(), Actions{});
  reader.parent.plan(reader.now + 5s);
  EXPECT_EQ(reader.actions().size(), 1U);
}

TEST(LiveParent, AnAnnouncementThatThePushFollowsChangesNothing) {
  Reader reader;
  reader.parent.plan(reader.now);
  (void)reader.actions();
  reader.announce(2, 11);
  reader.parent.on_pushed(PeerId{1}, 11, true, reader.now + 20ms);
  reader.parent.on_own_head(11, reader.now + 20ms);
  EXPECT_FALSE(reader.parent.check_due());
  EXPECT_EQ(reader.actions(), Actions{});
}

TEST(LiveParent, WhatTheParentDoesNotBringIsTakenFromWhoAnnouncedIt) {
  Reader reader;
  reader.parent.plan(reader.now);
  (void)reader.actions();
  reader.announce(3, 11);
  EXPECT_EQ(reader.wait_for_check(), Actions{"ask 3 missed"});
  reader.parent.on_pushed(PeerId{3}, 11, true, reader.now);
  EXPECT_EQ(reader.actions(), Actions{"cancel 1"});
  EXPECT_EQ(reader.parent.parent(), PeerId{3});
}

TEST(LiveParent, WhoRefusesThePushIsAskedForTheBlocksWhenNobodyElseHasThem) {
  Reader reader;
  reader.parent.plan(reader.now);
  (void)reader.actions();
  reader.announce(3, 11);
  EXPECT_EQ(reader.wait_for_check(), Actions{"ask 3 missed"});
  reader.parent.on_ended(PeerId{3}, EndReason::busy, reader.now);
  EXPECT_EQ(reader.wait_for_check(), Actions{});  // all were tried: from the start
  EXPECT_EQ(reader.wait_for_check(), Actions{"pull 3"});
}

TEST(LiveParent, AParentThatLeavesIsReplacedAtOnce) {
  Reader reader;
  reader.parent.plan(reader.now);
  (void)reader.actions();
  reader.peers.peers.erase(PeerId{1});
  reader.parent.on_ended(PeerId{1}, std::nullopt, reader.now);
  reader.parent.forget(PeerId{1});
  reader.parent.plan(reader.now);
  EXPECT_EQ(reader.actions(), Actions{"ask 2 normal"});
}

TEST(LiveParent, APeerWhoseAnnouncementsComeEarlierForLongBecomesTheParent) {
  Reader reader;
  reader.parent.plan(reader.now);
  (void)reader.actions();
  for (std::uint64_t size = 11; size < 20; ++size) {
    reader.now += 1s;
    reader.announce(2, size);
    reader.now += 50ms;
    reader.parent.on_pushed(reader.parent.parent().value(), size, true, reader.now);
    reader.parent.on_own_head(size, reader.now);
    reader.parent.tick(reader.now);
  }
  EXPECT_EQ(reader.actions(), (Actions{"ask 2 normal", "cancel 1"}));
}

}  // namespace
}  // namespace shoal::replication
