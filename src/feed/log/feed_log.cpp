#include "feed/log/feed_log.h"

#include "base/assert.h"
#include "base/try.h"
#include "base/wire.h"
#include "feed/format/row_range.h"
#include "feed/log/index_rebuild.h"
#include "feed/log/log_rows.h"

#include <algorithm>
#include <array>

namespace shoal::feed {
namespace {

constexpr std::array kBlockColumns = {store::Column::headers, store::Column::payloads, store::Column::tree,
                                      store::Column::topics,  store::Column::offsets,  store::Column::times};

Error corrupt(std::string_view what) {
  return Error{Code::corrupt, "stored feed: " + std::string(what),
               "run `shoal verify` on the feed; a mirror can be removed and fetched again"};
}

Result<std::optional<store::FeedNumber>> find_number(const store::KvStore& heads, const FeedId& feed) {
  SHOAL_TRY(const auto row, heads.get(store::Column::meta, store::feed_number_key(feed)));
  if (!row) return std::optional<store::FeedNumber>{};
  base::WireReader in(*row);
  const store::FeedNumber number{in.u32()};
  if (!in.finished() || number.value() == 0) return corrupt("a malformed feed number");
  return std::optional<store::FeedNumber>{number};
}

/// Numbers are never given twice, so rows that a crash left behind cannot become another feed's.
Result<store::FeedNumber> give_number(store::KvStore& heads, const FeedId& feed) {
  SHOAL_TRY(const auto row, heads.get(store::Column::meta, store::next_feed_number_key()));
  std::uint32_t number = 1;
  if (row) {
    base::WireReader in(*row);
    number = in.u32();
    if (!in.finished() || number == 0) return corrupt("a malformed next feed number");
  }
  const auto encode = [](std::uint32_t value) {
    base::WireWriter out(4);
    out.u32(value);
    return std::move(out).take();
  };
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::feed_number_key(feed), encode(number));
  batch.put(store::Column::meta, store::next_feed_number_key(), encode(number + 1));
  SHOAL_CHECK(heads.write(batch, store::Sync::yes));
  return store::FeedNumber{number};
}

Result<void> erase_rows(store::KvStore& store, store::FeedNumber feed, bool meta_too) {
  const store::KeyRange range = store::feed_range(feed);
  for (const store::Column column : kBlockColumns) SHOAL_CHECK(store.drop_range(column, range.begin, range.end));
  if (!meta_too) return {};
  store::WriteBatch batch;
  batch.erase_range(store::Column::meta, range.begin, range.end);
  return store.write(batch, store::Sync::no);
}

}  // namespace

FeedLog::FeedLog(FeedStores stores, const FeedId& id, store::FeedNumber number)
    : stores_(stores), id_(id), number_(number) {}

Result<std::unique_ptr<FeedLog>> FeedLog::open(FeedStores stores, const FeedId& feed) {
  SHOAL_ASSERT(stores.heads != nullptr && stores.blocks != nullptr);
  SHOAL_TRY(auto number, find_number(*stores.heads, feed));
  if (!number) {
    SHOAL_TRY(number, give_number(*stores.heads, feed));
  }
  auto log = std::unique_ptr<FeedLog>(new FeedLog(stores, feed, *number));
  SHOAL_CHECK(log->load());
  return log;
}

Result<std::vector<FeedId>> FeedLog::list(store::KvStore& heads) {
  std::vector<FeedId> out;
  const store::KeyRange range = store::feed_numbers_range();
  const auto rows = heads.iterate(store::Column::meta);
  for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) {
    SHOAL_TRY(const FeedId feed, store::feed_of_number_key(rows->key()));
    out.push_back(feed);
  }
  SHOAL_CHECK(rows->status());
  return out;
}

