#include "feed/log/feed_log.h"

#include "base/assert.h"
#include "base/try.h"
#include "feed/log/log_rows.h"
#include "feed/log/log_stage.h"
#include "feed/log/watermark.h"

#include <cstddef>
#include <utility>

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

/// What readers see of a change, and the copy of the topic state that it replaces.
void show(LogState& state, LogChange& change) {
  std::swap(state.tail, change.tail);
  std::swap(state.topics, change.topics);
  state.applied = change.applied;
  for (const std::uint64_t block : change.headers) state.headers.add(block);
  if (!change.payloads.empty()) ++state.payload_changes;
  for (const std::uint64_t block : change.payloads) {
    state.payloads.add(block);
    if (!state.pruned.contains(block)) continue;
    state.pruned.remove(block, block + 1);
    state.returned.add(block);
  }
  if (!change.partitions.empty()) {
    const std::size_t needed = std::size_t{change.partitions.rbegin()->first} + 1;
    if (state.partitions.size() < needed) state.partitions.resize(needed);
  }
  for (auto& [number, partition] : change.partitions) {
    state.partitions[number] = std::move(partition);
    state.note_place(number);
  }
  state.numbers.merge(change.numbers);
}

}  // namespace

FeedLog::FeedLog(const FeedRows& rows, LoadedLog loaded)
    : dropped_(std::move(loaded.dropped)),
      healed_(std::move(loaded.healed)),
      state_(std::move(loaded.state)),
      blocks_(rows, state_),
      pruner_(blocks_, state_) {}

Result<std::unique_ptr<FeedLog>> FeedLog::open(FeedStores stores, const FeedId& feed) {
  SHOAL_ASSERT(stores.heads != nullptr && stores.blocks != nullptr);
  SHOAL_TRY(const FeedRows rows, open_feed_rows(stores, feed));
  SHOAL_TRY(LoadedLog loaded, LogLoader(rows).load());
  return std::unique_ptr<FeedLog>(new FeedLog(rows, std::move(loaded)));
}

std::optional<Checkpoint> FeedLog::head() const {
  return inspect([](const LogState& state) { return state.head; });
}

std::uint64_t FeedLog::header_prefix() const {
  return inspect([](const LogState& state) { return state.tail.size(); });
}

LogStage FeedLog::stage() {
  const LogState& state = state_.unlocked();
  auto topics = spare_topics_ ? std::move(spare_topics_) : std::make_unique<TopicState>(*state.topics);
  return {blocks_, state, std::move(topics)};
}

Result<void> FeedLog::commit(LogStage&& stage, const std::optional<HeadUpdate>& head, store::Sync sync) {
  SHOAL_ASSERT(stage.is_of(blocks_));
  LogChange change = std::move(stage).finish();
  const FeedStores& stores = rows().stores;
  if (head) put_head_rows(change.rows, rows().number, *head, change.tail.size());
  if (head && !stores.one_store()) {
    // An accepted head is kept twice: with the blocks it was proven with, and where a log is kept. Damage to either
    // leaves the other.
    store::WriteBatch heads;
    put_head_rows(heads, rows().number, *head, change.tail.size());
    SHOAL_CHECK(stores.heads->write(heads, sync));
  }
  if (!change.rows.empty()) SHOAL_CHECK(stores.blocks->write(change.rows, sync));
  const ReachedOffsets reached = std::move(change.reached);
  publish(change, head);
  SHOAL_TRY(const auto raised, find_raised_watermarks(rows(), state_.unlocked(), reached));
  if (!raised.empty()) state_.change([&](LogState& state) { raise_watermarks(state, raised); });
  return {};
}

void FeedLog::publish(LogChange& change, const std::optional<HeadUpdate>& head) {
  state_.change([&](LogState& state) {
    show(state, change);
    if (head) {
      state.head = head->head;
      state.head_edge = head->edge;
    }
    if (state.head && state.tail.size() == state.head->tree_size) state.head_edge = state.tail.edge();
  });
  // The other copy makes the same steps, outside the lock: cheaper than copying thousands of entries.
  spare_topics_ = std::move(change.topics);
  for (const LogChange::Step& step : change.steps) {
    SHOAL_ASSERT(spare_topics_->apply(step.header, step.index, step.manifest ? &*step.manifest : nullptr).ok());
  }
  (void)spare_topics_->take_changed();
}

Result<void> FeedLog::put_fork_proof(const ForkProof& proof) {
  if (state_.unlocked().fork_proof) return {};
  const Bytes bytes = encode_fork_proof(proof);
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::fork_proof_key(rows().number), bytes);
  SHOAL_CHECK(rows().stores.heads->write(batch, store::Sync::yes));
  state_.change([&](LogState& state) {
    state.fork_proof = bytes;
    state.fork_limit = common_prefix_limit(proof);
  });
  return {};
}

Result<void> FeedLog::put_contradiction(const Contradiction& note) {
  if (state_.unlocked().contradiction) return {};
  const Bytes bytes = encode_contradiction(note);
  SHOAL_TRY(Contradiction kept, decode_contradiction(bytes));  // as a start reads it
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::contradiction_key(rows().number), bytes);
  SHOAL_CHECK(rows().stores.heads->write(batch, store::Sync::yes));
  state_.change([&](LogState& state) { state.contradiction = std::move(kept); });
  return {};
}

Result<void> FeedLog::check_writable() const {
  SHOAL_CHECK(rows().stores.heads->check_writable());
  return rows().stores.one_store() ? Result<void>{} : rows().stores.blocks->check_writable();
}

Result<void> FeedLog::make_durable() {
  SHOAL_CHECK(rows().stores.heads->make_durable());
  return rows().stores.one_store() ? Result<void>{} : rows().stores.blocks->make_durable();
}

}  // namespace shoal::feed
