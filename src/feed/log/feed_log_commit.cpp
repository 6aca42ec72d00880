#include "base/assert.h"
#include "base/try.h"
#include "feed/log/index_rebuild.h"
#include "feed/log/log_rows.h"
#include "feed/log/log_stage.h"
#include "feed/log/topic_index.h"

#include <algorithm>
#include <mutex>

// The changing half of FeedLog: one thread.
namespace shoal::feed {
namespace {

void put_head_rows(store::WriteBatch& batch, store::FeedNumber feed, const FeedLog::HeadUpdate& update,
                   std::uint64_t prefix) {
  batch.put(store::Column::meta, store::head_key(feed), encode_checkpoint(update.head));
  // When the blocks reach up to the head its edge is theirs.
  if (update.edge && prefix != update.head.tree_size) {
    batch.put(store::Column::meta, head_edge_key(feed), encode_edge(*update.edge));
  }
}

}  // namespace

Result<void> FeedLog::commit(LogStage&& stage, const std::optional<HeadUpdate>& head, store::Sync sync) {
  SHOAL_ASSERT(stage.log_ == this);
  stage.finish();
  if (one_store()) {
    if (head) put_head_rows(stage.batch_, number_, *head, stage.tail_.size());
    if (!stage.batch_.empty()) SHOAL_CHECK(stores_.blocks->write(stage.batch_, sync));
  } else {
    // Heads first: an accepted head beyond the held blocks is normal at start, blocks beyond the head are not.
    store::WriteBatch heads;
    if (head) put_head_rows(heads, number_, *head, stage.tail_.size());
    if (!heads.empty()) SHOAL_CHECK(stores_.heads->write(heads, sync));
    if (!stage.batch_.empty()) SHOAL_CHECK(stores_.blocks->write(stage.batch_, sync));
  }
  std::vector<std::uint32_t> touched;
  for (const auto& [number, partition] : stage.touched_) touched.push_back(number);
  publish(stage, head);
  return settle_watermarks(touched);
}

void FeedLog::publish(LogStage& stage, const std::optional<HeadUpdate>& head) {
  {
    const std::unique_lock lock(mutex_);
    std::swap(state_.tail, stage.tail_);
    std::swap(state_.topics, stage.topics_);
    state_.applied = stage.applied_;
    for (const std::uint64_t block : stage.new_headers_) state_.headers.add(block);
    if (!stage.new_payloads_.empty()) ++state_.payload_changes;
    for (const std::uint64_t block : stage.new_payloads_) {
      state_.payloads.add(block);
      if (!state_.pruned.contains(block)) continue;
      state_.pruned.remove(block, block + 1);
      state_.returned.add(block);
    }
    if (!stage.touched_.empty()) {
      const std::size_t needed = std::size_t{stage.touched_.rbegin()->first} + 1;
      if (state_.partitions.size() < needed) state_.partitions.resize(needed);
    }
    for (auto& [number, partition] : stage.touched_) {
      state_.partitions[number] = std::move(partition);
      state_.note_place(number);
    }
    state_.numbers.merge(stage.new_numbers_);
    if (head) {
      state_.head = head->head;
      state_.head_edge = head->edge;
    }
    if (state_.head && state_.tail.size() == state_.head->tree_size) state_.head_edge = state_.tail.edge();
  }
  // The other copy makes the same steps, outside the lock: cheaper than copying thousands of entries.
  spare_topics_ = std::move(stage.topics_);
  for (const LogStage::Step& step : stage.steps_) {
    SHOAL_ASSERT(spare_topics_->apply(step.header, step.index, step.manifest ? &*step.manifest : nullptr).ok());
  }
  (void)spare_topics_->take_changed();
}

Result<void> FeedLog::settle_watermarks(const std::vector<std::uint32_t>& numbers) {
  for (const std::uint32_t number : numbers) {
    const PartitionState& partition = state_.partitions[number];
    Offset reached = partition.high_watermark;
    while (reached < partition.held_end) {
      SHOAL_TRY(const auto row, find_offset(*stores_.blocks, number_, store::TopicNumber{number}, reached));
      if (!row || row->base > reached) break;
      if (!state_.payloads.contains(row->block.value()) && !state_.pruned.contains(row->block.value())) break;
      reached = row->last + 1;
    }
    if (reached == partition.high_watermark) continue;
    const std::unique_lock lock(mutex_);
    state_.partitions[number].high_watermark = reached;  // stored with the partition's next change; found again else
  }
  return {};
}

Result<void> FeedLog::put_fork_proof(const ForkProof& proof) {
  if (state_.fork_proof) return {};
  const Bytes bytes = encode_fork_proof(proof);
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::fork_proof_key(number_), bytes);
  SHOAL_CHECK(stores_.heads->write(batch, store::Sync::yes));
  const std::unique_lock lock(mutex_);
  state_.fork_proof = bytes;
  state_.fork_limit = common_prefix_limit(proof);
  return {};
}

Result<void> FeedLog::set_property(std::string_view name, const std::optional<Bytes>& value) {
  store::WriteBatch batch;
  const Bytes key = store::feed_property_key(number_, name);
  if (value) {
    batch.put(store::Column::meta, key, *value);
  } else {
    batch.erase(store::Column::meta, key);
  }
  return stores_.heads->write(batch, store::Sync::no);
}

Result<void> FeedLog::rebuild_indices() {
  SHOAL_CHECK(set_property(kRebuildingProperty, Bytes{1}));
  SHOAL_TRY(RebuiltIndices rebuilt, rebuild_index_rows(*stores_.blocks, number_, id_, state_));
  {
    const std::unique_lock lock(mutex_);
    state_.partitions = std::move(rebuilt.partitions);
    state_.numbers = std::move(rebuilt.numbers);
    state_.topics = std::make_unique<TopicState>(std::move(rebuilt.topics));
    state_.applied = rebuilt.applied;
    state_.places.clear();
    for (std::uint32_t i = 0; i < state_.partitions.size(); ++i) state_.note_place(i);
    spare_topics_.reset();
  }
  std::vector<std::uint32_t> all(state_.partitions.size());
  for (std::uint32_t i = 0; i < all.size(); ++i) all[i] = i;
  SHOAL_CHECK(settle_watermarks(all));
  return set_property(kRebuildingProperty, std::nullopt);
}

Result<void> FeedLog::settle() const {
  SHOAL_CHECK(stores_.heads->settle());
  return one_store() ? Result<void>{} : stores_.blocks->settle();
}

Result<void> FeedLog::make_durable() {
  SHOAL_CHECK(stores_.heads->make_durable());
  return one_store() ? Result<void>{} : stores_.blocks->make_durable();
}

}  // namespace shoal::feed
