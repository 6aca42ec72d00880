#include "swarm/head_hint.h"

#include "base/bytes.h"
#include "crypto/signature.h"

#include <gtest/gtest.h>

#include <limits>

namespace shoal::swarm {
namespace {

/// The owner's key, and heads signed with it.
struct Owner {
  crypto::KeyPair key = *crypto::KeyPair::from_seed(Bytes(32, 0x07));
  FeedId feed{key.public_key()};

  [[nodiscard]] feed::Checkpoint head(std::uint64_t size, std::int64_t time) const {
    feed::Checkpoint head;
    head.tree_size = size;
    head.root.bytes.fill(0x11);
    head.time = UnixMs(time);
    head.topic_count = 1;
    head.topic_root.bytes.fill(0x22);
    head.signature = crypto::sign(key, base::as_bytes(feed::note_text(feed, head)));
    return head;
  }
};

TEST(HeadHint, IsOpenedByWhoKnowsTheFeedAndByNobodyElse) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  const auto head = owner.head(12, 1700000000000);
  const DhtItem item = hint.seal(head);
  EXPECT_EQ(item.seq, 1700000000000);
  EXPECT_LE(item.value.size(), kMaxItemValue);
  EXPECT_EQ(hint.open(item), head);
  EXPECT_EQ(HeadHint(owner.feed).key(), hint.key());

  const HeadHint other(FeedId{crypto::KeyPair::generate().public_key()});
  EXPECT_NE(other.key(), hint.key());
  EXPECT_EQ(other.open(item), std::nullopt);
  // Neither the id nor the root shows.
  const std::string text(item.value.begin(), item.value.end());
  EXPECT_EQ(text.find(std::string(owner.feed.key.bytes.begin(), owner.feed.key.bytes.end())), std::string::npos);
  EXPECT_EQ(text.find(std::string(8, '\x11')), std::string::npos);
}

TEST(HeadHint, TheSameHeadIsTheSameItemAndAnotherHeadAnotherKey) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  EXPECT_EQ(hint.seal(owner.head(12, 5)).value, hint.seal(owner.head(12, 5)).value);
  const Bytes a = hint.seal(owner.head(12, 5)).value;
  const Bytes b = hint.seal(owner.head(13, 5)).value;
  EXPECT_FALSE(std::equal(a.begin() + 1, a.begin() + 17, b.begin() + 1));
}

TEST(HeadHint, AnyChangedBitOrLengthIsNothing) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  const DhtItem item = hint.seal(owner.head(12, 5));
  for (std::size_t bit = 0; bit < item.value.size() * 8; ++bit) {
    DhtItem changed = item;
    changed.value[bit / 8] ^= static_cast<std::uint8_t>(1U << bit % 8);
    ASSERT_EQ(hint.open(changed), std::nullopt) << bit;
  }
  for (std::size_t size = 0; size < item.value.size(); ++size) {
    ASSERT_EQ(hint.open({item.seq, Bytes(item.value.begin(), item.value.begin() + static_cast<long>(size))}),
              std::nullopt);
  }
  DhtItem longer = item;
  longer.value.push_back(0);
  EXPECT_EQ(hint.open(longer), std::nullopt);
}

TEST(HeadHint, AHeadThatTheOwnerDidNotSignIsNothing) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  auto forged = owner.head(12, 5);
  forged.tree_size = 13;
  EXPECT_EQ(hint.open(hint.seal(forged)), std::nullopt);
}

TEST(HeadHint, ANewerHeadReplacesAnOlderOneAndNotTheOtherWayRound) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  const auto old_head = owner.head(12, 5);
  const auto new_head = owner.head(13, 9);
  const auto heartbeat = owner.head(13, 10);
  const auto first = hint.choose(new_head, std::nullopt);
  ASSERT_TRUE(first.has_value());
  EXPECT_EQ(hint.open(*first), new_head);
  const auto chosen = hint.choose(new_head, hint.seal(old_head));
  ASSERT_TRUE(chosen.has_value());
  EXPECT_EQ(hint.open(*chosen), new_head);
  EXPECT_FALSE(hint.choose(old_head, hint.seal(new_head)).has_value());
  EXPECT_FALSE(hint.choose(new_head, hint.seal(new_head)).has_value());
  EXPECT_TRUE(hint.choose(heartbeat, hint.seal(new_head)).has_value());
  EXPECT_FALSE(hint.choose(new_head, hint.seal(heartbeat)).has_value());
}

TEST(HeadHint, JunkIsReplacedWhateverItsNumber) {
  const Owner owner;
  const HeadHint hint(owner.feed);
  const auto head = owner.head(12, 5);
  const auto over_junk = hint.choose(head, DhtItem{1000, Bytes(300, 0x55)});
  ASSERT_TRUE(over_junk.has_value());
  EXPECT_EQ(over_junk->seq, 1001);
  EXPECT_EQ(hint.open(*over_junk), head);
  // A newer head over an older one that somebody gave a later number.
  DhtItem pushed = hint.seal(owner.head(3, 1));
  pushed.seq = 1 << 20;
  const auto over_old = hint.choose(head, pushed);
  ASSERT_TRUE(over_old.has_value());
  EXPECT_EQ(over_old->seq, (1 << 20) + 1);
  // Nothing is above the largest number.
  EXPECT_FALSE(hint.choose(head, DhtItem{std::numeric_limits<std::int64_t>::max(), Bytes(3, 1)}).has_value());
}

TEST(HeadHint, WorkedExampleOfTheProtocol) {
  // docs/PROTOCOL.md, "Head hint"; tests/swarm/head_hint_example.py computes it with other libraries.
  const Owner owner;
  const HeadHint hint(owner.feed);
  const DhtItem item = hint.seal(owner.head(12, 1700000000000));
  EXPECT_EQ(owner.feed.hex(), "ea4a6c63e29c520abef5507b132ec5f9954776aebebe7b92421eea691446d22c");
  EXPECT_EQ(hint.key().hex(), "707ad03c1f8bd7fbe3ee61cfdb11328c93c55204420af5070db10380bdd7cc42");
  EXPECT_EQ(base::to_hex(ByteView(item.value).first(33)),
            "0186a7977655f2171c8572128b24b0a7b6bb855967ee0fbc80b939363ba2ca1ffe");
}

}  // namespace
}  // namespace shoal::swarm
