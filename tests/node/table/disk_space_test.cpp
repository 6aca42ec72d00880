#include "node/table/disk_space.h"

#include "feed/recording_store.h"
#include "store/keyspace.h"

#include <gtest/gtest.h>

#include <limits>

namespace shoal::node {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;

/// A store without rows whose files are as a test says; knows what was compacted.
class FullStore final : public store::KvStore {
 public:
  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column, ByteView) const override { return refused(); }
  [[nodiscard]] Result<bool> contains(store::Column, ByteView) const override { return refused(); }
  [[nodiscard]] std::unique_ptr<store::KvIterator> iterate(store::Column) const override { return nullptr; }
  [[nodiscard]] Result<void> write(const store::WriteBatch&, store::Sync) override { return refused(); }
  [[nodiscard]] Result<void> make_durable() override { return refused(); }
  [[nodiscard]] Result<void> drop_range(store::Column, ByteView, ByteView) override { return refused(); }
  [[nodiscard]] Result<void> compact(store::Column column, ByteView begin, ByteView end) override {
    ++compacted;
    compacted_column = column;
    range = {Bytes(begin.begin(), begin.end()), Bytes(end.begin(), end.end())};
    return answer;
  }
  [[nodiscard]] ValueFiles value_files(store::Column column) const override {
    return column == store::Column::payloads ? files : ValueFiles{};
  }

  ValueFiles files;
  Result<void> answer;
  int compacted = 0;
  std::optional<store::Column> compacted_column;
  store::KeyRange range;

 private:
  static Error refused() { return {Code::io, "only compacted here", ""}; }
};

class DiskSpaceTest : public ::testing::Test {
 protected:
  /// Rewrites when these bytes are dead of these.
  bool rewrites(std::uint64_t dead, std::uint64_t bytes) {
    store_.files = {bytes, dead};
    const int before = store_.compacted;
    EXPECT_TRUE(rewrite_if_worth(store_).ok());
    return store_.compacted != before;
  }

  FullStore store_;
  feed::testing::RecordingStore rows_{"own", std::make_shared<feed::testing::RecordingStore::Calls>()};
  std::unique_ptr<feed::FeedLog> log_ = feed::FeedLog::open({&rows_, &rows_}, FeedId{}).value();
};

TEST_F(DiskSpaceTest, IsRewrittenWhen4MiBAndAQuarterAreDead) {
  EXPECT_TRUE(rewrites(4 * kMiB, 4 * kMiB));
  EXPECT_FALSE(rewrites(4 * kMiB - 1, 4 * kMiB));
  EXPECT_TRUE(rewrites(5 * kMiB, 20 * kMiB));
  EXPECT_FALSE(rewrites(5 * kMiB - 1, 20 * kMiB));
  EXPECT_FALSE(rewrites(0, 0));
}

TEST_F(DiskSpaceTest, AllPayloadsAreRewritten) {
  ASSERT_TRUE(rewrite_payloads(store_).ok());
  EXPECT_EQ(store_.compacted, 1);
  EXPECT_EQ(store_.compacted_column, store::Column::payloads);
  const store::FeedNumber last(std::numeric_limits<std::uint32_t>::max());
  EXPECT_LE(store_.range.begin, store::block_key(store::FeedNumber(1), BlockIndex(0)));
  EXPECT_GT(store_.range.end, store::block_key(last, BlockIndex(std::numeric_limits<std::uint64_t>::max())));
}

TEST_F(DiskSpaceTest, ADiskThatRefusesIsTold) {
  store_.answer = Error{Code::no_space, "full", ""};
  const auto rewritten = rewrite_payloads(store_);
  ASSERT_FALSE(rewritten.ok());
  EXPECT_EQ(rewritten.error().code, Code::no_space);
}

TEST_F(DiskSpaceTest, WhatWasPrunedIsGivenBack) {
  store_.files = {20 * kMiB, 5 * kMiB};
  ASSERT_TRUE(give_back_pruned(*log_, store_, {BlockIndex(3), BlockIndex(4)}).ok());
  ASSERT_EQ(rows_.reclaimed().size(), 1U);
  EXPECT_EQ(rows_.reclaimed()[0].first, store::Column::payloads);
  EXPECT_EQ(store::block_of_key(rows_.reclaimed()[0].second.first), BlockIndex(3));
  EXPECT_EQ(store_.compacted, 1);
  store_.files.dead = 0;
  ASSERT_TRUE(give_back_pruned(*log_, store_, {BlockIndex(3), BlockIndex(4)}).ok());
  EXPECT_EQ(rows_.reclaimed().size(), 2U);
  EXPECT_EQ(store_.compacted, 1);
}

TEST_F(DiskSpaceTest, WhereNothingWasPrunedNothingIsDone) {
  store_.files = {20 * kMiB, 20 * kMiB};
  ASSERT_TRUE(give_back_pruned(*log_, store_, {BlockIndex(3), BlockIndex(3)}).ok());
  EXPECT_TRUE(rows_.reclaimed().empty());
  EXPECT_EQ(store_.compacted, 0);
}

}  // namespace
}  // namespace shoal::node
