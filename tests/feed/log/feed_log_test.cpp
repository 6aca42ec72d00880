#include "feed/log/feed_log.h"

#include "feed/feed_world.h"
#include "feed/log/index_rebuild.h"
#include "feed/read/feed_audit.h"

#include <rapidcheck.h>

#include <atomic>
#include <map>
#include <thread>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::ScratchDir;
using testing::stream;

/// What a plain vector says of a feed.
struct Model {
  struct Block {
    TopicPartition to;
    Offset base;
    std::uint32_t count;
    Bytes payload;
  };
  std::vector<Block> blocks;
  std::map<TopicPartition, Offset> ends;
};

void compare(const FeedReader& reader, const Model& model) {
  RC_ASSERT(reader.block_prefix() == model.blocks.size());
  RC_ASSERT(reader.held_payload_count() == model.blocks.size());
  std::vector<Digest> leaves;
  for (std::size_t i = 0; i < model.blocks.size(); ++i) {
    const BlockIndex index{i};
    const Bytes header_bytes = reader.header_bytes(index).value();
    leaves.push_back(header_leaf(header_bytes));
    const BlockHeader header = decode_header(header_bytes).value();
    RC_ASSERT(header.stream == model.blocks[i].to);
    RC_ASSERT(header.base_offset == model.blocks[i].base);
    RC_ASSERT(header.record_count == model.blocks[i].count);
    RC_ASSERT(reader.payload(index).value() == model.blocks[i].payload);
  }
  RC_ASSERT(reader.header(BlockIndex{model.blocks.size()}).error().code == Code::not_found);
  const auto head = reader.head();
  if (!head) {
    RC_ASSERT(model.blocks.empty());
    return;
  }
  RC_ASSERT(head->tree_size == model.blocks.size());
  RC_ASSERT(head->root == merkle::tree_root(leaves));
  for (const auto& [to, end] : model.ends) RC_ASSERT(reader.topic(to).value()->end == end);
  // Any perfect subtree can be read.
  for (std::uint32_t level = 0; level < 12; ++level) {
    for (std::uint64_t at = 0; (at + 1) << level <= head->tree_size; at += 1 + (head->tree_size >> level) / 3) {
      const auto first = leaves.begin() + static_cast<std::ptrdiff_t>(at << level);
      const Digest expected = merkle::tree_root({first, first + (std::ptrdiff_t{1} << level)});
      RC_ASSERT(reader.tree().read({merkle::NodeId{level, at}}).value().front() == expected);
    }
  }
}

