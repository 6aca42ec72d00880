#include "node/table/disk_budget.h"

#include "node/table/table_world.h"

namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using testing::must;

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// A directory with up to two mirrored feeds of others, whose payloads a test makes larger than the budget.
class DiskBudgetTest : public testing::TableWorld {
 protected:
  DiskBudgetTest() {
    open();
    budget_.emplace(*table_, log_);
    empty_ = used();
  }

  /// `count` blocks of `size` bytes that were appended from `time` on, one a second, in files of their own.
  void grow(feed::testing::Producer& owner, int count, std::size_t size, std::int64_t time) {
    must(owner.open());
    for (int i = 0; i < count; ++i) {
      owner.clock.now = UnixMs(1'700'000'000'000 + 1000 * (time + i));
      must(owner.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {i}, size)}));
    }
    fetch(owner, *host(owner));
    must(must(table_->storage())->mirrored->make_durable());
  }
  [[nodiscard]] std::shared_ptr<FeedHost> host(const feed::testing::Producer& owner) {
    return must(table_->host({owner.id(), "", false, {}}));
  }
  void mirror(const feed::testing::Producer& owner, std::uint64_t max_bytes) {
    MirrorOptions options;
    options.max_bytes = max_bytes;
    must(table_->mirror({owner.id(), "", false, {}}, options));
  }
  /// Blocks whose payloads are held.
  [[nodiscard]] std::vector<std::uint64_t> held(const feed::testing::Producer& owner) {
    std::vector<std::uint64_t> blocks;
    const feed::FeedReader& reader = host(owner)->reader();
    for (std::uint64_t i = 0; i < reader.head()->tree_size; ++i) {
      if (must(reader.has_payload(BlockIndex(i)))) blocks.push_back(i);
    }
    return blocks;
  }
  [[nodiscard]] std::uint64_t used() { return must(table_->storage())->directory->disk_bytes(); }
  /// What the feed may still store.
  [[nodiscard]] bool may_store(const feed::testing::Producer& owner) { return !host(owner)->allowance().exhausted(); }

  feed::testing::Producer first_{{}, 8};
  feed::testing::Producer second_{{}, 9};
  feed::testing::Producer third_{{}, 10};
  std::optional<DiskBudget> budget_;
  std::uint64_t empty_ = 0;  ///< bytes on the disk before the first payload
};

TEST_F(DiskBudgetTest, WithoutABudgetNothingIsDropped) {
  mirror(first_, 0);
  grow(first_, 4, kMiB, 0);
  EXPECT_EQ(budget_->keep(), 1000ms);
  EXPECT_EQ(held(first_).size(), 4U);
}

TEST_F(DiskBudgetTest, WithinTheBudgetNothingIsDroppedAndMeasuringIsFrequent) {
  mirror(first_, 1000 * kMiB);
  grow(first_, 4, kMiB, 0);
  EXPECT_EQ(budget_->keep(), 50ms);
  EXPECT_EQ(held(first_).size(), 4U);
  EXPECT_TRUE(log_.lines().empty());
}

TEST_F(DiskBudgetTest, TheOldestPayloadsOfAllMirroredFeedsGo) {
  mirror(first_, 1000 * kMiB);
  mirror(second_, empty_ + 12 * kMiB);  // the smallest holds
  grow(first_, 4, kMiB, 0);
  grow(first_, 4, kMiB, 4);
  grow(second_, 4, kMiB, 4);
  grow(second_, 4, kMiB, 8);
  EXPECT_EQ(budget_->keep(), 50ms);
  EXPECT_LE(used(), empty_ + 12 * kMiB);
  // Block i of the first feed was appended at second i, of the second one at 4 + i.
  const auto of_first = held(first_);
  const auto of_second = held(second_);
  ASSERT_FALSE(of_second.empty());
  EXPECT_EQ(of_second.back(), 7U) << "the newest stays";
  EXPECT_GE(of_second.size(), 2U) << "no more goes than has to";
  EXPECT_LE(of_first.size() + of_second.size(), 11U);
  const std::uint64_t dropped_of_first = of_first.empty() ? 7 : of_first.front() - 1;
  const std::uint64_t kept = std::min(of_first.empty() ? 8 : of_first.front(), 4 + of_second.front());
  const std::uint64_t dropped = std::max(dropped_of_first, 4 + of_second.front() - 1);
  EXPECT_LE(dropped, kept) << "the oldest of both";
  // What is older is not fetched again.
  const UnixMs floor(1'700'000'000'000 + 1000 * static_cast<std::int64_t>(dropped));
  EXPECT_EQ(host(first_)->terms().oldest_kept(), floor);
  EXPECT_EQ(host(second_)->terms().oldest_kept(), floor);
}

