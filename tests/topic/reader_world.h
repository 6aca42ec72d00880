#pragma once

#include "feed/feed_world.h"
#include "topic/topic_reader.h"

#include <algorithm>
#include <map>
#include <optional>
#include <string>
#include <vector>

/// Random feeds, and what a reader of them must deliver, said as plainly as can be.
namespace shoal::topic::testing {

using feed::testing::Follower;
using feed::testing::Producer;

struct Seen {
  std::uint64_t block = 0;
  TopicPartition stream;
  std::int64_t offset = 0;
  std::int64_t time = 0;
  std::string value;

  auto operator<=>(const Seen&) const = default;
};

/// A producer whose records are also kept in a vector.
class RandomFeed {
 public:
  explicit RandomFeed(std::uint64_t seed) : random(seed) {
    EXPECT_TRUE(producer.open().ok());
    feed::Manifest manifest;
    for (const char* name : {"ak", "ci", "us"}) {
      const auto partitions = static_cast<std::uint32_t>(1 + random.below(3));
      manifest.topics.push_back({name, partitions, "", ""});
      for (std::uint32_t i = 0; i < partitions; ++i) streams.push_back({name, Partition(static_cast<std::int32_t>(i))});
    }
    EXPECT_TRUE(producer.writer->commit_manifest(manifest).ok());
    streams.push_back({"nn", Partition(0)});  // not in the manifest: appears with its first block
  }

  /// Times wander forward but are out of order by up to 50 both ways.
  void append(std::size_t blocks) {
    while (blocks > 0) {
      std::vector<feed::PendingBatch> group;
      for (std::uint64_t i = 1 + random.below(3); i > 0 && blocks > 0; --i, --blocks) {
        std::vector<std::int64_t> times;
        for (std::uint64_t n = 1 + random.below(4); n > 0; --n) times.push_back(near(clock_ += 2));
        group.push_back(feed::testing::batch_of(streams[random.below(streams.size())], times));
      }
      const auto done = producer.writer->commit(std::move(group));
      ASSERT_TRUE(done.ok()) << done.error().message;
      for (const feed::CommittedBlock& block : done->blocks) remember(block);
    }
  }

  std::int64_t near(std::int64_t time) { return time + static_cast<std::int64_t>(random.below(100)) - 50; }
  [[nodiscard]] std::uint64_t size() const { return producer.reader().head()->tree_size; }
  [[nodiscard]] std::int64_t end_of(const TopicPartition& stream) const {
    return std::count_if(records.begin(), records.end(), [&](const Seen& seen) { return seen.stream == stream; });
  }

  /// What a reader must deliver, in feed order.
  [[nodiscard]] std::vector<Seen> expected(const Selection& selection, const StartPosition& start) const {
    std::vector<Seen> out;
    for (const Seen& seen : records) {
      if (!selection.filter.selects(seen.stream)) continue;
      if (selection.from && seen.time < selection.from->value()) continue;
      if (selection.before && seen.time >= selection.before->value()) continue;
      if (start.kind == StartPosition::Kind::end) continue;
      if (start.kind == StartPosition::Kind::offset && seen.offset < start.number) continue;
      if (start.kind == StartPosition::Kind::last && seen.offset < end_of(seen.stream) - start.number) continue;
      out.push_back(seen);
    }
    return out;
  }

  Selection random_selection() {
    static const std::vector<std::vector<std::string>> kFilters{{},    {"ak"},       {"us", "nn"},
                                                                {"*"}, {"?i", "nn"}, {"none"}};
    Selection selection;
    selection.filter.topics = kFilters[random.below(kFilters.size())];
    if (random.below(4) == 0) selection.filter.partition = Partition(static_cast<std::int32_t>(random.below(3)));
    if (random.below(3) == 0) selection.from = UnixMs(near(static_cast<std::int64_t>(random.below(400))));
    if (random.below(3) == 0) selection.before = UnixMs(near(static_cast<std::int64_t>(random.below(400))));
    selection.ordered = random.below(2) == 0;
    return selection;
  }

  Producer producer;
  base::SeededRandom random;
  std::vector<TopicPartition> streams;
  std::vector<Seen> records;

 private:
  void remember(const feed::CommittedBlock& block) {
    const auto batch = record::DecodedBatch::decode(block.payload);
    ASSERT_TRUE(batch.ok());
    for (const record::RecordView& record : batch->records()) {
      records.push_back({block.index.value(), block.stream, record.offset.value(), record.timestamp.value(),
                         std::string(base::as_text(*record.value))});
    }
  }

  std::int64_t clock_ = 100;
};

/// One record as delivered, and the token that goes on behind it.
struct Delivered {
  Seen seen;
  std::string token;
};

/// Everything that is readable now; false (with a test failure) on an error.
inline bool drain(TopicReader& reader, std::vector<Delivered>& out) {
  for (;;) {
    auto slice = reader.next();
    if (!slice) {
      ADD_FAILURE() << slice.error().message;
      return false;
    }
    if (!slice.value()) return true;
    const Slice& got = *slice.value();
    EXPECT_FALSE(got.records.empty());
    for (const std::uint32_t position : got.records) {
      const record::RecordView& record = got.batch->records()[position];
      out.push_back({{got.block.value(), got.stream, record.offset.value(), record.timestamp.value(),
                      std::string(base::as_text(*record.value))},
                     encode_cursor(got.cursor_after(position))});
    }
  }
}

inline std::map<TopicPartition, std::vector<Seen>> by_stream(const std::vector<Seen>& records) {
  std::map<TopicPartition, std::vector<Seen>> out;
  for (const Seen& seen : records) out[seen.stream].push_back(seen);
  return out;
}

inline std::vector<Seen> seen_of(const std::vector<Delivered>& delivered, std::size_t from = 0) {
  std::vector<Seen> out;
  for (std::size_t i = from; i < delivered.size(); ++i) out.push_back(delivered[i].seen);
  return out;
}

}  // namespace shoal::topic::testing