void random_life(Producer& producer, int steps) {
  Model model;
  RC_ASSERT(producer.open().ok());
  for (int step = 0; step < steps; ++step) {
    const int what = *rc::gen::inRange(0, 12);
    if (what == 0) {
      producer.close();
      const auto opened = producer.open();
      RC_ASSERT(opened.ok());
      compare(producer.reader(), model);
    } else if (what == 1 && producer.writer->head() != nullptr) {
      producer.clock.now += *rc::gen::inRange(-1000, 1000);
      const UnixMs before = producer.writer->head()->time;
      const auto beat = producer.writer->heartbeat();
      if (!beat) RC_FAIL(beat.error().message);
      RC_ASSERT(beat->time > before);
    } else if (what == 2) {
      Manifest manifest;
      manifest.title = "step " + std::to_string(step);
      const auto written = producer.writer->commit_manifest(manifest);
      if (!written) RC_FAIL(written.error().message);
      const CommitResult& done = *written;
      Offset& end = model.ends[TopicPartition{}];
      model.blocks.push_back({TopicPartition{}, end, 1, done.blocks.front().payload});
      end += 1;
    } else {
      const int batches = *rc::gen::weightedElement<int>({{10, 1}, {5, 3}, {1, 90}});
      std::vector<PendingBatch> group;
      for (int i = 0; i < batches; ++i) {
        const TopicPartition to = stream("topic" + std::to_string(*rc::gen::inRange(0, 5)));
        std::vector<std::int64_t> times(*rc::gen::inRange<std::size_t>(1, 4));
        for (auto& time : times) time = *rc::gen::inRange(0, 1000);
        group.push_back(batch_of(to, times, *rc::gen::weightedElement<std::size_t>({{20, 10}, {1, 150'000}})));
      }
      const std::size_t first = model.blocks.size();
      for (const PendingBatch& batch : group) {
        Offset& end = model.ends[batch.stream];
        model.blocks.push_back({batch.stream, end, batch.record_count, {}});
        end += batch.record_count;
      }
      const auto done = producer.writer->commit(std::move(group));
      RC_ASSERT(done.ok());
      for (std::size_t i = 0; i < done->blocks.size(); ++i) model.blocks[first + i].payload = done->blocks[i].payload;
    }
  }
  compare(producer.reader(), model);
  if (producer.writer->head() != nullptr) RC_ASSERT(audit(producer.reader(), {})->complete());
}

TEST(FeedLog, BehavesLikeAPlainVectorInMemory) {
  EXPECT_TRUE(rc::check("volatile feeds", [] {
    Producer producer;
    random_life(producer, 25);
  }));
}

TEST(FeedLog, BehavesLikeAPlainVectorOnDisk) {
  int cases = 0;
  EXPECT_TRUE(rc::check("on disk, closed and opened", [&] {
    if (++cases % 12 != 0) return;  // each costs a directory and some fsyncs
    const ScratchDir scratch;
    Producer producer(scratch.path());
    random_life(producer, 30);
  }));
}

TEST(FeedLog, TilesOfAllSizesAround65536) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  merkle::RightEdge edge;
  std::vector<PendingBatch> group;
  const auto commit = [&](std::size_t count) {
    group.clear();
    const PendingBatch one = batch_of(stream("t"), {1}, 1);
    for (std::size_t i = 0; i < count; ++i) group.push_back(one);
    const CommitResult done = producer.writer->commit(std::move(group)).value();
    for (const CommittedBlock& block : done.blocks) {
      edge.append_leaf(header_leaf(block.header));
    }
    ASSERT_EQ(producer.reader().head_edge(), edge);
  };
  for (int i = 0; i < 16; ++i) commit(4095);
  for (int i = 0; i < 40; ++i) {
    commit(1);
    if (i % 8 != 0) continue;
    producer.close();
    ASSERT_TRUE(producer.open().ok());
    ASSERT_EQ(producer.reader().tree().read(merkle::cover(0, edge.size())).value(), edge.hashes());
  }
}

TEST(FeedLog, RebuiltIndicesEqualThoseWritten) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.topics = {{"p", 3, "", ""}}}).ok());
  for (std::int64_t i = 0; i < 300; ++i) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("p", static_cast<std::int32_t>(i % 3)), {i * 7 % 50, i}));
    group.push_back(batch_of(stream("q" + std::to_string(i % 4)), {i * 13 % 99}));
    ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  }
  const auto rows = [&](const store::KvStore& from) {
    std::map<std::pair<store::Column, Bytes>, Bytes> out;
    for (const store::Column column : {store::Column::topics, store::Column::offsets, store::Column::times}) {
      const auto at = from.iterate(column);
      for (at->seek(Bytes{}); at->valid(); at->next()) {
        out[{column, Bytes(at->key().begin(), at->key().end())}] = Bytes(at->value().begin(), at->value().end());
      }
    }
    return out;
  };
  const auto before = rows(*producer.store);
  ASSERT_GT(before.size(), 1200U);
  const auto rebuild = [&] {
    return producer.log->inspect([&](const LogState& state) {
      return rebuild_index_rows(*producer.store, producer.log->number(), producer.id(), state).ok();
    });
  };
  ASSERT_TRUE(rebuild());
  EXPECT_EQ(rows(*producer.store), before);
  // From nothing, too: lost and false rows are healed.
  store::WriteBatch wreck;
  const store::KeyRange all = store::feed_range(producer.log->number());
  wreck.erase_range(store::Column::times, all.begin, all.end);
  wreck.put(store::Column::offsets, store::offset_key(producer.log->number(), store::TopicNumber{1}, Offset{999'999}),
            Bytes(12, 1));
  ASSERT_TRUE(producer.store->write(wreck, store::Sync::no).ok());
  EXPECT_FALSE(audit(producer.reader(), {})->complete());
  ASSERT_TRUE(rebuild());
  EXPECT_EQ(rows(*producer.store), before);
  EXPECT_TRUE(audit(producer.reader(), {})->complete());
  producer.close();
  ASSERT_TRUE(producer.open().ok());
}

TEST(FeedLog, ManyFeedsShareAStoreAndLeaveNothingBehind) {
  Producer first;
  ASSERT_TRUE(first.open().ok());
  base::NullLogSink sink;
  const FeedId second{testing::test_key(8).public_key()};
  auto log = FeedLog::open({first.store.get(), first.store.get()}, second).value();
  auto writer = FeedWriter::open(*log, *first.store, *first.journal, testing::test_key(8), first.clock, sink).value();
  for (std::int64_t i = 0; i < 20; ++i) {
    for (FeedWriter* to : {first.writer.get(), writer.get()}) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream("t"), {i}));
      ASSERT_TRUE(to->commit(std::move(group)).ok());
    }
  }
  EXPECT_EQ(FeedLog::list(*first.store)->size(), 2U);
  writer.reset();
  log.reset();
  ASSERT_TRUE(FeedLog::remove({first.store.get(), first.store.get()}, second).ok());
  EXPECT_EQ(*FeedLog::list(*first.store), std::vector<FeedId>{first.id()});
  EXPECT_EQ(FeedLog::remove({first.store.get(), first.store.get()}, second).error().code, Code::not_found);
  EXPECT_TRUE(audit(first.reader(), {})->complete());
  log = FeedLog::open({first.store.get(), first.store.get()}, second).value();
  EXPECT_EQ(log->head(), std::nullopt);
  EXPECT_EQ(log->header_prefix(), 0U);
}

