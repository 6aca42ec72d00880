#include "feed/read/feed_reader.h"

#include "base/try.h"
#include "feed/log/time_index.h"
#include "feed/log/topic_index.h"

#include <algorithm>
#include <iterator>
#include <limits>

namespace shoal::feed {
namespace {

/// Who is so few blocks behind looks at the newest header first; who reads a long history would do that for nothing.
constexpr std::uint64_t kNearEnd = 256;

std::optional<store::TopicNumber> number_of(const FeedLog& log, const TopicPartition& stream) {
  const auto number = log.inspect([&](const LogState& state) { return state.number_of(stream); });
  return number ? std::optional{store::TopicNumber{*number}} : std::nullopt;
}

/// What the newest proven statement says of the partition's end.
TopicStateEntry known_end(const LogState& state, const PartitionState& partition) {
  TopicStateEntry end{partition.stream, partition.held_end, partition.last_held, partition.largest_held};
  const auto take = [&](const TopicStateEntry& entry) {
    if (entry.next_offset > end.next_offset) end = entry;
  };
  if (partition.learned) take(partition.learned->entry);
  if (partition.position) take(state.topics->at(*partition.position));
  return end;
}

TopicView view_of(const LogState& state, const PartitionState& partition) {
  const TopicStateEntry end = known_end(state, partition);
  // All headers of the prefix are held, and an entry under the accepted head speaks for the whole of its tree.
  std::uint64_t known_to = state.tail.size();
  if (state.head && partition.learned && partition.learned->is_under(*state.head)) {
    known_to = std::max(known_to, state.head->tree_size);
  }
  return TopicView{partition.stream, partition.log_start, partition.high_watermark, end.next_offset,
                   end.last_block,   end.largest_time,    partition.payload_bytes,  known_to};
}

/// Order of the topic state; partitions whose place is not known yet come last.
std::uint64_t order_of(const PartitionState& partition, std::uint32_t number) {
  if (partition.position) return *partition.position;
  if (partition.learned) return partition.learned->position;
  return std::uint64_t{1} << 32 | number;
}

/// The same result; damage is passed on to whoever drops the block.
template <typename T>
Result<T> noted(const FeedLog& log, BlockIndex block, Result<T> read) {
  if (!read && read.error().code == Code::corrupt) log.note_damage(block);
  return read;
}

/// A commit writes its index rows a moment before its headers count: until then such a block is not here yet.
bool is_shown(const FeedLog& log, BlockIndex block) {
  return log.inspect([&](const LogState& state) { return state.headers.contains(block.value()); });
}

}  // namespace

std::string describe_block(BlockIndex block, const BlockHeader& header) {
  std::string text = "block " + std::to_string(block.value());
  if (header.is(BlockKind::manifest)) return text + " (a manifest)";
  text += " (topic " + header.stream.topic + ", partition " + std::to_string(header.stream.partition.value());
  return text + ", offsets " + std::to_string(header.base_offset.value()) + " to " +
         std::to_string(header.next_offset().value() - 1) + ")";
}

FeedReader::FeedReader(const FeedLog& log) : log_(&log) {}

const FeedId& FeedReader::id() const { return log_->id(); }
std::optional<Checkpoint> FeedReader::head() const { return log_->head(); }

std::optional<merkle::RightEdge> FeedReader::head_edge() const {
  return log_->inspect([](const LogState& state) { return state.head_edge; });
}

std::optional<Bytes> FeedReader::fork_proof() const {
  return log_->inspect([](const LogState& state) { return state.fork_proof; });
}

std::optional<std::uint64_t> FeedReader::fork_limit() const {
  return log_->inspect([](const LogState& state) { return state.fork_limit; });
}

std::optional<Contradiction> FeedReader::contradiction() const {
  return log_->inspect([](const LogState& state) { return state.contradiction; });
}

bool FeedReader::contradicted() const {
  return log_->inspect([](const LogState& state) { return state.contradiction.has_value(); });
}

bool FeedReader::topics_complete() const {
  return log_->inspect([](const LogState& state) { return state.topics_complete(); });
}

std::uint64_t FeedReader::header_prefix() const { return log_->header_prefix(); }

std::uint64_t FeedReader::block_prefix() const {
  return log_->inspect([](const LogState& state) {
    std::uint64_t at = 0;
    for (std::uint64_t next = 0; at < state.tail.size(); at = next) {
      next = state.pruned.first_missing(state.payloads.first_missing(at));
      if (next == at) break;
    }
    return std::min(at, state.tail.size());
  });
}

std::vector<BlockRange> FeedReader::held_headers() const {
  return log_->inspect([](const LogState& state) { return state.headers.runs(); });
}

std::vector<BlockRange> FeedReader::held_payloads() const {
  return log_->inspect([](const LogState& state) { return state.payloads.runs(); });
}

std::vector<BlockRange> FeedReader::pruned_payloads() const {
  return log_->inspect([](const LogState& state) { return state.pruned.runs(); });
}

std::uint64_t FeedReader::held_payload_count() const {
  return log_->inspect([](const LogState& state) { return state.payloads.count(); });
}

Result<Bytes> FeedReader::header_bytes(BlockIndex block) const {
  return noted(*log_, block, log_->header_bytes(block));
}

Result<BlockHeader> FeedReader::header(BlockIndex block) const { return noted(*log_, block, log_->header(block)); }

Result<Bytes> FeedReader::stored_payload(BlockIndex block) const {
  auto payload = log_->stored_payload(block);
  if (payload || payload.error().code != Code::corrupt) return payload;
  log_->note_damage(block);
  SHOAL_TRY(const BlockHeader header, this->header(block));
  return Error{Code::corrupt,
               "the payload of " + describe_block(block, header) + " is damaged: " + payload.error().message};
}

Result<Bytes> FeedReader::payload(BlockIndex block) const {
  SHOAL_TRY(const BlockHeader header, this->header(block));
  auto payload = stored_payload(block);
  // Hashing 2 GB a second, this keeps a rotten byte from ever being delivered or served.
  if (payload && !verify_payload(header, *payload).ok()) {
    log_->note_damage(block);
    return Error{Code::corrupt, "the payload of " + describe_block(block, header) + " is damaged"};
  }
  return payload;
}

Result<bool> FeedReader::has_payload(BlockIndex block) const {
  return log_->inspect([&](const LogState& state) { return state.payloads.contains(block.value()); });
}

std::uint32_t FeedReader::partitions(const std::string& topic) const {
  const TopicPartition last{topic, Partition{std::numeric_limits<std::int32_t>::max()}};
  return log_->inspect([&](const LogState& state) -> std::uint32_t {
    const auto behind = state.numbers.upper_bound(last);
    if (behind == state.numbers.begin()) return 0;
    const TopicPartition& largest = std::prev(behind)->first;
    return largest.topic == topic ? static_cast<std::uint32_t>(largest.partition.value()) + 1 : 0;
  });
}

std::optional<std::uint32_t> FeedReader::topic_position(const TopicPartition& stream) const {
  return log_->inspect([&](const LogState& state) { return state.topics->find(stream); });
}

const merkle::HashReader& FeedReader::tree() const { return *log_; }

Result<std::vector<TopicView>> FeedReader::topics() const {
  return log_->inspect([](const LogState& state) {
    std::vector<std::pair<std::uint64_t, TopicView>> views;
    for (std::uint32_t number = 1; number < state.partitions.size(); ++number) {
      const PartitionState& partition = state.partitions[number];
      if (partition.stream.topic.empty()) continue;
      views.emplace_back(order_of(partition, number), view_of(state, partition));
    }
    std::stable_sort(views.begin(), views.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    std::vector<TopicView> out;
    out.reserve(views.size());
    for (auto& [order, view] : views) out.push_back(std::move(view));
    return out;
  });
}

Result<std::optional<TopicView>> FeedReader::topic(const TopicPartition& stream) const {
  return log_->inspect([&](const LogState& state) -> std::optional<TopicView> {
    const auto number = state.number_of(stream);
    if (!number) return std::nullopt;
    return view_of(state, state.partitions[*number]);
  });
}

Result<FeedReader::ProvenEntry> FeedReader::topic_entry(std::uint32_t position) const {
  return log_->inspect([&](const LogState& state) -> Result<ProvenEntry> {
    if (state.topics_complete()) {
      if (position >= state.topics->size()) return Error{Code::not_found, "the topic state has no such entry"};
      return ProvenEntry{state.topics->at(position), position, state.topics->prove(position)};
    }
    const auto place = state.places.find(position);
    if (place != state.places.end() && state.head) {
      const auto& learned = state.partitions[place->second].learned;
      if (learned && learned->is_under(*state.head)) return ProvenEntry{learned->entry, position, learned->path};
    }
    return Error{Code::not_found, "the topic entry is not known here under the accepted head"};
  });
}

std::vector<std::uint32_t> FeedReader::known_entries() const {
  return log_->inspect([](const LogState& state) {
    std::vector<std::uint32_t> out;
    if (state.topics_complete()) {
      for (std::uint32_t i = 0; i < state.topics->size(); ++i) out.push_back(i);
      return out;
    }
    for (const PartitionState& partition : state.partitions) {
      if (partition.learned && state.head && partition.learned->is_under(*state.head)) {
        out.push_back(partition.learned->position);
      }
    }
    std::sort(out.begin(), out.end());
    return out;
  });
}

Result<std::optional<BlockIndex>> FeedReader::block_of_offset(const TopicPartition& stream, Offset offset) const {
  const auto topic = number_of(*log_, stream);
  if (!topic || offset.value() < 0) return std::optional<BlockIndex>{};
  SHOAL_TRY(const auto row, find_offset(log_->block_store(), log_->number(), *topic, offset));
  if (!row || row->base > offset || !is_shown(*log_, row->block)) return std::optional<BlockIndex>{};
  return std::optional<BlockIndex>{row->block};
}

Result<std::optional<BlockIndex>> FeedReader::next_block(const TopicPartition& stream,
                                                         std::optional<BlockIndex> after) const {
  const auto topic = number_of(*log_, stream);
  if (!topic) return std::optional<BlockIndex>{};
  // Who follows the end needs no index, and no store that has the newest block already.
  const auto newest = log_->inspect([&](const LogState& state) { return state.partitions[topic->value()].last_held; });
  if (!newest || (after && *newest <= *after)) return std::optional<BlockIndex>{};
  if (newest->value() - (after ? after->value() : 0) <= kNearEnd) {
    SHOAL_TRY(const BlockHeader header, log_->header(*newest));
    if (!header.previous || (after && *header.previous <= *after)) return newest;
  }
  TimeIndex index(log_->block_store(), log_->number(), *topic);
  SHOAL_TRY(const auto row, index.at_or_after(after ? *after + 1 : BlockIndex{0}));
  return row && is_shown(*log_, row->block) ? std::optional<BlockIndex>{row->block} : std::nullopt;
}

Result<std::optional<BlockIndex>> FeedReader::block_of_time(const TopicPartition& stream, UnixMs time) const {
  const auto topic = number_of(*log_, stream);
  if (!topic) return std::optional<BlockIndex>{};
  TimeIndex index(log_->block_store(), log_->number(), *topic);
  const BlockIndex bound{log_->inspect([](const LogState& state) { return state.headers.bound(); })};
  SHOAL_TRY(const auto row, index.first_reaching(time, bound));
  return row && is_shown(*log_, row->block) ? std::optional<BlockIndex>{row->block} : std::nullopt;
}

Result<std::vector<BlockIndex>> FeedReader::blocks_in_time(const TopicPartition& stream, UnixMs from, UnixMs to,
                                                           std::optional<BlockIndex> after, std::size_t limit) const {
  std::vector<BlockIndex> out;
  const auto topic = number_of(*log_, stream);
  if (!topic || from >= to || limit == 0) return out;
  TimeIndex index(log_->block_store(), log_->number(), *topic);
  const BlockIndex bound{log_->inspect([](const LogState& state) { return state.headers.bound(); })};
  // No block before this one has a record as late as `from`; those after it may hold any time.
  SHOAL_TRY(auto row, index.first_reaching(from, bound));
  if (row && after && row->block <= *after) {
    SHOAL_TRY(row, index.at_or_after(*after + 1));
  }
  while (row && out.size() < limit && is_shown(*log_, row->block)) {
    if (row->largest >= from && row->smallest < to) out.push_back(row->block);
    SHOAL_TRY(row, index.next());
  }
  return out;
}

Result<std::optional<Manifest>> FeedReader::manifest() const {
  TimeIndex index(log_->block_store(), log_->number(), store::TopicNumber{0});
  BlockIndex before{log_->inspect([](const LogState& state) { return state.headers.bound(); })};
  while (true) {
    SHOAL_TRY(const auto row, index.before(before));
    if (!row) return std::optional<Manifest>{};
    before = row->block;
    SHOAL_TRY(const bool held, has_payload(row->block));
    if (!held) continue;
    SHOAL_TRY(const BlockHeader header, this->header(row->block));
    if (!header.is(BlockKind::manifest)) continue;
    SHOAL_TRY(const Bytes payload, this->payload(row->block));
    auto manifest = decode_manifest(payload);
    if (!manifest) return Error{Code::corrupt, "the stored manifest is damaged: " + manifest.error().message};
    return std::optional<Manifest>{std::move(manifest).value()};
  }
}

}  // namespace shoal::feed
