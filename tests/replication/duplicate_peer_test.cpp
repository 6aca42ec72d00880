#include "replication/duplicate_peer.h"

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

}  // namespace
}  // namespace shoal::replication
