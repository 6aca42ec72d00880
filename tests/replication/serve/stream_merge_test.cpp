#include "replication/serve/stream_merge.h"

#include "feed/feed_world.h"
#include "replication/wire/message.h"
#include "store/forwarding_store.h"

#include <gtest/gtest.h>

#include <set>
#include <vector>

namespace shoal::replication {
namespace {

using feed::testing::batch_of;

/// Counts all that is read.
class CountedStore final : public store::ForwardingStore {
 public:
  explicit CountedStore(std::unique_ptr<store::KvStore> inner) : ForwardingStore(std::move(inner)) {}
  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    ++reads;
    return ForwardingStore::get(column, key);
  }
  mutable int reads = 0;
};

/// A feed with the topic `wide`, of many partitions, and `thin`, of one.
class StreamMergeTest : public ::testing::Test {
 protected:
  void SetUp() override {
    auto made = std::make_unique<CountedStore>(*store::open_rocks_store("own", store::Backing::memory, producer_.sink));
    store_ = made.get();
    producer_.store = std::move(made);
    ASSERT_TRUE(producer_.open().ok());
    reader_.emplace(producer_.reader());
  }
  void create(std::uint32_t partitions) {
    feed::Manifest manifest;
    manifest.topics = {{"wide", partitions, "", ""}, {"thin", 1, "", ""}};
    ASSERT_TRUE(producer_.writer->commit_manifest(manifest).ok());
  }
  void publish(const std::string& topic, std::int32_t partition) {
    ASSERT_TRUE(producer_.writer->commit({batch_of({topic, Partition{partition}}, {++time_}, 16)}).ok());
  }
  [[nodiscard]] std::uint64_t size() const { return reader_->head()->tree_size; }
  /// The blocks that it finds, and how they are named.
  std::vector<std::uint64_t> all(StreamMerge& merge, std::uint64_t from, std::uint64_t limit) {
    std::vector<std::uint64_t> out;
    while (true) {
      const auto next = merge.next(from, limit, turn_);
      if (!next || !next->block) return out;
      out.push_back(next->block->value());
      from = out.back() + 1;
    }
  }
  /// What a walk of all headers finds.
  std::vector<std::uint64_t> expected(const std::set<TopicPartition>& wanted, std::uint64_t from,
                                      std::uint64_t limit) const {
    std::vector<std::uint64_t> out;
    for (std::uint64_t block = from; block < limit; ++block) {
      const TopicPartition stream = reader_->header(BlockIndex{block})->stream;
      if (wanted.contains(stream) || wanted.contains({stream.topic, kAllPartitions})) out.push_back(block);
    }
    return out;
  }

