#include "feed/log/log_loader.h"

#include "base/try.h"
#include "base/wire.h"
#include "feed/format/fork.h"
#include "feed/format/row_range.h"
#include "feed/log/hidden_blocks.h"
#include "feed/log/index_rebuild.h"
#include "feed/log/log_rows.h"
#include "feed/log/watermark.h"

#include <algorithm>
#include <memory>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

namespace shoal::feed {
namespace {

/// Of two heads of one feed that were both accepted.
bool is_newer(const Checkpoint& a, const Checkpoint& b) {
  return std::tie(a.epoch, a.tree_size, a.time) > std::tie(b.epoch, b.tree_size, b.time);
}

}  // namespace

Result<LoadedLog> LogLoader::load() {
  SHOAL_CHECK(load_head());
  SHOAL_CHECK(load_blocks());
  SHOAL_TRY(const auto rebuilding, rows_.property(kRebuildingProperty));
  if (rebuilding) {
    SHOAL_CHECK(rebuild_indices());  // a crash cut the last one short
  } else {
    SHOAL_CHECK(load_index());
  }
  SHOAL_CHECK(forget_unwritten());
  if (!rows_.stores.one_store()) SHOAL_CHECK(load_hidden_blocks());
  SHOAL_CHECK(check());
  return std::move(loaded_);
}

/// Tables that a damaged manifest has forgotten take rows with them, the newest first. All of the index can be made
/// again from the headers.
Result<void> LogLoader::load_index() {
  std::string lost = "its newest rows are missing";
  if (auto loaded = load_partitions(); loaded) {
    SHOAL_TRY(const bool whole, index_reaches_ends());
    if (whole) return {};
  } else if (loaded.error().code == Code::corrupt) {
    lost = loaded.error().message;
  } else {
    return loaded;
  }
  SHOAL_CHECK(rebuild_indices());
  loaded_.healed = "the index was damaged (" + lost + ") and is made again from the headers";
  return {};
}

/// Each of the first partitions has its newest row.
Result<bool> LogLoader::index_reaches_ends() const {
  constexpr std::size_t kMost = 1024;  // some milliseconds
  const std::size_t count = std::min(state().partitions.size(), kMost);
  for (std::uint32_t number = 0; number < count; ++number) {
    const PartitionState& partition = state().partitions[number];
    if (!partition.last_held) continue;
    const Bytes key = store::offset_key(rows_.number, store::TopicNumber{number}, partition.held_end - 1);
    SHOAL_TRY(const bool there, rows_.stores.blocks->contains(store::Column::offsets, key));
    if (!there) return false;
  }
  return true;
}

Result<void> LogLoader::load_head() {
  SHOAL_CHECK(load_fork_proof());
  SHOAL_CHECK(load_contradiction());
  SHOAL_TRY(const StoredHead kept, read_head(*rows_.stores.heads));
  StoredHead best = kept;
  if (!rows_.stores.one_store()) {
    // A number that the store of heads gave anew may be another feed's here: that head is not signed by this one.
    SHOAL_TRY(const StoredHead copy, read_head(*rows_.stores.blocks));
    if (copy.head && (!best.head || is_newer(*copy.head, *best.head))) best = copy;
    if (copy.head == best.head && !best.edge) best.edge = copy.edge;
    if (kept.damaged && best.head) loaded_.healed = "the accepted head was damaged; its copy beside the blocks is used";
  }
  if (best.damaged && !best.head) {
    // A mirror keeps its blocks, hidden, and asks peers for a head.
    if (rows_.stores.one_store()) return corrupt_feed("the accepted head or its right edge is damaged");
    loaded_.dropped = "the accepted head, which is damaged in both places; peers are asked for one";
  }
  state().head = best.head;
  state().head_edge = best.edge;
  return {};
}

Result<LogLoader::StoredHead> LogLoader::read_head(const store::KvStore& store) const {
  StoredHead out;
  const auto row = store.get(store::Column::meta, store::head_key(rows_.number));
  if (!row && row.error().code != Code::corrupt) return row.error();
  if (row && !*row) return out;
  out.damaged = true;
  if (!row) return out;
  const auto head = decode_checkpoint(**row);
  if (!head || !verify_checkpoint(rows_.id, *head).ok()) return out;
  SHOAL_TRY(const auto edge_row, store.get(store::Column::meta, head_edge_key(rows_.number)));
  if (edge_row) {
    const auto edge = decode_edge(*edge_row);
    if (!edge) return out;
    // An older head's is kept until a head's edge is proven.
    if (edge->size() == head->tree_size) {
      if (edge->root() != head->root) return out;
      out.edge = *edge;
    }
  }
  out.head = *head;
  out.damaged = false;
  return out;
}

Result<void> LogLoader::load_fork_proof() {
  SHOAL_TRY(const auto row, rows_.stores.heads->get(store::Column::meta, store::fork_proof_key(rows_.number)));
  if (!row) return {};
  const auto proof = decode_fork_proof(*row);
  if (!proof) return corrupt_feed("the fork proof is damaged");
  state().fork_proof = *row;
  state().fork_limit = common_prefix_limit(*proof);
  return {};
}

Result<void> LogLoader::load_contradiction() {
  SHOAL_TRY(const auto row, rows_.stores.heads->get(store::Column::meta, store::contradiction_key(rows_.number)));
  if (!row) return {};
  auto note = decode_contradiction(*row);
  if (!note) return corrupt_feed("the note of a contradiction is damaged");
  state().contradiction = *std::move(note);
  return {};
}

Result<void> LogLoader::load_blocks() {
  store::KvStore& blocks = *rows_.stores.blocks;
  SHOAL_TRY(const auto row, blocks.get(store::Column::meta, state_key(rows_.number)));
  if (!row) return {};
  SHOAL_TRY(const StateRow summary, decode_state_row(*row));
  if (summary.feed != rows_.id) {
    // The store of heads was lost and began to count again: these rows are another feed's.
    if (rows_.stores.one_store()) return corrupt_feed("rows of another feed");
    loaded_.dropped = "block rows of another feed under the same number";
    return erase_rows(blocks, rows_.number);
  }
  SHOAL_CHECK(load_held_sets());
  if (state().headers.first_missing(0) < summary.header_prefix) {
    return corrupt_feed("headers of the prefix are missing");
  }
  SHOAL_TRY(state().tail, TreeTail::load(blocks, rows_.number, summary.header_prefix));
  if (state().tail.edge() != summary.edge) return corrupt_feed("headers and tree contradict each other");
  state().applied = summary.applied;
  return {};
}

/// A payload that was pruned and fetched again has a row in both sets: a commit writes only what it adds.
Result<void> LogLoader::load_held_sets() {
  const store::KvStore& blocks = *rows_.stores.blocks;
  SHOAL_TRY(state().headers, load_have_set(blocks, rows_.number, HaveSet::headers));
  SHOAL_TRY(state().payloads, load_have_set(blocks, rows_.number, HaveSet::payloads));
  SHOAL_TRY(state().pruned, load_have_set(blocks, rows_.number, HaveSet::pruned));
  for (const BlockRange& held : state().payloads.runs()) {
    for (const BlockRange& again : state().pruned.runs(held.begin.value(), held.end.value())) {
      state().returned.add(again);
    }
    state().pruned.remove(held);
  }
  return {};
}

/// Payloads that waited in memory for their neighbours when the process died: all else of their blocks is stored.
Result<void> LogLoader::forget_unwritten() {
  store::KvStore& blocks = *rows_.stores.blocks;
  const Bytes key = store::unwritten_payloads_key(rows_.number);
  SHOAL_TRY(const auto row, blocks.get(store::Column::meta, key));
  if (!row) return {};
  base::WireReader in(*row);
  store::WriteBatch batch;
  while (in.ok() && in.remaining() > 0) {
    const std::uint64_t first = in.u64();
    const std::uint64_t end = in.u64();
    if (!in.ok() || first >= end) return corrupt_feed("a malformed row of unwritten payloads");
    for (const BlockRange& run : state().payloads.runs(first, end)) {
      for (BlockIndex block = run.begin; block < run.end; ++block) SHOAL_CHECK(forget_if_unwritten(block, batch));
    }
    put_have_range(batch, rows_.number, HaveSet::payloads, state().payloads, first, end);
  }
  batch.erase(store::Column::meta, key);
  return blocks.write(batch, store::Sync::no);
}

Result<void> LogLoader::forget_if_unwritten(BlockIndex block, store::WriteBatch& batch) {
  const store::KvStore& blocks = *rows_.stores.blocks;
  const Bytes key = store::block_key(rows_.number, block);
  SHOAL_TRY(const bool written, blocks.contains(store::Column::payloads, key));
  if (written) return {};
  state().payloads.remove(block.value(), block.value() + 1);
  SHOAL_TRY(const auto bytes, blocks.get(store::Column::headers, key));
  if (!bytes) return corrupt_feed("the header of block " + std::to_string(block.value()) + " is missing");
  SHOAL_TRY(const BlockHeader header, decode_header(*bytes));
  if (const auto number = state().number_of(header.stream)) {
    PartitionState& partition = state().partitions[*number];
    partition.lose_payload(header);
    put_partition(batch, rows_.number, *number, partition, state().topics.get());
  }
  return {};
}

/// The reserved stream has a row only once it has changed.
void LogLoader::add_reserved_partition() {
  state().partitions.push_back(PartitionState{.position = 0});
  state().numbers.emplace(TopicPartition{}, 0);
  state().note_place(0);
}

Result<void> LogLoader::load_partitions() {
  std::map<std::uint32_t, TopicStateEntry> entries;
  const store::KeyRange range = store::topic_range(rows_.number);
  const auto rows = rows_.stores.blocks->iterate(store::Column::topics);
  for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) {
    SHOAL_TRY(PartitionRow row, decode_partition(rows->value()));
    if (state().partitions.empty() && !row.partition.stream.topic.empty()) add_reserved_partition();
    const auto number = static_cast<std::uint32_t>(state().partitions.size());
    if (!std::ranges::equal(rows->key(), store::topic_key(rows_.number, store::TopicNumber{number}))) {
      return corrupt_feed("a topic row is missing");
    }
    if (!state().numbers.emplace(row.partition.stream, number).second) return corrupt_feed("a topic has two rows");
    if (row.entry && !entries.emplace(*row.partition.position, *row.entry).second) {
      return corrupt_feed("two topics have one position");
    }
    state().partitions.push_back(std::move(row.partition));
    state().note_place(number);
  }
  SHOAL_CHECK(rows->status());
  if (state().partitions.empty()) {
    if (state().applied > 0) return corrupt_feed("the topic rows are missing");
    add_reserved_partition();
  }
  return load_topics(std::move(entries));
}

