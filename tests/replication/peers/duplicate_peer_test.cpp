#include "replication/peers/duplicate_peer.h"

#include "simulation/swarm_world.h"

#include <gtest/gtest.h>

namespace shoal::replication {
namespace {

const PublicKey kSmall{{1}};
const PublicKey kLarge{{2}};

PeerView view_of(const PublicKey& node, bool outgoing) {
  PeerView view;
  view.node_key = node;
  view.address.outgoing = outgoing;
  return view;
}

/// What `own` does about connections with `other`, of which it dialled the first and second or not.
Duplicate judge(const PublicKey& own, const PublicKey& other, bool older_outgoing, bool newer_outgoing) {
  return judge_duplicate(own, view_of(other, older_outgoing), view_of(other, newer_outgoing));
}

TEST(JudgeDuplicate, BothSidesKeepWhatTheSmallerKeyDialled) {
  // The small one dialled first: both close the newer one.
  EXPECT_EQ(judge(kSmall, kLarge, true, false), Duplicate::close_newer);
  EXPECT_EQ(judge(kLarge, kSmall, false, true), Duplicate::close_newer);
  // The large one dialled first: both close the older one.
  EXPECT_EQ(judge(kSmall, kLarge, false, true), Duplicate::close_older);
  EXPECT_EQ(judge(kLarge, kSmall, true, false), Duplicate::close_older);
}

TEST(JudgeDuplicate, OfTwoFromOneSideTheDiallerClosesTheNewerOne) {
  EXPECT_EQ(judge(kSmall, kLarge, true, true), Duplicate::close_newer);
  EXPECT_EQ(judge(kLarge, kSmall, true, true), Duplicate::close_newer);
  EXPECT_EQ(judge(kSmall, kLarge, false, false), Duplicate::keep_both);
}

TEST(JudgeDuplicate, LeavesOtherNodesAlone) {
  EXPECT_EQ(judge_duplicate(kSmall, view_of(kLarge, true), view_of(PublicKey{{3}}, false)), Duplicate::keep_both);
  EXPECT_EQ(judge_duplicate(PublicKey{}, view_of(kLarge, true), view_of(kLarge, false)), Duplicate::keep_both);
}

using simulation::Connection;
using simulation::SwarmNode;
using simulation::SwarmWorld;

/// A reader that dialled the publisher some time ago; `seed` decides whose key is the smaller one.
struct Pair : SwarmWorld {
  explicit Pair(std::uint8_t seed) : SwarmWorld(true), reader(time, "reader", seed) {
    reader.drops_duplicates = true;
    reader.mirror(producer.id());
    reader.follow_all();
    publish_many(10);
    first = reader.connect(publisher);
    EXPECT_TRUE(wait([&] { return reader.held() == size(); }));
    time.run_for(std::chrono::seconds(5));
  }
  bool reader_follows(base::MonoTime limit) {
    publish_many(5);
    return wait([&] { return reader.held() == size(); }, limit);
  }
  [[nodiscard]] std::size_t connections() {
    time.run_for(std::chrono::seconds(8));
    EXPECT_EQ(reader.replicator().peers().size(), publisher.replicator().peers().size());
    return reader.replicator().peers().size();
  }
  SwarmNode reader;
  Connection first;
};

/// Every seed dials again both ways, so that in one of them the rule keeps the older connection.
class DuplicatePeersTest : public testing::TestWithParam<int> {};

TEST_P(DuplicatePeersTest, ADeadConnectionGivesWayToTheOneThatWasDialledAgain) {
  for (const bool reader_dials : {true, false}) {
    Pair pair(static_cast<std::uint8_t>(GetParam()));
    pair.first.listener->cut();
    pair.time.run_for(std::chrono::seconds(1));
    reader_dials ? pair.reader.connect(pair.publisher) : pair.publisher.connect(pair.reader);
    EXPECT_TRUE(pair.reader_follows(std::chrono::seconds(10))) << reader_dials;
    EXPECT_TRUE(pair.reader_follows(std::chrono::seconds(5))) << reader_dials;
    const auto closed = [&] { return !pair.first.dialler->open() || !pair.first.listener->open(); };
    EXPECT_TRUE(pair.wait(closed, std::chrono::seconds(20))) << reader_dials;
  }
}

TEST_P(DuplicatePeersTest, OfTwoThatLiveOneStays) {
  for (const bool reader_dials : {true, false}) {
    Pair pair(static_cast<std::uint8_t>(GetParam()));
    reader_dials ? pair.reader.connect(pair.publisher) : pair.publisher.connect(pair.reader);
    EXPECT_EQ(pair.connections(), 1U) << reader_dials;
    EXPECT_TRUE(pair.reader_follows(std::chrono::seconds(5))) << reader_dials;
  }
}

INSTANTIATE_TEST_SUITE_P(Keys, DuplicatePeersTest, testing::Range(1, 9));

}  // namespace
}  // namespace shoal::replication
