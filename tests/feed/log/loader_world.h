#pragma once

#include "feed/feed_world.h"
#include "feed/log/log_loader.h"
#include "feed/log/log_rows.h"
#include "feed/recording_store.h"

#include <map>
#include <memory>
#include <string>

namespace shoal::feed::testing {

/// A feed of a manifest and 30 blocks in topics a and b, at its owner (one store) and at a mirror (two). Tests change
/// rows and load them again.
class LoaderWorld : public ::testing::Test {
 protected:
  void SetUp() override {
    auto own = std::make_unique<RecordingStore>("own", calls_);
    own_ = own.get();
    producer_.store = std::move(own);
    ASSERT_TRUE(producer_.open().ok());
    ASSERT_TRUE(producer_.writer->commit_manifest(Manifest{.topics = {{"a", 1, "", ""}}}).ok());
    publish(20);
    old_head_ = *producer_.reader().head();
    publish(10);
    auto heads = std::make_unique<RecordingStore>("heads", calls_);
    auto blocks = std::make_unique<RecordingStore>("blocks", calls_);
    heads_ = heads.get();
    blocks_ = blocks.get();
    mirror_.heads = std::move(heads);
    mirror_.blocks = std::move(blocks);
    ASSERT_TRUE(mirror_.open().ok());
  }
  void publish(int blocks) {
    for (int i = 0; i < blocks; ++i) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream(i % 3 == 0 ? "b" : "a"), {i, 5}));
      ASSERT_TRUE(producer_.writer->commit(std::move(group)).ok());
    }
  }
  void follow() { ASSERT_TRUE(replicate(producer_.reader(), mirror_).ok()); }

  [[nodiscard]] FeedRows own_rows() const { return {{own_, own_}, producer_.id(), producer_.log->number()}; }
  [[nodiscard]] FeedRows mirror_rows() const { return {{heads_, blocks_}, producer_.id(), mirror_.log->number()}; }
  static Result<LoadedLog> load(const FeedRows& rows) { return LogLoader(rows).load(); }

  /// Loading `rows` finds damage, and names it so.
  static void expect_corrupt(const FeedRows& rows, const std::string& says) {
    const auto loaded = load(rows);
    ASSERT_FALSE(loaded.ok()) << says;
    EXPECT_EQ(loaded.error().code, Code::corrupt);
    EXPECT_NE(loaded.error().message.find(says), std::string::npos) << loaded.error().message;
  }
  static void put(store::KvStore& store, store::Column column, const Bytes& key, const Bytes& value) {
    store::WriteBatch batch;
    batch.put(column, key, value);
    ASSERT_TRUE(store.write(batch, store::Sync::no).ok());
  }
  static void erase(store::KvStore& store, store::Column column, const Bytes& key) {
    store::WriteBatch batch;
    batch.erase(column, key);
    ASSERT_TRUE(store.write(batch, store::Sync::no).ok());
  }
  static Bytes row(const store::KvStore& store, store::Column column, const Bytes& key) {
    return store.get(column, key).value().value();
  }
  /// Both copies of the head.
  static void put_head(const FeedRows& rows, const Checkpoint& head) {
    for (store::KvStore* store : {rows.stores.heads, rows.stores.blocks}) {
      put(*store, store::Column::meta, store::head_key(rows.number), encode_checkpoint(head));
    }
  }
  static void erase_head(const FeedRows& rows) {
    for (auto* store : {rows.stores.heads, rows.stores.blocks})
      erase(*store, store::Column::meta, store::head_key(rows.number));
  }
  [[nodiscard]] Checkpoint sign(Checkpoint head) const {
    head.signature = crypto::sign(test_key(), base::as_bytes(note_text(producer_.id(), head)));
    return head;
  }
  static Bytes topic_key(const FeedRows& rows, std::uint32_t number) {
    return store::topic_key(rows.number, store::TopicNumber{number});
  }
  [[nodiscard]] Bytes row_of_header(std::uint64_t block) const {
    return row(*blocks_, store::Column::headers, block_key(mirror_rows(), block));
  }
  static Bytes block_key(const FeedRows& rows, std::uint64_t block) {
    return store::block_key(rows.number, BlockIndex{block});
  }

  std::shared_ptr<RecordingStore::Calls> calls_ = std::make_shared<RecordingStore::Calls>();
  Producer producer_;
  Follower mirror_{FeedId{test_key().public_key()}};
  RecordingStore* own_ = nullptr;
  RecordingStore* heads_ = nullptr;
  RecordingStore* blocks_ = nullptr;
  Checkpoint old_head_;  // of 21 blocks; the newest is of 31
};

/// All of a state that rows keep.
inline void expect_equal(const LogState& loaded, const LogState& live) {
  EXPECT_EQ(loaded.head, live.head);
  EXPECT_EQ(loaded.head_edge, live.head_edge);
  EXPECT_EQ(loaded.fork_proof, live.fork_proof);
  EXPECT_EQ(loaded.fork_limit, live.fork_limit);
  EXPECT_EQ(loaded.tail.edge(), live.tail.edge());
  EXPECT_EQ(loaded.applied, live.applied);
  EXPECT_EQ(loaded.topics->size(), live.topics->size());
  EXPECT_EQ(loaded.topics->root(), live.topics->root());
  EXPECT_EQ(loaded.headers.runs(), live.headers.runs());
  EXPECT_EQ(loaded.payloads.runs(), live.payloads.runs());
  EXPECT_EQ(loaded.pruned.runs(), live.pruned.runs());
  EXPECT_EQ(loaded.returned.runs(), live.returned.runs());
  EXPECT_EQ(loaded.numbers, live.numbers);
  EXPECT_EQ(loaded.places, live.places);
  ASSERT_EQ(loaded.partitions.size(), live.partitions.size());
  for (std::size_t i = 0; i < live.partitions.size(); ++i) {
    const PartitionState& a = loaded.partitions[i];
    const PartitionState& b = live.partitions[i];
    EXPECT_EQ(a.stream, b.stream);
    EXPECT_EQ(a.position, b.position);
    EXPECT_EQ(a.log_start, b.log_start);
    EXPECT_EQ(a.high_watermark, b.high_watermark);
    EXPECT_EQ(a.held_end, b.held_end);
    EXPECT_EQ(a.last_held, b.last_held);
    EXPECT_EQ(a.largest_held, b.largest_held);
    EXPECT_EQ(a.payload_bytes, b.payload_bytes);
    EXPECT_EQ(a.learned.has_value(), b.learned.has_value());
  }
}

}  // namespace shoal::feed::testing