TEST_F(DiskBudgetTest, WhatIsNotMirroredIsDroppedToo) {
  mirror(first_, empty_ + 11 * kMiB);
  grow(first_, 2, kMiB, 100);
  grow(second_, 5, kMiB, 0);  // was only read
  grow(second_, 5, kMiB, 5);
  EXPECT_EQ(budget_->keep(), 50ms);
  EXPECT_EQ(held(first_).size(), 2U);
  EXPECT_LT(held(second_).size(), 10U);
  EXPECT_LE(used(), empty_ + 11 * kMiB);
}

TEST_F(DiskBudgetTest, ABudgetThatIsTooSmallIsReportedUntilItFits) {
  mirror(first_, kMiB / 16);  // less than empty stores take
  grow(first_, 2, kMiB, 0);
  mirror(second_, 0);
  const auto read_only = host(third_);
  EXPECT_EQ(budget_->keep(), 1000ms);
  EXPECT_TRUE(held(first_).empty());
  ASSERT_EQ(log_.lines().size(), 1U);
  EXPECT_NE(log_.lines()[0].find("the budget of 0.0 MiB is too small"), std::string::npos) << log_.lines()[0];
  for (const auto* owner : {&first_, &second_}) {
    ASSERT_TRUE(host(*owner)->allowance().problem().has_value());
    EXPECT_EQ(host(*owner)->allowance().problem()->code, Code::no_space);
    EXPECT_FALSE(may_store(*owner));
  }
  EXPECT_FALSE(read_only->allowance().problem().has_value()) << "no mirror waits for it";
  EXPECT_EQ(budget_->keep(), 1000ms);
  EXPECT_EQ(log_.lines().size(), 1U) << "it is said once";
  mirror(first_, 1000 * kMiB);
  EXPECT_EQ(budget_->keep(), 50ms);
  EXPECT_FALSE(host(first_)->allowance().problem().has_value());
  EXPECT_TRUE(may_store(first_));
}

TEST_F(DiskBudgetTest, AProblemEndsWithTheBudget) {
  mirror(first_, kMiB / 16);
  EXPECT_EQ(budget_->keep(), 1000ms);
  ASSERT_TRUE(host(first_)->allowance().problem().has_value());
  mirror(first_, 0);
  EXPECT_EQ(budget_->keep(), 1000ms);
  EXPECT_FALSE(host(first_)->allowance().problem().has_value());
}

TEST_F(DiskBudgetTest, AnOwnFeedIsNotConcerned) {
  const FeedId own = make_key("mine");
  publish(*must(table_->own("mine")));
  mirror(first_, kMiB / 16);
  EXPECT_EQ(budget_->keep(), 1000ms);
  const auto mine = must(table_->host({own, "mine", true, {}}));
  EXPECT_FALSE(mine->allowance().problem().has_value());
  EXPECT_TRUE(must(mine->reader().has_payload(BlockIndex(0))));
}

TEST_F(DiskBudgetTest, OnceClosedNothingIsKept) {
  mirror(first_, kMiB);
  table_->stop_taking();
  EXPECT_EQ(budget_->keep(), 1000ms);
}

}  // namespace
}  // namespace shoal::node