  feed::testing::Producer producer_;
  CountedStore* store_ = nullptr;
  std::optional<feed::FeedReader> reader_;
  ReadTurn turn_;
  std::int64_t time_ = 0;
};

TEST_F(StreamMergeTest, FindsTheBlocksOfAnyPartitionsInOrder) {
  create(20);
  for (std::int32_t i = 0; i < 200; ++i) publish(i % 3 == 0 ? "thin" : "wide", i % 3 == 0 ? 0 : (i * 7) % 20);
  const std::vector<std::set<TopicPartition>> cases = {
      {{"wide", kAllPartitions}},
      {{"thin", kAllPartitions}},
      {{"thin", Partition{0}}, {"wide", kAllPartitions}},
      {{"wide", Partition{3}}},
      {{"wide", Partition{3}}, {"wide", Partition{4}}, {"wide", Partition{19}}, {"none", Partition{0}}},
      {{"wide", kAllPartitions}, {"wide", Partition{3}}},
  };
  for (const auto& wanted : cases) {
    for (const std::uint64_t from : {std::uint64_t{0}, std::uint64_t{1}, std::uint64_t{77}, size() - 1, size()}) {
      StreamMerge merge(*reader_, {wanted.begin(), wanted.end()});
      EXPECT_EQ(all(merge, from, size()), expected(wanted, from, size())) << wanted.begin()->topic << " from " << from;
      StreamMerge part(*reader_, {wanted.begin(), wanted.end()});
      EXPECT_EQ(all(part, from / 2, 100), expected(wanted, from / 2, 100));
    }
  }
}

TEST_F(StreamMergeTest, ALargerLimitGoesOnWithNewBlocksAndTopics) {
  create(2);
  publish("wide", 0);
  StreamMerge merge(*reader_, {{"wide", kAllPartitions}, {"late", kAllPartitions}});
  EXPECT_EQ(all(merge, 0, size()), (std::vector<std::uint64_t>{1}));
  const std::uint64_t before = size();
  publish("late", 0);
  publish("thin", 0);
  publish("thin", 0);
  publish("late", 0);
  publish("wide", 1);
  EXPECT_EQ(all(merge, before, size()), (std::vector<std::uint64_t>{before, before + 3, before + 4}));
}

TEST_F(StreamMergeTest, ATopicThatBeginsBelowTheLimitMeanwhileIsFound) {
  create(2);
  publish("wide", 0);
  StreamMerge merge(*reader_, {{"wide", kAllPartitions}, {"late", kAllPartitions}});
  const auto first = merge.next(0, 10, turn_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->block, BlockIndex{1});
  for (int i = 0; i < 5; ++i) publish("thin", 0);
  publish("late", 0);
  const auto second = merge.next(2, 10, turn_);
  ASSERT_TRUE(second.ok());
  EXPECT_EQ(second->block, BlockIndex{7});
}

TEST_F(StreamMergeTest, ManyPartitionsCostNothingBeforeTheyAreNeeded) {
  create(60'000);
  for (std::int32_t i = 0; i < 50; ++i) publish("wide", i * 1000);
  store_->reads = 0;
  StreamMerge merge(*reader_, {{"wide", kAllPartitions}});
  EXPECT_LT(merge.memory(), 1000U);
  EXPECT_EQ(store_->reads, 0);
  EXPECT_EQ(all(merge, 1, size()).size(), 50U);
  EXPECT_LE(store_->reads, 2 * 51);
  EXPECT_LT(merge.memory(), 4096U);
}

TEST_F(StreamMergeTest, TheTurnEndsASearchThatFindsNothing) {
  create(3000);
  for (std::int32_t i = 0; i < 30; ++i) publish("thin", 0);
  publish("wide", 2999);
  ReadBudget budget;
  ReadTurn turn(budget, base::MonoTime{1});
  turn.spend(ReadTurn::kBytes - 20 * ReadBudget::kRow);
  StreamMerge merge(*reader_, {{"wide", kAllPartitions}});
  store_->reads = 0;
  const auto first = merge.next(1, size(), turn);
  ASSERT_TRUE(first.ok());
  EXPECT_TRUE(first->later);
  EXPECT_FALSE(first->block);
  EXPECT_LE(store_->reads, 40);
  ReadTurn second(budget, base::MonoTime{2});
  const auto found = merge.next(1, size(), second);
  ASSERT_TRUE(found.ok());
  EXPECT_EQ(found->block, BlockIndex{size() - 1});
}

TEST_F(StreamMergeTest, CursorsAreOfPartitionsThatHaveMoreToCome) {
  create(1000);
  for (std::int32_t i = 0; i < 1000; ++i) publish("wide", i);
  for (std::int32_t i = 0; i < 1000; ++i) publish("thin", 0);
  for (std::int32_t i = 0; i < 1000; ++i) publish("wide", i);
  StreamMerge merge(*reader_, {{"wide", kAllPartitions}});
  const auto first = merge.next(1001, size(), turn_);
  ASSERT_TRUE(first.ok());
  EXPECT_EQ(first->block, BlockIndex{2001});
  EXPECT_GE(merge.memory(), 1000U * 16);
  EXPECT_LE(merge.memory(), 2 * 1024U * 16 + 1000);
  std::ignore = all(merge, 2001, size());
  publish("thin", 0);
  EXPECT_TRUE(all(merge, size() - 1, size()).empty());
  EXPECT_LT(merge.memory(), 1000U) << "a new limit begins without cursors";
}

TEST(ReadBudget, IsRefilledByTimeAndByWhatIsSent) {
  using namespace std::chrono_literals;
  ReadBudget budget;
  budget.spend(512U << 20);
  EXPECT_FALSE(budget.left(base::MonoTime{0}));
  EXPECT_TRUE(budget.left(1ms));
  budget.spend(100U << 20);
  EXPECT_FALSE(budget.left(1s));
  budget.repay(100U << 20);
  EXPECT_TRUE(budget.left(1s));
  EXPECT_TRUE(budget.left(1h));
  budget.spend((512U << 20) - 1);
  EXPECT_TRUE(budget.left(1h)) << "no more than the burst is saved";
  budget.spend(1);
  EXPECT_FALSE(budget.left(1h));
}

}  // namespace
}  // namespace shoal::replication
