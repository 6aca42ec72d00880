#include "replication/live/announcement_policy.h"

#include "tree_peers_fake.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using Ids = std::vector<PeerId>;

/// A node with five peers that all know its first ten blocks; time starts at a second.
struct World {
  explicit World(bool owner) : policy(peers, owner) {
    for (std::uint64_t id = 1; id <= 5; ++id) {
      peers[id].announced = peers[id].notified = 10;
      peers[id].round_trip = base::MonoTime(10ms) * static_cast<std::int64_t>(id);
    }
    grow(10);
    now += 5s;
    (void)tell();
  }
  void grow(std::uint64_t size) { policy.on_head(size, now); }
  Ids tell() {
    const Ids ids = policy.due(now);
    for (const PeerId id : ids) peers[id.value()].notified = 11;
    return ids;
  }
  testing::FakeTreePeers peers;
  AnnouncementPolicy policy;
  base::MonoTime now = 1s;
};

TEST(AnnouncementPolicy, AMirrorTellsAtOnceWhoeverDidNotAnnounceTheHead) {
  World mirror(false);
  mirror.peers[2].announced = 11;
  mirror.peers[3].notified = 11;  // by a push
  mirror.peers[4].suspect = true;
  mirror.grow(11);
  EXPECT_EQ(mirror.tell(), (Ids{PeerId{1}, PeerId{5}}));
}

TEST(AnnouncementPolicy, WhoAnnouncedTheHeadHearsASecondLaterThatItIsHereToo) {
  World mirror(false);
  mirror.peers[2].announced = 11;
  mirror.grow(11);
  (void)mirror.tell();
  mirror.now += 900ms;
  EXPECT_EQ(mirror.tell(), Ids{});
  mirror.now += 200ms;
  EXPECT_EQ(mirror.tell(), Ids{PeerId{2}});
}

TEST(AnnouncementPolicy, AnOwnerLeavesItToOthersWhileTheyPassItOn) {
  World owner(true);
  owner.peers[1].child = true;
  owner.peers[1].notified = 11;
  owner.grow(11);
  EXPECT_EQ(owner.tell(), Ids{});
  owner.peers[3].announced = 11;  // it came to a peer that the owner pushes nothing to
  owner.now += 600ms;
  EXPECT_EQ(owner.tell(), Ids{});
  owner.now += 600ms;
  EXPECT_EQ(owner.tell(), (Ids{PeerId{2}, PeerId{3}, PeerId{4}, PeerId{5}}));
}

TEST(AnnouncementPolicy, AnOwnerWhoseChildrenPassNothingOnTellsAFewOthersAtATime) {
  World owner(true);
  owner.peers[1].child = true;
  owner.peers[1].notified = 11;
  owner.grow(11);
  owner.now += 450ms;
  EXPECT_EQ(owner.tell(), (Ids{PeerId{2}, PeerId{3}}));  // the nearest
  EXPECT_EQ(owner.tell(), Ids{});
  owner.now += 450ms;
  EXPECT_EQ(owner.tell(), (Ids{PeerId{4}, PeerId{5}}));
}

TEST(AnnouncementPolicy, AnOwnerWithoutChildrenTellsAFewAtOnce) {
  World owner(true);
  owner.peers[2].child = owner.peers[2].suspect = true;
  owner.grow(11);
  EXPECT_EQ(owner.tell(), (Ids{PeerId{1}, PeerId{3}}));
  owner.peers[1].announced = 11;
  owner.now += 100ms;
  EXPECT_EQ(owner.tell(), Ids{});
}

TEST(AnnouncementPolicy, AnOwnerThatPublishesWithoutAPauseTellsThoseWhoStayBehind) {
  World owner(true);
  owner.peers[1].child = true;
  for (std::uint64_t size = 11; size <= 40; ++size) {
    owner.now += 100ms;
    for (const std::uint64_t id : {1U, 2U, 3U, 4U}) owner.peers[id].announced = size - 1;
    owner.peers[1].notified = size;
    owner.grow(size);
    for (const PeerId id : owner.policy.due(owner.now)) {
      EXPECT_EQ(id, PeerId{5});
      owner.peers[id.value()].notified = size;
    }
  }
  EXPECT_GT(owner.peers[5].notified, 30U);
  EXPECT_EQ(owner.peers[4].notified, 10U);
}

TEST(AnnouncementPolicy, WhoKeepsUpWithAnOwnerHearsThatItHoldsTheRecordsToo) {
  World owner(true);
  owner.peers[1].child = true;
  const auto publish = [&](std::uint64_t size, std::uint64_t behind) {
    owner.now += 100ms;
    owner.peers[1].notified = size;
    owner.grow(size);
    for (const std::uint64_t id : {2U, 3U, 4U, 5U}) owner.peers[id].announced = size - behind;
    const Ids sent = owner.policy.due(owner.now);
    for (const PeerId id : sent) owner.peers[id.value()].notified = size;
    return sent.size();
  };
  std::uint64_t size = 10;
  std::size_t sent = 0;
  while (size < 25) sent += publish(++size, 0);
  EXPECT_EQ(sent, 4U);  // each once a second
  // When it never finds one that has its newest record, it tells them after four seconds.
  while (size < 55) sent += publish(++size, 1);
  EXPECT_EQ(sent, 4U);
  while (size < 75) sent += publish(++size, 1);
  EXPECT_EQ(sent, 8U);
}

}  // namespace
}  // namespace shoal::replication
