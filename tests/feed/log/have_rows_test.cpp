#include "feed/log/have_rows.h"

#include "feed/feed_world.h"

#include <rapidcheck.h>

namespace shoal::feed {
namespace {

constexpr store::FeedNumber kFeed{3};

std::unique_ptr<store::KvStore> memory_store() {
  base::NullLogSink sink;
  return store::open_rocks_store("have", store::Backing::memory, sink).value();
}

TEST(HaveRows, SetsComeBackAsTheyWere) {
  EXPECT_TRUE(rc::check("random runs over several chunks", [] {
    const auto rows = memory_store();
    RangeSet set;
    for (int commit = 0; commit < 5; ++commit) {
      std::vector<std::uint64_t> added;
      std::uint64_t at = *rc::gen::inRange<std::uint64_t>(0, 3 * kHaveChunk);
      const auto count = *rc::gen::inRange<std::size_t>(0, 2000);
      const auto stride = *rc::gen::element<std::uint64_t>(1, 2, 9);
      for (std::size_t i = 0; i < count; ++i, at += stride) {
        if (!set.contains(at)) added.push_back(at);
      }
      store::WriteBatch batch;
      put_have_rows(batch, kFeed, HaveSet::payloads, set, added);
      RC_ASSERT(rows->write(batch, store::Sync::no).ok());
      for (const std::uint64_t position : added) set.add(position);
    }
    const auto loaded = load_have_set(*rows, kFeed, HaveSet::payloads);
    RC_ASSERT(loaded.ok());
    RC_ASSERT(loaded->runs() == set.runs());
    RC_ASSERT(load_have_set(*rows, kFeed, HaveSet::headers)->count() == 0U);
    RC_ASSERT(load_have_set(*rows, store::FeedNumber{4}, HaveSet::payloads)->count() == 0U);
  }));
}

TEST(HaveRows, PositionsNearTheLargestTreeSizeCostOneRow) {
  const auto rows = memory_store();
  store::WriteBatch batch;
  put_have_rows(batch, kFeed, HaveSet::headers, RangeSet{}, {merkle::kMaxTreeSize - 1});
  ASSERT_EQ(batch.operations().size(), 1U);
  ASSERT_TRUE(rows->write(batch, store::Sync::no).ok());
  EXPECT_TRUE(load_have_set(*rows, kFeed, HaveSet::headers)->contains(merkle::kMaxTreeSize - 1));
}

TEST(HaveRows, DamagedRowsAreCorrupt) {
  for (const Bytes& value : {Bytes{}, Bytes{0, 0, 5, 0, 5}, Bytes{0, 0, 0, 0xff, 0xff}, Bytes{0, 1}, Bytes(1024, 1)}) {
    const auto rows = memory_store();
    store::WriteBatch batch;
    put_have_rows(batch, kFeed, HaveSet::headers, RangeSet{}, {5});
    const Bytes key = batch.operations().front().key;
    store::WriteBatch bad;
    bad.put(store::Column::meta, key, value);
    ASSERT_TRUE(rows->write(bad, store::Sync::no).ok());
    const auto loaded = load_have_set(*rows, kFeed, HaveSet::headers);
    ASSERT_FALSE(loaded.ok());
    EXPECT_EQ(loaded.error().code, Code::corrupt);
  }
}

TEST(HaveRows, TheShorterOfRunsAndBitmapIsStored) {
  constexpr std::uint64_t kMostRuns = kHaveChunk / 8 / 4;
  for (const std::uint64_t runs : {kMostRuns, kMostRuns + 1}) {
    RangeSet set;
    for (std::uint64_t i = 0; i < runs; ++i) set.add(kHaveChunk - 1 - 2 * i);
    store::WriteBatch batch;
    put_have_range(batch, kFeed, HaveSet::headers, set, 0, 1);
    ASSERT_EQ(batch.operations().size(), 1U);
    const Bytes& row = batch.operations().front().value;
    EXPECT_EQ(row.size(), 1 + kHaveChunk / 8);
    EXPECT_EQ(row[0], runs == kMostRuns ? 0 : 1);
    const auto rows = memory_store();
    ASSERT_TRUE(rows->write(batch, store::Sync::no).ok());
    EXPECT_EQ(load_have_set(*rows, kFeed, HaveSet::headers)->runs(), set.runs());
  }
}

TEST(HaveRows, OnlyRowsThatARangeTouchesAreWritten) {
  RangeSet set;
  set.add(0, 4 * kHaveChunk);
  const auto written = [&](std::uint64_t begin, std::uint64_t end) {
    store::WriteBatch batch;
    put_have_range(batch, kFeed, HaveSet::headers, set, begin, end);
    return batch.operations().size();
  };
  EXPECT_EQ(written(0, 0), 0U);
  EXPECT_EQ(written(0, kHaveChunk), 1U);
  EXPECT_EQ(written(kHaveChunk - 1, kHaveChunk), 1U);
  EXPECT_EQ(written(kHaveChunk - 1, kHaveChunk + 1), 2U);
  EXPECT_EQ(written(kHaveChunk, 3 * kHaveChunk), 2U);
}

TEST(HaveRows, AddedPositionsRewriteTheirRowsOnly) {
  RangeSet set;
  set.add(0, 4 * kHaveChunk);
  store::WriteBatch batch;
  put_have_rows(batch, kFeed, HaveSet::headers, set, {kHaveChunk - 1, kHaveChunk, 2 * kHaveChunk - 1});
  EXPECT_EQ(batch.operations().size(), 2U);
}

TEST(HaveRows, AKeyThatIsNoNumberOrTooLargeIsCorrupt) {
  const auto load = [](const std::string& chunk) {
    const auto rows = memory_store();
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::feed_property_key(kFeed, "have/h/" + chunk), Bytes{0, 0, 0, 0, 1});
    EXPECT_TRUE(rows->write(batch, store::Sync::no).ok());
    return load_have_set(*rows, kFeed, HaveSet::headers);
  };
  const std::uint64_t last = merkle::kMaxTreeSize / kHaveChunk;
  EXPECT_TRUE(load("7")->contains(7 * kHaveChunk));
  EXPECT_TRUE(load(std::to_string(last)).ok());
  for (const std::string& bad : {std::string(), std::string("x"), std::string("7x"), std::to_string(last + 1)}) {
    const auto loaded = load(bad);
    ASSERT_FALSE(loaded.ok()) << bad;
    EXPECT_EQ(loaded.error().code, Code::corrupt);
  }
}

TEST(HaveRows, ABitmapOfAnotherSizeIsCorrupt) {
  for (const std::size_t size : {kHaveChunk / 8, kHaveChunk / 8 + 1, kHaveChunk / 8 + 2}) {
    const auto rows = memory_store();
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::feed_property_key(kFeed, "have/h/0"), Bytes(size, 1));
    ASSERT_TRUE(rows->write(batch, store::Sync::no).ok());
    EXPECT_EQ(load_have_set(*rows, kFeed, HaveSet::headers).ok(), size == kHaveChunk / 8 + 1) << size;
  }
}

}  // namespace
}  // namespace shoal::feed
