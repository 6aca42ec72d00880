#include "feed/format/fork.h"

#include "feed/sample_feed.h"

namespace shoal::feed {
namespace {

using testing::SampleFeed;

constexpr std::uint64_t kSizes = 20;

/// Heads of every size up to `size`; the histories differ from block `differs_at` on.
std::vector<Checkpoint> grow(SampleFeed& feed, std::uint64_t size, std::uint64_t differs_at, std::uint8_t content) {
  std::vector<Checkpoint> heads = {feed.head()};
  while (feed.size() < size) {
    feed.append_data("t", feed.size() >= differs_at ? content : std::uint8_t{0});
    heads.push_back(feed.head(UnixMs{1'700'000'000'000 + static_cast<std::int64_t>(feed.size())}));
  }
  return heads;
}

TEST(ForkProof, PrefixesOfOneTreeAgree) {
  SampleFeed feed;
  const auto heads = grow(feed, kSizes, kSizes, 0);
  for (const Checkpoint& a : heads) {
    for (const Checkpoint& b : heads) {
      const auto found = find_fork(feed.id(), a, b, feed.tree());
      ASSERT_TRUE(found.ok()) << found.error().message;
      EXPECT_FALSE(found->has_value()) << a.tree_size << " " << b.tree_size;
    }
  }
}

TEST(ForkProof, ProvesEveryPairOfSizesThatConflicts) {
  for (std::uint64_t differs_at = 0; differs_at < kSizes; ++differs_at) {
    SampleFeed left, right;
    const auto ours = grow(left, kSizes, differs_at, 1);
    const auto theirs = grow(right, kSizes, differs_at, 2);
    for (std::uint64_t m = 0; m <= kSizes; ++m) {
      for (std::uint64_t n = m; n <= kSizes; ++n) {
        const auto found = find_fork(left.id(), theirs[m], ours[n], left.tree());
        ASSERT_TRUE(found.ok()) << found.error().message;
        ASSERT_EQ(found->has_value(), m > differs_at) << m << " " << n << " " << differs_at;
        if (!found->has_value()) continue;
        const ForkProof& proof = **found;
        const Bytes bytes = encode_fork_proof(proof);
        EXPECT_LE(bytes.size(), kMaxForkProofSize);
        const auto decoded = decode_fork_proof(bytes);
        ASSERT_TRUE(decoded.ok());
        EXPECT_TRUE(verify_fork_proof(*decoded).ok());
        EXPECT_EQ(decoded->shorter, theirs[m]);
        EXPECT_EQ(decoded->longer, ours[n]);
      }
    }
  }
}

TEST(ForkProof, ArgumentsMayComeInAnyOrder) {
  SampleFeed left, right;
  const auto ours = grow(left, 9, 2, 1);
  const auto theirs = grow(right, 9, 2, 2);
  const auto found = find_fork(left.id(), ours[9], theirs[4], left.tree());
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ((*found)->shorter.tree_size, 4U);
}

TEST(ForkProof, OneSizeWithAnotherTopicStateIsAFork) {
  SampleFeed feed;
  (void)grow(feed, 5, 5, 0);
  const Checkpoint head = feed.head();
  Checkpoint root = head, count = head, heartbeat = head;
  root.topic_root.bytes[3] ^= 1;
  count.topic_count += 1;
  heartbeat.time += 1000;
  for (const Checkpoint& other : {feed.sign(root), feed.sign(count)}) {
    const auto found = find_fork(feed.id(), head, other, feed.tree());
    ASSERT_TRUE(found.ok() && found->has_value());
    EXPECT_TRUE(verify_fork_proof(decode_fork_proof(encode_fork_proof(**found)).value()).ok());
  }
  const auto same = find_fork(feed.id(), head, feed.sign(heartbeat), feed.tree());
  ASSERT_TRUE(same.ok());
  EXPECT_FALSE(same->has_value());
}

TEST(ForkProof, AnotherEpochIsNoFork) {
  SampleFeed left, right;
  (void)grow(left, 5, 2, 1);
  (void)grow(right, 5, 2, 2);
  const Checkpoint later = right.head(UnixMs{5}, Epoch{1});
  const auto found = find_fork(left.id(), left.head(), later, left.tree());
  ASSERT_TRUE(found.ok());
  EXPECT_FALSE(found->has_value());
  EXPECT_FALSE(verify_fork_proof(ForkProof{left.id(), left.head(), later, {}, {}}).ok());
}

TEST(ForkProof, AnyFlippedBitIsRejected) {
  SampleFeed left, right;
  const auto ours = grow(left, 13, 2, 1);
  const auto theirs = grow(right, 7, 2, 2);
  const auto found = find_fork(left.id(), theirs[7], ours[13], left.tree());
  ASSERT_TRUE(found.ok() && found->has_value());
  const Bytes bytes = encode_fork_proof(**found);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
    const auto decoded = decode_fork_proof(flipped);
    EXPECT_FALSE(decoded.ok() && verify_fork_proof(*decoded).ok()) << bit;
  }
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_fork_proof(ByteView(bytes).first(size)).ok()) << size;
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_fork_proof(longer).ok());
}

