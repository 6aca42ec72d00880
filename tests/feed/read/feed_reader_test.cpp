#include "feed/read/feed_reader.h"

#include "feed/feed_world.h"
#include "store/buffered_store.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"

#include <rapidcheck.h>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::stream;

/// Two topics with times in no order, and what a plain list says of them.
struct World {
  struct Block {
    BlockIndex index;
    TopicPartition to;
    Offset base;
    std::vector<std::int64_t> times;
  };

  explicit World(std::uint64_t seed, int commits = 40) {
    base::SeededRandom random(seed);
    EXPECT_TRUE(producer.open().ok());
    for (int i = 0; i < commits; ++i) {
      std::vector<PendingBatch> group;
      const std::uint64_t batches = 1 + random.below(3);
      const std::size_t first = blocks.size();
      for (std::uint64_t j = 0; j < batches; ++j) {
        Block block{BlockIndex{blocks.size()}, stream(random.below(2) == 0 ? "a" : "b"), Offset{0}, {}};
        const std::uint64_t records = 1 + random.below(4);
        for (std::uint64_t k = 0; k < records; ++k) block.times.push_back(static_cast<std::int64_t>(random.below(200)));
        group.push_back(batch_of(block.to, block.times));
        blocks.push_back(std::move(block));
      }
      const auto done = producer.writer->commit(std::move(group));
      EXPECT_TRUE(done.ok());
      for (std::size_t j = first; j < blocks.size(); ++j) blocks[j].base = done->blocks[j - first].base_offset;
    }
  }

  Producer producer;
  std::vector<Block> blocks;
};

/// A commit writes its index rows before its headers count: a live reader ended with an error in between.
TEST(FeedReader, RowsOfABlockThatDoesNotCountYetAreNotRead) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  for (int i = 0; i < 3; ++i) ASSERT_TRUE(producer.writer->commit({batch_of(stream("a"), {1})}).ok());
  const store::FeedNumber feed = producer.log->number();
  const store::TopicNumber topic{1};
  const auto row_of = [&](store::Column column, const Bytes& key) { return producer.store->get(column, key)->value(); };
  Bytes offsets = row_of(store::Column::offsets, store::offset_key(feed, topic, Offset{2}));
  offsets[7] = 3;  // the block
  store::WriteBatch batch;
  batch.put(store::Column::offsets, store::offset_key(feed, topic, Offset{3}), offsets);
  batch.put(store::Column::times, store::time_key(feed, topic, BlockIndex{3}),
            row_of(store::Column::times, store::time_key(feed, topic, BlockIndex{2})));
  ASSERT_TRUE(producer.store->write(batch, store::Sync::no).ok());
  const FeedReader reader = producer.reader();
  EXPECT_EQ(reader.block_of_offset(stream("a"), Offset{2}).value(), BlockIndex{2});
  EXPECT_EQ(reader.block_of_offset(stream("a"), Offset{3}).value(), std::nullopt);
  EXPECT_EQ(reader.blocks_in_time(stream("a"), UnixMs{1}, UnixMs{2}, std::nullopt, 10).value().size(), 3U);
}

TEST(FeedReader, WhoFollowsTheEndReadsBeforeTheStoreHasIt) {
  Producer producer;
  auto opened = store::open_rocks_store("feed", store::Backing::memory, producer.sink);
  ASSERT_TRUE(opened.ok());
  const store::KvStore& rows = **opened;
  producer.store = std::make_unique<store::BufferedStore>(*std::move(opened), store::BufferedStore::kMemory);
  ASSERT_TRUE(producer.open().ok());
  const FeedReader reader = producer.reader();
  std::optional<BlockIndex> at;
  for (std::uint64_t i = 0; i < 3; ++i) {
    ASSERT_TRUE(producer.writer->commit({batch_of(stream("a"), {1})}).ok());
    at = reader.next_block(stream("a"), at).value();
    ASSERT_EQ(at, BlockIndex{i});
    EXPECT_TRUE(reader.payload(*at).ok());
    EXPECT_EQ(reader.next_block(stream("a"), at).value(), std::nullopt);
    const Bytes key = store::block_key(producer.log->number(), *at);
    EXPECT_FALSE(rows.contains(store::Column::headers, key).value());
    ASSERT_TRUE(producer.store->make_durable().ok());
    EXPECT_TRUE(rows.contains(store::Column::headers, key).value());
  }
}