Result<void> FeedLog::remove(FeedStores stores, const FeedId& feed) {
  SHOAL_TRY(const auto number, find_number(*stores.heads, feed));
  if (!number) return Error{Code::not_found, "the feed has no rows here"};
  SHOAL_CHECK(erase_rows(*stores.blocks, *number, true));
  if (stores.heads != stores.blocks) SHOAL_CHECK(erase_rows(*stores.heads, *number, true));
  store::WriteBatch batch;
  for (const store::KeyRange& range : {store::cursors_range(feed), store::groups_range(feed)}) {
    batch.erase_range(store::Column::meta, range.begin, range.end);
  }
  batch.erase(store::Column::meta, store::feed_number_key(feed));
  return stores.heads->write(batch, store::Sync::yes);
}

Result<void> FeedLog::load() {
  SHOAL_CHECK(load_head());
  SHOAL_CHECK(load_blocks());
  SHOAL_TRY(const auto rebuilding, property(kRebuildingProperty));
  if (rebuilding) {
    SHOAL_CHECK(rebuild_indices());  // a crash cut the last one short
  } else {
    SHOAL_CHECK(load_partitions());
  }
  const std::uint64_t size = state_.head ? state_.head->tree_size : 0;
  if (!one_store() && std::max(state_.headers.bound(), state_.payloads.bound()) > size) {
    SHOAL_CHECK(drop_beyond_head());
  }
  return check_loaded();
}

Result<void> FeedLog::load_fork_proof() {
  SHOAL_TRY(const auto row, stores_.heads->get(store::Column::meta, store::fork_proof_key(number_)));
  if (!row) return {};
  const auto proof = decode_fork_proof(*row);
  if (!proof) return corrupt("the fork proof is damaged");
  state_.fork_proof = *row;
  state_.fork_limit = common_prefix_limit(*proof);
  return {};
}

Result<void> FeedLog::load_head() {
  SHOAL_TRY(const auto row, stores_.heads->get(store::Column::meta, store::head_key(number_)));
  SHOAL_CHECK(load_fork_proof());
  if (!row) return {};
  const auto head = decode_checkpoint(*row);
  if (!head || !verify_checkpoint(id_, *head).ok()) return corrupt("the accepted head is damaged");
  state_.head = *head;
  SHOAL_TRY(const auto edge_row, stores_.heads->get(store::Column::meta, head_edge_key(number_)));
  if (!edge_row) return {};
  SHOAL_TRY(merkle::RightEdge edge, decode_edge(*edge_row));
  if (edge.size() == head->tree_size) {
    if (edge.root() != head->root) return corrupt("the accepted head's right edge is damaged");
    state_.head_edge = std::move(edge);
  }
  return {};
}

Result<void> FeedLog::load_blocks() {
  SHOAL_TRY(const auto row, stores_.blocks->get(store::Column::meta, state_key(number_)));
  if (!row) return {};
  SHOAL_TRY(const StateRow summary, decode_state_row(*row));
  if (summary.feed != id_) {
    // The store of heads was lost and began to count again: these rows are another feed's.
    if (one_store()) return corrupt("rows of another feed");
    dropped_ = "block rows of another feed under the same number";
    return erase_rows(*stores_.blocks, number_, true);
  }
  SHOAL_TRY(state_.headers, load_have_set(*stores_.blocks, number_, HaveSet::headers));
  SHOAL_TRY(state_.payloads, load_have_set(*stores_.blocks, number_, HaveSet::payloads));
  SHOAL_TRY(state_.pruned, load_have_set(*stores_.blocks, number_, HaveSet::pruned));
  for (const BlockRange& held : state_.payloads.runs()) {
    for (const BlockRange& again : state_.pruned.runs(held.begin.value(), held.end.value())) state_.returned.add(again);
    state_.pruned.remove(held);
  }
  if (state_.headers.first_missing(0) < summary.header_prefix) return corrupt("headers of the prefix are missing");
  SHOAL_TRY(state_.tail, TreeTail::load(*stores_.blocks, number_, summary.header_prefix));
  if (state_.tail.edge() != summary.edge) return corrupt("headers and tree contradict each other");
  state_.applied = summary.applied;
  return {};
}

/// The reserved stream has a row only once it has changed.
void FeedLog::add_reserved() {
  state_.partitions.push_back(PartitionState{.position = 0});
  state_.numbers.emplace(TopicPartition{}, 0);
  state_.note_place(0);
}