TEST(ForkProof, NothingIsProvenAgainstAnHonestOwner) {
  SampleFeed feed;
  const auto heads = grow(feed, 8, 8, 0);
  const auto read = [&](std::uint64_t begin, std::uint64_t end) {
    return feed.tree().read(merkle::cover(begin, end)).value();
  };
  const ForkProof prefix{feed.id(), heads[5], heads[8], read(0, 5), read(5, 8)};
  EXPECT_FALSE(verify_fork_proof(prefix).ok()) << "a true prefix";
  ForkProof forged = prefix;
  forged.edge.front().bytes[0] ^= 1;
  EXPECT_FALSE(verify_fork_proof(forged).ok()) << "an edge of another tree";
  forged = prefix;
  std::swap(forged.shorter, forged.longer);
  EXPECT_FALSE(verify_fork_proof(forged).ok()) << "heads exchanged";
  forged = ForkProof{feed.id(), heads[5], heads[5], {}, {}};
  EXPECT_FALSE(verify_fork_proof(forged).ok()) << "one head twice";
  forged = ForkProof{feed.id(), heads[5], heads[5], {}, {Digest{}}};
  EXPECT_FALSE(verify_fork_proof(forged).ok()) << "one head twice with a hash";
  const SampleFeed other(9);
  forged = prefix;
  forged.feed = other.id();
  EXPECT_FALSE(verify_fork_proof(forged).ok()) << "another feed";
}

TEST(ForkProof, OneHeadMustBeSignedByTheOwner) {
  SampleFeed left, right, stranger(9);
  const auto ours = grow(left, 6, 2, 1);
  auto theirs = grow(right, 6, 2, 2);
  theirs[5].signature = stranger.sign(theirs[5]).signature;
  const auto found = find_fork(left.id(), theirs[5], ours[6], left.tree());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::unverified);
}

TEST(ForkProof, SaysSoWhenTheTreeLacksNodes) {
  SampleFeed left, right;
  (void)grow(left, 6, 2, 1);
  const auto theirs = grow(right, 9, 2, 2);
  const auto found = find_fork(left.id(), theirs[5], theirs[9], left.tree());
  ASSERT_FALSE(found.ok());
  EXPECT_EQ(found.error().code, Code::not_found);
}

TEST(ForkProof, LargestProofFitsInto4KiB) {
  // The pair of sizes that needs most hashes: all bits set below the highest, then the whole other half but one leaf.
  const std::uint64_t shorter = merkle::kMaxTreeSize / 2 - 1, longer = merkle::kMaxTreeSize - 1;
  ForkProof proof;
  proof.shorter.tree_size = shorter;
  proof.longer.tree_size = longer;
  proof.edge.resize(merkle::cover(0, shorter).size());
  proof.cover.resize(merkle::cover(shorter, longer).size());
  EXPECT_EQ(proof.edge.size() + proof.cover.size(), 95U);
  const Bytes bytes = encode_fork_proof(proof);
  EXPECT_LE(bytes.size(), kMaxForkProofSize);
  EXPECT_TRUE(decode_fork_proof(bytes).ok());
}

}  // namespace
}  // namespace shoal::feed
