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

}  // namespace
}  // namespace shoal::feed