Result<void> LogLoader::load_topics(std::map<std::uint32_t, TopicStateEntry> entries) {
  entries.emplace(0, TopicStateEntry{});  // unless the reserved stream has its row
  std::vector<TopicStateEntry> in_order;
  for (auto& [position, entry] : entries) {
    if (position != in_order.size()) return corrupt_feed("a topic entry is missing");
    in_order.push_back(std::move(entry));
  }
  SHOAL_TRY(TopicState topics, TopicState::from_entries(std::move(in_order)));
  state().topics = std::make_unique<TopicState>(std::move(topics));
  return {};
}

Result<void> LogLoader::load_hidden_blocks() {
  SHOAL_TRY(state().hidden, load_hidden(*rows_.stores.blocks, rows_.number));
  if (reaches_beyond_head()) SHOAL_CHECK(drop_beyond_head());
  return forget_shown(*rows_.stores.blocks, rows_.number, state().headers, state().hidden);
}

bool LogLoader::reaches_beyond_head() const {
  return std::max(state().headers.bound(), state().payloads.bound()) > head_size();
}

Result<void> LogLoader::drop_beyond_head() {
  const std::uint64_t size = head_size();
  const std::uint64_t bound = std::max({state().headers.bound(), state().payloads.bound(), state().pruned.bound()});
  const std::string blocks_text = "blocks " + std::to_string(size) + " to " + std::to_string(bound);
  loaded_.dropped += (loaded_.dropped.empty() ? "" : "; ") + blocks_text +
                     ", which are ahead of the accepted head (its log was lost), are kept and count again once a head "
                     "covers them";
  // From here on the index rows may be ahead of the headers.
  SHOAL_CHECK(rows_.set_property(kRebuildingProperty, Bytes{1}));
  store::KvStore& blocks = *rows_.stores.blocks;
  const HiddenBlocks before = state().hidden;
  for (const BlockRange& run : state().headers.runs(size, bound)) state().hidden.headers.add(run);
  for (const BlockRange& run : state().payloads.runs(size, bound)) state().hidden.payloads.add(run);
  store::WriteBatch batch;
  put_hidden(batch, rows_.number, before, state().hidden);
  for (const auto& [which, set] :
       {std::pair{HaveSet::headers, &state().headers}, std::pair{HaveSet::payloads, &state().payloads},
        std::pair{HaveSet::pruned, &state().pruned}}) {
    const std::uint64_t end = set->bound();
    set->remove(size, end);
    put_have_range(batch, rows_.number, which, *set, size, end);
  }
  if (state().tail.size() > size) {
    SHOAL_TRY(state().tail, TreeTail::load(blocks, rows_.number, size));
  }
  batch.put(store::Column::meta, state_key(rows_.number),
            encode_state_row({rows_.id, state().tail.size(), 0, state().tail.edge()}));
  SHOAL_CHECK(blocks.write(batch, store::Sync::no));
  return rebuild_indices();
}

