#include "replication/fetch/age_limit.h"

#include "replication/core_world.h"

namespace shoal::replication {
namespace {

using feed::testing::deliver;
using feed::testing::span;

BlockRange blocks(std::uint64_t begin, std::uint64_t end) { return {BlockIndex{begin}, BlockIndex{end}}; }

/// A reader without payloads of a feed of ten blocks; the first five were appended an hour before the others.
struct AgeWorld : testing::CoreWorld {
  AgeWorld() : CoreWorld(0), limit(core) {
    publish_each(5);
    between = producer.clock.now + 1;
    producer.clock.now = producer.clock.now + 3'600'000;
    publish_each(5);
    take_head();
    planner.start(0);
  }
  void publish_each(int count) {
    for (int i = 0; i < count; ++i) publish();
  }
  void take_headers(std::uint64_t end) {
    ASSERT_TRUE(deliver(publisher, head(), 0, span(0, end), false).to(*follower.mirror).ok());
  }
  std::optional<AgeLimit::Step> step(std::uint64_t begin, std::uint64_t end) {
    return limit.next_step(blocks(begin, end), between, planner);
  }
  [[nodiscard]] std::vector<BlockRange> pruned() const { return reader.pruned_payloads(); }

  AgeLimit limit;
  RequestPlanner planner;
  UnixMs between{0};  ///< the age limit
};

TEST(AgeLimit, AsksForHeadersOfBlocksWhoseAgeIsNotKnown) {
  AgeWorld world;
  const auto step = world.step(0, 10);
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->headers_only);
  EXPECT_EQ(step->range, blocks(0, 10));
}

TEST(AgeLimit, PrunesOldBlocksUpToTheFirstRecentOne) {
  AgeWorld world;
  world.take_headers(10);
  EXPECT_FALSE(world.step(0, 10));
  EXPECT_EQ(world.pruned(), std::vector{blocks(0, 5)});
  EXPECT_TRUE(world.planner.held().contains(0, 5)) << "they are not asked for again";
  EXPECT_FALSE(world.planner.held().contains(5));
  const auto step = world.step(5, 10);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->headers_only);
  EXPECT_EQ(step->range, blocks(5, 10));
}

TEST(AgeLimit, PrunesOnlyInTheMissingRange) {
  AgeWorld world;
  world.take_headers(10);
  EXPECT_FALSE(world.step(1, 3));
  EXPECT_EQ(world.pruned(), std::vector{blocks(1, 3)});
  EXPECT_TRUE(world.planner.held().contains(1, 3));
  EXPECT_FALSE(world.planner.held().contains(0));
  EXPECT_FALSE(world.planner.held().contains(3));
}

TEST(AgeLimit, BehindOldHeadersOnlyHeadersAreAskedFor) {
  AgeWorld world;
  world.take_headers(3);
  EXPECT_FALSE(world.step(0, 10));
  EXPECT_EQ(world.pruned(), std::vector{blocks(0, 3)});
  const auto step = world.step(3, 10);
  ASSERT_TRUE(step);
  EXPECT_TRUE(step->headers_only);
}

TEST(AgeLimit, BehindARecentBlockEveryBlockIsRecent) {
  AgeWorld world;
  world.take_headers(6);
  const auto step = world.step(6, 10);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->headers_only);
  EXPECT_EQ(step->range, blocks(6, 10));
}

TEST(AgeLimit, ABlockExactlyAtTheLimitIsRecent) {
  AgeWorld world;
  world.take_headers(6);
  world.between = world.reader.header(BlockIndex{5})->append_time;
  const auto step = world.step(5, 10);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->headers_only);
  EXPECT_EQ(step->range, blocks(5, 10));
  const auto behind = world.step(6, 10);
  ASSERT_TRUE(behind);
  EXPECT_FALSE(behind->headers_only);
  EXPECT_TRUE(world.pruned().empty());
}

TEST(AgeLimit, AManifestIsAskedForHoweverOldItIs) {
  AgeWorld world;
  world.between = world.producer.clock.now + 2000;
  ASSERT_TRUE(world.producer.writer->commit_manifest({.title = "a feed"}).ok());
  world.publish();
  const auto growth = merkle::build_cover(world.publisher.tree(), 10, 12, {});
  ASSERT_TRUE(world.follower.mirror->accept(world.head(), 10, {}, *growth).ok());
  world.take_headers(12);
  EXPECT_FALSE(world.step(0, 12));
  EXPECT_EQ(world.pruned(), std::vector{blocks(0, 10)}) << "not the manifest, nor what stands behind it";
  const auto step = world.step(10, 12);
  ASSERT_TRUE(step);
  EXPECT_FALSE(step->headers_only);
  EXPECT_EQ(step->range, blocks(10, 11)) << "the block behind it may be too old";
}

}  // namespace
}  // namespace shoal::replication