TEST(FeedLog, DamageIsNamedNeverDelivered) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  for (std::int64_t i = 0; i < 10; ++i) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("t"), {i}));
    ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  }
  const store::FeedNumber number = producer.log->number();
  const auto damaged = [&](store::Column column, const Bytes& key, bool erased) {
    const Bytes good = producer.store->get(column, key).value().value();
    Bytes bad = good;
    bad[bad.size() / 2] ^= 4;
    store::WriteBatch batch;
    erased ? batch.erase(column, key) : batch.put(column, key, bad);
    EXPECT_TRUE(producer.store->write(batch, store::Sync::no).ok());
    const bool named = !audit(producer.reader(), {})->damage.empty();
    if (column == store::Column::payloads) {
      EXPECT_EQ(producer.reader().payload(BlockIndex{4}).error().code, Code::corrupt);
    }
    store::WriteBatch back;
    back.put(column, key, good);
    EXPECT_TRUE(producer.store->write(back, store::Sync::no).ok());
    return named;
  };
  for (const bool erased : {false, true}) {
    EXPECT_TRUE(damaged(store::Column::headers, store::block_key(number, BlockIndex{4}), erased));
    EXPECT_TRUE(damaged(store::Column::payloads, store::block_key(number, BlockIndex{4}), erased));
    EXPECT_TRUE(damaged(store::Column::offsets, store::offset_key(number, store::TopicNumber{1}, Offset{4}), erased));
    EXPECT_TRUE(damaged(store::Column::times, store::time_key(number, store::TopicNumber{1}, BlockIndex{4}), erased));
  }
  EXPECT_TRUE(audit(producer.reader(), {})->complete());
  EXPECT_EQ(audit(producer.reader(), [](auto, auto) { return false; }).error().code, Code::cancelled);
}

TEST(FeedLog, ReadersSeeWholeCommitsBesideTheWriter) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  std::atomic<bool> stop{false};
  std::atomic<std::uint64_t> checked{0};
  std::thread other([&] {
    const FeedReader reader = producer.reader();
    while (!stop) {
      const auto head = reader.head();
      if (!head) continue;
      const auto edge = reader.tree().read(merkle::cover(0, head->tree_size));
      ASSERT_TRUE(edge.ok());
      ASSERT_EQ(merkle::RightEdge::from_hashes(head->tree_size, *edge)->root(), head->root);
      ASSERT_TRUE(reader.payload(BlockIndex{head->tree_size - 1}).ok());
      ASSERT_GE(reader.topic(stream("t")).value()->end, Offset{static_cast<std::int64_t>(head->tree_size)});
      ++checked;
    }
  });
  for (std::int64_t i = 0; i < 1500 || checked < 20; ++i) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("t"), {i}));
    ASSERT_TRUE(producer.writer->commit(std::move(group)).ok());
  }
  stop = true;
  other.join();
}

}  // namespace
}  // namespace shoal::feed
