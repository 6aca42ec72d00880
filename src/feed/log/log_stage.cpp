#include "feed/log/log_stage.h"

#include "base/try.h"
#include "feed/log/chain_check.h"
#include "feed/log/have_rows.h"
#include "feed/log/log_rows.h"
#include "feed/log/time_index.h"
#include "feed/log/topic_index.h"

#include <algorithm>
#include <string>
#include <utility>

// Blocks come in any order and with holes; tree and topic state only grow at the end of the prefix without holes. So a
// block is stored as it comes, with the rows that stand for it alone (header, payload, offset, time), and advance()
// then steps over whatever continues the prefix, new or long stored. A manifest whose payload is missing stops the
// topic state, not the tree: the topics it creates are not known. Stored headers are read back at most kMaxAdvance at a
// time; FeedMirror calls again, so closing a hole before a million blocks takes many small commits, not one that holds
// them all in memory.
//
// Everything happens on copies (LogChange). The log shows them only when the rows are written; a refused block leaves
// nothing behind.
namespace shoal::feed {

namespace {

/// The block of a run, or behind it, that the error is about.
Error at_block(Error error, BlockIndex block) {
  error.message += " (block " + std::to_string(block.value()) + ")";
  return error;
}

}  // namespace

LogStage::LogStage(const StoredBlocks& blocks, const LogState& state, std::unique_ptr<TopicState> topics)
    : blocks_(&blocks), held_(&state) {
  change_.tail = state.tail;
  change_.topics = std::move(topics);
  change_.applied = state.applied;
}

std::optional<std::uint32_t> LogStage::number_of(const TopicPartition& stream) const {
  if (const auto number = held_->number_of(stream)) return number;
  const auto found = change_.numbers.find(stream);
  return found == change_.numbers.end() ? std::nullopt : std::optional<std::uint32_t>{found->second};
}

Result<LogStage::Numbered> LogStage::change_partition(const TopicPartition& stream) {
  std::optional<std::uint32_t> number = number_of(stream);
  if (!number) {
    number = static_cast<std::uint32_t>(held_->partitions.size() + change_.numbers.size());
    if (*number > kMaxTopicPartitions) return Error{Code::unverified, "the feed has too many topic partitions"};
    change_.numbers.emplace(stream, *number);
    change_.partitions[*number].stream = stream;
  }
  const auto [found, created] = change_.partitions.try_emplace(*number);
  if (created) found->second = held_->partitions[*number];
  return Numbered{store::TopicNumber{*number}, &found->second};
}

Result<void> LogStage::add(const LogBlock& block) {
  const std::uint64_t index = block.index.value();
  SHOAL_TRY(const Numbered of, change_partition(block.header.stream));
  if (!held_->headers.contains(index) && !fresh_.contains(index)) add_header(block, of);
  if (block.heals_header) {
    change_.rows.put(store::Column::headers, store::block_key(feed(), block.index),
                     Bytes(block.header_bytes.begin(), block.header_bytes.end()));
  }
  add_payload(block, of);
  return advance();
}

void LogStage::add_header(const LogBlock& block, const Numbered& of) {
  change_.rows.put(store::Column::headers, store::block_key(feed(), block.index),
                   Bytes(block.header_bytes.begin(), block.header_bytes.end()));
  put_offset_row(change_.rows, feed(), of.number, block.header, block.index);
  TimeIndex::put(change_.rows, feed(), of.number, block.header, block.index);
  of.partition->note_header(block.header, block.index);
  fresh_.emplace(block.index.value(), Fresh{block.header, header_leaf(block.header_bytes), {}});
  change_.headers.push_back(block.index.value());
}

void LogStage::add_payload(const LogBlock& block, const Numbered& of) {
  const std::uint64_t index = block.index.value();
  std::optional<ByteView> payload = block.payload;
  if (!payload && block.header.payload_size == 0) payload = ByteView{};  // nothing to wait for
  const bool write = payload.has_value();
  if (!payload && block.stored) payload = ByteView{};
  if (!payload || held_->payloads.contains(index)) return;
  const auto [fresh, created] = fresh_.try_emplace(index, Fresh{block.header, {}, {}});
  if (fresh->second.payload) return;
  fresh->second.payload = payload;
  if (write) {
    change_.rows.put(store::Column::payloads, store::block_key(feed(), block.index),
                     Bytes(payload->begin(), payload->end()));
  }
  of.partition->note_payload(block.header);
  if (of.partition->high_watermark < block.header.next_offset()) {  // behind a hole, which this commit may close
    change_.reached[of.number.value()].emplace(block.header.base_offset, block.header.next_offset());
  }
  change_.payloads.push_back(index);
}

void LogStage::add_node(const merkle::NodeId& node, const Digest& hash) {
  if (node.end_leaf() <= change_.tail.size()) return;  // tiles or the unfinished edge have it
  put_node(change_.rows, feed(), node, hash);
}

void LogStage::learn(const LearnedEntry& entry) {
  if (const auto changed = change_partition(entry.entry.stream)) changed->partition->learned = entry;
}

Result<void> LogStage::advance() {
  SHOAL_CHECK(advance_tree());
  SHOAL_CHECK(step_topics());
  return number_changed_topics();
}

Result<void> LogStage::advance_tree() {
  while (advanced_ < kMaxAdvance) {
    const std::uint64_t next = change_.tail.size();
    if (const auto fresh = fresh_.find(next); fresh != fresh_.end() && fresh->second.leaf) {
      change_.tail.append(*fresh->second.leaf, feed(), change_.rows);
      continue;
    }
    if (!held_->headers.contains(next)) break;
    SHOAL_TRY(const Bytes header, blocks_->header_bytes(BlockIndex{next}));
    change_.tail.append(header_leaf(header), feed(), change_.rows);
    ++advanced_;
  }
  return {};
}

Result<void> LogStage::step_topics() {
  for (; change_.applied < change_.tail.size(); ++change_.applied) {
    const BlockIndex block{change_.applied};
    LogChange::Step step{{}, block, {}};
    if (const auto fresh = fresh_.find(block.value()); fresh != fresh_.end()) {
      step.header = fresh->second.header;
    } else {
      if (advanced_ >= 2 * kMaxAdvance) break;
      SHOAL_TRY(step.header, blocks_->header(block));
      ++advanced_;
    }
    if (step.header.is(BlockKind::manifest)) {
      SHOAL_TRY(step.manifest, manifest_at(block));
      if (!step.manifest) break;  // the topics it creates are not known yet
    }
    const auto applied = change_.topics->apply(step.header, block, step.manifest ? &*step.manifest : nullptr);
    if (!applied) return at_block(applied.error(), block);
    change_.steps.push_back(std::move(step));
  }
  return {};
}

Result<std::optional<Manifest>> LogStage::manifest_at(BlockIndex block) const {
  if (const auto fresh = fresh_.find(block.value()); fresh != fresh_.end() && fresh->second.payload) {
    SHOAL_TRY(Manifest manifest, decode_manifest(*fresh->second.payload));
    return std::optional<Manifest>{std::move(manifest)};
  }
  if (!held_->payloads.contains(block.value())) return std::optional<Manifest>{};
  SHOAL_TRY(const Bytes payload, blocks_->payload(block));
  auto manifest = decode_manifest(payload);
  if (manifest) return std::optional<Manifest>{*std::move(manifest)};
  // Whose fault it is, the owner's or this disk's, only the payload's hash tells.
  SHOAL_TRY(const BlockHeader header, blocks_->header(block));
  if (verify_payload(header, payload)) return std::move(manifest).error();
  return Error{Code::corrupt, "the manifest of block " + std::to_string(block.value()) + " is damaged"};
}

Result<void> LogStage::number_changed_topics() {
  for (const std::uint32_t position : change_.topics->take_changed()) {
    SHOAL_TRY(const Numbered changed, change_partition(change_.topics->at(position).stream));
    changed.partition->position = position;
  }
  return {};
}

Result<void> LogStage::check_chains() const {
  std::map<TopicPartition, std::vector<ChainLink>> streams;
  for (const auto& [block, fresh] : fresh_) {
    if (!fresh.leaf || block < change_.applied) continue;
    streams[fresh.header.stream].push_back({BlockIndex{block}, fresh.header});
  }
  for (const auto& [stream, links] : streams) {
    ChainContext context{blocks_, {}, nullptr, held_->head ? &*held_->head : nullptr};
    if (const auto number = held_->number_of(stream)) {
      context.topic = store::TopicNumber{*number};
      const auto changed = change_.partitions.find(*number);
      if (changed != change_.partitions.end() && changed->second.learned) context.learned = &*changed->second.learned;
    }
    SHOAL_CHECK(check_chain(links, context));
  }
  return {};
}

Result<void> LogStage::check_topics(const Checkpoint& target) const {
  if (applied() != target.tree_size) return {};
  if (topics().size() == target.topic_count && topics().root() == target.topic_root) return {};
  return Error{Code::unverified, "the head signs a topic state that its blocks do not give"};
}

LogChange LogStage::finish() && {
  for (const auto& [number, partition] : change_.partitions) {
    change_.reached.try_emplace(number);
    put_partition(change_.rows, feed(), number, partition, change_.topics.get());
  }
  std::sort(change_.headers.begin(), change_.headers.end());
  std::sort(change_.payloads.begin(), change_.payloads.end());
  put_have_rows(change_.rows, feed(), HaveSet::headers, held_->headers, change_.headers);
  put_have_rows(change_.rows, feed(), HaveSet::payloads, held_->payloads, change_.payloads);
  if (!change_.rows.empty() || change_.applied != held_->applied || change_.tail.size() != held_->tail.size()) {
    change_.rows.put(store::Column::meta, state_key(feed()),
                     encode_state_row({blocks_->rows().id, change_.tail.size(), change_.applied, change_.tail.edge()}));
  }
  return std::move(change_);
}

}  // namespace shoal::feed