Result<void> FeedLog::load_partitions() {
  std::map<std::uint32_t, TopicStateEntry> entries;
  const store::KeyRange range = store::topic_range(number_);
  const auto rows = stores_.blocks->iterate(store::Column::topics);
  for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) {
    SHOAL_TRY(PartitionRow row, decode_partition(rows->value()));
    if (state_.partitions.empty() && !row.partition.stream.topic.empty()) add_reserved();
    const auto number = static_cast<std::uint32_t>(state_.partitions.size());
    if (!std::ranges::equal(rows->key(), store::topic_key(number_, store::TopicNumber{number}))) {
      return corrupt("a topic row is missing");
    }
    if (!state_.numbers.emplace(row.partition.stream, number).second) return corrupt("a topic has two rows");
    if (row.entry && !entries.emplace(*row.partition.position, *row.entry).second) {
      return corrupt("two topics have one position");
    }
    state_.partitions.push_back(std::move(row.partition));
    state_.note_place(number);
  }
  SHOAL_CHECK(rows->status());
  if (state_.partitions.empty()) {
    if (state_.applied > 0) return corrupt("the topic rows are missing");
    add_reserved();
  }
  entries.emplace(0, TopicStateEntry{});
  std::vector<TopicStateEntry> in_order;
  for (auto& [position, entry] : entries) {
    if (position != in_order.size()) return corrupt("a topic entry is missing");
    in_order.push_back(std::move(entry));
  }
  SHOAL_TRY(TopicState topics, TopicState::from_entries(std::move(in_order)));
  state_.topics = std::make_unique<TopicState>(std::move(topics));
  return {};
}

Result<void> FeedLog::check_loaded() {
  if (!state_.head) return state_.headers.count() == 0 ? Result<void>{} : corrupt("blocks without a head");
  const Checkpoint& head = *state_.head;
  if (state_.tail.size() == head.tree_size) {
    if (state_.tail.edge().root() != head.root) return corrupt("the tree is not the one its head signs");
    state_.head_edge = state_.tail.edge();
  } else if (state_.tail.size() > head.tree_size) {
    return corrupt("blocks beyond the accepted head");
  }
  if (state_.topics_complete() &&
      (state_.topics->size() != head.topic_count || state_.topics->root() != head.topic_root)) {
    return corrupt("the topic state is not the one the head signs");
  }
  return {};
}

Result<void> FeedLog::drop_beyond_head() {
  const std::uint64_t size = state_.head ? state_.head->tree_size : 0;
  const std::uint64_t bound = std::max({state_.headers.bound(), state_.payloads.bound(), state_.pruned.bound()});
  dropped_ = "blocks " + std::to_string(size) + " to " + std::to_string(bound) +
             ", which are ahead of the accepted head (its log was lost); they will be fetched again";
  SHOAL_CHECK(set_property(kRebuildingProperty, Bytes{1}));  // from here on the index rows may be ahead of the headers
  store::WriteBatch batch;
  for (const auto& [which, set] :
       {std::pair{HaveSet::headers, &state_.headers}, std::pair{HaveSet::payloads, &state_.payloads},
        std::pair{HaveSet::pruned, &state_.pruned}}) {
    const std::uint64_t end = set->bound();
    set->remove(size, end);
    put_have_range(batch, number_, which, *set, size, end);
  }
  const store::KeyRange range = store::block_range(number_, BlockIndex{size}, BlockIndex{bound});
  batch.erase_range(store::Column::headers, range.begin, range.end);
  batch.erase_range(store::Column::payloads, range.begin, range.end);
  if (state_.tail.size() > size) {
    SHOAL_TRY(state_.tail, TreeTail::load(*stores_.blocks, number_, size));
  }
  state_.applied = 0;
  batch.put(store::Column::meta, state_key(number_),
            encode_state_row({id_, state_.tail.size(), 0, state_.tail.edge()}));
  SHOAL_CHECK(stores_.blocks->write(batch, store::Sync::no));
  return rebuild_indices();
}

}  // namespace shoal::feed