TEST(FeedReader, FindsBlocksLikeAPlainList) {
  for (std::uint64_t seed = 1; seed <= 10; ++seed) {
    const World world(seed);
    const FeedReader reader = world.producer.reader();
    for (const TopicPartition& to : {stream("a"), stream("b")}) {
      std::vector<const World::Block*> own;
      for (const World::Block& block : world.blocks) {
        if (block.to == to) own.push_back(&block);
      }
      std::optional<BlockIndex> at;
      for (const World::Block* block : own) {  // the chain, and every offset
        at = reader.next_block(to, at).value();
        ASSERT_EQ(at, block->index);
        for (std::size_t k = 0; k < block->times.size(); ++k) {
          ASSERT_EQ(reader.block_of_offset(to, block->base + static_cast<std::int64_t>(k)).value(), block->index);
        }
      }
      ASSERT_EQ(reader.next_block(to, at).value(), std::nullopt);
      const Offset end = reader.topic(to).value()->end;
      ASSERT_EQ(reader.block_of_offset(to, end).value(), std::nullopt);
      for (std::int64_t time = -1; time <= 201; ++time) {  // Kafka's look-up
        std::optional<BlockIndex> first;
        for (const World::Block* block : own) {
          if (*std::max_element(block->times.begin(), block->times.end()) >= time) {
            first = block->index;
            break;
          }
        }
        ASSERT_EQ(reader.block_of_time(to, UnixMs{time}).value(), first) << "time " << time << " seed " << seed;
      }
    }
    ASSERT_EQ(reader.block_of_offset(stream("c"), Offset{0}).value(), std::nullopt);
    ASSERT_EQ(reader.block_of_offset(stream("a"), Offset{-1}).value(), std::nullopt);
  }
}

TEST(FeedReader, ExactTimeRangesMissNoRecordWhateverTheOrder) {
  base::SeededRandom random(99);
  for (std::uint64_t seed = 1; seed <= 6; ++seed) {
    const World world(seed);
    const FeedReader reader = world.producer.reader();
    for (int round = 0; round < 40; ++round) {
      const auto from = static_cast<std::int64_t>(random.below(200));
      const auto to = from + static_cast<std::int64_t>(random.below(50));
      std::vector<BlockIndex> got;
      std::optional<BlockIndex> after;
      while (true) {  // small pages, continued
        const auto page = reader.blocks_in_time(stream("a"), UnixMs{from}, UnixMs{to}, after, 3).value();
        if (page.empty()) break;
        ASSERT_LE(page.size(), 3U);
        got.insert(got.end(), page.begin(), page.end());
        after = page.back();
      }
      ASSERT_TRUE(std::is_sorted(got.begin(), got.end()));
      for (const World::Block& block : world.blocks) {
        if (block.to != stream("a")) continue;
        const bool matches = std::any_of(block.times.begin(), block.times.end(),
                                         [&](std::int64_t time) { return time >= from && time < to; });
        const bool listed = std::find(got.begin(), got.end(), block.index) != got.end();
        ASSERT_TRUE(listed || !matches) << "block " << block.index.value();
        const auto [low, high] = std::minmax_element(block.times.begin(), block.times.end());
        ASSERT_FALSE(listed && (*high < from || *low >= to));
      }
    }
  }
}

TEST(FeedReader, TopicViewsFollowTheTopicState) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.topics = {{"z", 2, "", ""}}}).ok());
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("a"), {3, 9, 1}));
  ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  const auto views = producer.reader().topics().value();
  ASSERT_EQ(views.size(), 3U);
  EXPECT_EQ(views[0].stream, stream("z", 0));
  EXPECT_EQ(views[1].stream, stream("z", 1));
  EXPECT_EQ(views[2].stream, stream("a"));
  EXPECT_EQ(views[0].end, Offset{0});
  EXPECT_EQ(views[0].last_block, std::nullopt);
  EXPECT_EQ(views[2].end, Offset{3});
  EXPECT_EQ(views[2].high_watermark, Offset{3});
  EXPECT_EQ(views[2].largest_time, UnixMs{9});
  EXPECT_GT(views[2].bytes, 61U);
}

TEST(FeedReader, ServesProvenEntriesOfTheWholeTopicState) {
  const World world(5);
  const FeedReader reader = world.producer.reader();
  const Checkpoint head = reader.head().value();
  const auto known = reader.known_entries();
  ASSERT_EQ(known.size(), head.topic_count);
  for (const std::uint32_t position : known) {
    const auto proven = reader.topic_entry(position).value();
    EXPECT_TRUE(verify_topic_entry(proven.entry, position, head.topic_count, head.topic_root, proven.path).ok());
  }
  EXPECT_EQ(reader.topic_entry(head.topic_count).error().code, Code::not_found);
}

TEST(FeedReader, PrunedPayloadsAreNamedAndHeadersStay) {
  World world(6);
  ASSERT_TRUE(world.producer.writer->commit_manifest(Manifest{.title = "kept"}).ok());
  const auto manifest_block = world.producer.reader().head()->tree_size - 1;
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("a"), {1}));
  ASSERT_TRUE(world.producer.writer->commit(std::move(group)).ok());
  ASSERT_TRUE(world.producer.log->prune_before(BlockIndex{manifest_block + 1}).ok());
  for (int reopened = 0; reopened < 2; ++reopened) {
    const FeedReader reader = world.producer.reader();
    EXPECT_EQ(reader.payload(BlockIndex{0}).error().code, Code::pruned);
    EXPECT_TRUE(reader.header(BlockIndex{0}).ok());
    EXPECT_EQ(reader.manifest().value()->title, "kept");
    EXPECT_EQ(reader.block_prefix(), reader.head()->tree_size);
    EXPECT_EQ(reader.held_payload_count(), 2U);
    const TopicView view = reader.topic(stream("a")).value().value();
    EXPECT_EQ(view.log_start, view.end - 1);
    EXPECT_EQ(view.high_watermark, view.end);
    world.producer.close();
    ASSERT_TRUE(world.producer.open().ok());
  }
}

}  // namespace
}  // namespace shoal::feed
