#include "feed/log/index_rebuild.h"

#include "base/try.h"
#include "feed/format/row_range.h"
#include "feed/log/log_rows.h"
#include "feed/log/time_index.h"
#include "feed/log/topic_index.h"

// Topic, offset and time rows say nothing that headers do not say; they only spare reading them. So damaged or
// outdated ones are never repaired one by one: all go, and one walk over the held headers makes them again, in batches
// of bounded size. That is more than one write, so a property marks a rebuild that runs (kRebuildingProperty), and a
// start that finds it begins again. Numbers of partitions stay as they
// were given, where they are known.
namespace shoal::feed {
namespace {

constexpr std::size_t kBatchRows = 8192;

class Rebuild {
 public:
  Rebuild(store::KvStore& store, store::FeedNumber feed, const FeedId& id, const LogState& state)
      : store_(store), feed_(feed), id_(id), state_(state) {}

  Result<RebuiltIndices> run() {
    SHOAL_CHECK(erase());
    keep_numbers();
    const auto rows = store_.iterate(store::Column::headers);
    for (const BlockRange& held : state_.headers.runs()) {
      rows->seek(store::block_key(feed_, held.begin));
      for (std::uint64_t block = held.begin.value(); block < held.end.value(); ++block, rows->next()) {
        if (!rows->valid() || !std::ranges::equal(rows->key(), store::block_key(feed_, BlockIndex{block}))) {
          SHOAL_CHECK(rows->status());
          return Error{Code::corrupt, "the header of block " + std::to_string(block) + " is missing"};
        }
        SHOAL_CHECK(take(BlockIndex{block}, rows->value()));
      }
    }
    SHOAL_CHECK(finish());
    return std::move(out_);
  }

 private:
  Result<void> erase() {
    const store::KeyRange range = store::feed_range(feed_);
    store::WriteBatch batch;
    for (const store::Column column : {store::Column::topics, store::Column::offsets, store::Column::times}) {
      batch.erase_range(column, range.begin, range.end);
    }
    return store_.write(batch, store::Sync::no);
  }

  /// Numbers stay as they were given; everything else of a partition is found again.
  void keep_numbers() {
    for (const PartitionState& old : state_.partitions) {
      PartitionState& kept = number(old.stream).second;
      kept.learned = old.learned;
      kept.log_start = old.log_start;
      kept.high_watermark = old.log_start;
    }
    number(TopicPartition{}).second.position = 0;
  }

  std::pair<store::TopicNumber, PartitionState&> number(const TopicPartition& stream) {
    const auto next = static_cast<std::uint32_t>(out_.partitions.size());
    const auto [found, created] = out_.numbers.try_emplace(stream, next);
    if (created) out_.partitions.push_back(PartitionState{.stream = stream});
    return {store::TopicNumber{found->second}, out_.partitions[found->second]};
  }

  Result<void> take(BlockIndex block, ByteView bytes) {
    const auto header = decode_header(bytes);
    if (!header) return Error{Code::corrupt, "the header of block " + std::to_string(block.value()) + " is damaged"};
    auto [topic, partition] = number(header->stream);
    put_offset_row(batch_, feed_, topic, *header, block);
    TimeIndex::put(batch_, feed_, topic, *header, block);
    partition.note_header(*header, block);
    if (state_.payloads.contains(block.value())) partition.note_payload(*header);
    if (block.value() == out_.applied && block.value() < state_.tail.size()) SHOAL_CHECK(step(*header, block));
    if (batch_.operations().size() < kBatchRows) return {};
    SHOAL_CHECK(store_.write(batch_, store::Sync::no));
    batch_ = {};
    return {};
  }

  Result<void> step(const BlockHeader& header, BlockIndex block) {
    std::optional<Manifest> manifest;
    if (header.is(BlockKind::manifest)) {
      if (!state_.payloads.contains(block.value())) return {};
      SHOAL_TRY(const auto payload, store_.get(store::Column::payloads, store::block_key(feed_, block)));
      if (!payload)
        return Error{Code::corrupt, "the manifest of block " + std::to_string(block.value()) + " is missing"};
      SHOAL_TRY(manifest, decode_manifest(*payload));
    }
    SHOAL_CHECK(out_.topics.apply(header, block, manifest ? &*manifest : nullptr));
    ++out_.applied;
    for (const std::uint32_t position : out_.topics.take_changed()) {
      number(out_.topics.at(position).stream).second.position = position;
    }
    return {};
  }

  Result<void> finish() {
    for (std::uint32_t i = 0; i < out_.partitions.size(); ++i) {
      put_partition(batch_, feed_, i, out_.partitions[i], &out_.topics);
    }
    batch_.put(store::Column::meta, state_key(feed_),
               encode_state_row({id_, state_.tail.size(), out_.applied, state_.tail.edge()}));
    return store_.write(batch_, store::Sync::no);
  }

  store::KvStore& store_;
  store::FeedNumber feed_;
  const FeedId& id_;
  const LogState& state_;
  store::WriteBatch batch_;
  RebuiltIndices out_;
};

}  // namespace

Result<RebuiltIndices> rebuild_index_rows(store::KvStore& store, store::FeedNumber feed, const FeedId& id,
                                          const LogState& state) {
  return Rebuild(store, feed, id, state).run();
}

}  // namespace shoal::feed