Result<void> LogLoader::rebuild_indices() {
  SHOAL_CHECK(rows_.set_property(kRebuildingProperty, Bytes{1}));
  SHOAL_TRY(RebuiltIndices rebuilt, rebuild_index_rows(*rows_.stores.blocks, rows_.number, rows_.id, state()));
  state().partitions = std::move(rebuilt.partitions);
  state().numbers = std::move(rebuilt.numbers);
  state().topics = std::make_unique<TopicState>(std::move(rebuilt.topics));
  state().applied = rebuilt.applied;
  state().places.clear();
  ReachedOffsets all;
  for (std::uint32_t i = 0; i < state().partitions.size(); ++i) {
    state().note_place(i);
    all.try_emplace(i);
  }
  SHOAL_TRY(const auto raised, find_raised_watermarks(rows_, state(), all));
  raise_watermarks(state(), raised);
  return rows_.set_property(kRebuildingProperty, std::nullopt);
}

Result<void> LogLoader::check() {
  if (!state().head) {
    return state().headers.empty() ? Result<void>{} : corrupt_feed("blocks without a head");
  }
  const Checkpoint& head = *state().head;
  const TreeTail& tail = state().tail;
  if (tail.size() > head.tree_size) return corrupt_feed("blocks beyond the accepted head");
  if (tail.size() == head.tree_size) {
    if (tail.edge().root() != head.root) return corrupt_feed("the tree is not the one its head signs");
    state().head_edge = tail.edge();
  }
  if (state().topics_complete() &&
      (state().topics->size() != head.topic_count || state().topics->root() != head.topic_root)) {
    return corrupt_feed("the topic state is not the one the head signs");
  }
  return {};
}

}  // namespace shoal::feed
