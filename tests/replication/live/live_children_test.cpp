#include "replication/live/live_children.h"

#include "replication/live/tree_peers_fake.h"

#include <gtest/gtest.h>

namespace shoal::replication {
namespace {

using testing::FakeTreePeers;

LiveChildren::Child child(std::uint64_t peer, std::uint64_t want, Urgency urgency = Urgency::normal) {
  return {PeerId{peer}, want, urgency};
}

TEST(LiveChildren, AdmitsAsManyAsItLikes) {
  FakeTreePeers peers;
  LiveChildren children(peers, LiveChildren::Limits::of_mirror());
  for (std::uint64_t id = 1; id <= 6; ++id) {
    (void)peers[id];
    EXPECT_TRUE(children.admits(PeerId{id}, Urgency::normal, 10)) << id;
    children.set(PeerId{id}, {child(id, 1)});
  }
  (void)peers[7];
  EXPECT_FALSE(children.admits(PeerId{7}, Urgency::normal, 10));
  EXPECT_TRUE(children.admits(PeerId{7}, Urgency::missed, 10));
  EXPECT_TRUE(children.admits(PeerId{7}, Urgency::alone, 10));
}

/// With a place for each of 16 wants one peer held them all, and readers that know nobody else got none.
TEST(LiveChildren, OnePeerHasItsWantAndTheOneThatReplacesIt) {
  FakeTreePeers peers;
  (void)peers[1];
  for (const auto urgency : {Urgency::normal, Urgency::missed, Urgency::alone}) {
    LiveChildren children(peers, LiveChildren::Limits::of_mirror());
    EXPECT_TRUE(children.admits(PeerId{1}, urgency, 10));
    children.set(PeerId{1}, {child(1, 1, urgency)});
    EXPECT_TRUE(children.admits(PeerId{1}, urgency, 10)) << "it replaces its want";
    children.set(PeerId{1}, {child(1, 1, urgency), child(1, 2, urgency)});
    EXPECT_FALSE(children.admits(PeerId{1}, urgency, 10));
    children.set(PeerId{1}, {child(1, 2, urgency)});
    EXPECT_TRUE(children.admits(PeerId{1}, urgency, 10));
  }
}

TEST(LiveChildren, ASuspectTakesNoPlace) {
  FakeTreePeers peers;
  LiveChildren children(peers, LiveChildren::Limits::of_owner());
  for (std::uint64_t id = 1; id <= 2; ++id) {
    (void)peers[id];
    children.set(PeerId{id}, {child(id, 1)});
  }
  (void)peers[3];
  EXPECT_FALSE(children.admits(PeerId{3}, Urgency::normal, 10));
  peers[1].suspect = true;
  EXPECT_TRUE(children.admits(PeerId{3}, Urgency::normal, 10));
}

}  // namespace
}  // namespace shoal::replication
