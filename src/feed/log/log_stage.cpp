#include "feed/log/log_stage.h"

#include "base/assert.h"
#include "base/try.h"
#include "feed/log/log_rows.h"
#include "feed/log/time_index.h"
#include "feed/log/topic_index.h"

#include <algorithm>

namespace shoal::feed {

void note_header(PartitionState& partition, const BlockHeader& header, BlockIndex block) {
  if (partition.last_held && *partition.last_held >= block) return;
  partition.last_held = block;
  partition.held_end = header.next_offset();
  partition.largest_held = header.running_largest_time;
}

void note_payload(PartitionState& partition, const BlockHeader& header) {
  partition.payload_bytes += header.payload_size;
  if (partition.high_watermark == header.base_offset) partition.high_watermark = header.next_offset();
}

LogStage::LogStage(FeedLog& log)
    : log_(&log), tail_(log.state_.tail), applied_(log.state_.applied), topics_(std::move(log.spare_topics_)) {
  if (!topics_) topics_ = std::make_unique<TopicState>(*held().topics);
}

LogStage::~LogStage() = default;

Result<PartitionState*> LogStage::partition(const TopicPartition& stream) {
  std::optional<std::uint32_t> number = held().number_of(stream);
  if (!number) {
    if (const auto found = new_numbers_.find(stream); found != new_numbers_.end()) number = found->second;
  }
  if (!number) {
    number = static_cast<std::uint32_t>(held().partitions.size() + new_numbers_.size());
    if (*number > kMaxTopicPartitions) return Error{Code::unverified, "the feed has too many topic partitions"};
    new_numbers_.emplace(stream, *number);
    touched_[*number].stream = stream;
  }
  const auto [found, created] = touched_.try_emplace(*number);
  if (created) found->second = held().partitions[*number];
  return &found->second;
}

Result<void> LogStage::add(const LogBlock& block) {
  const std::uint64_t index = block.index.value();
  SHOAL_TRY(PartitionState * partition, this->partition(block.header.stream));
  const bool known = held().headers.contains(index) || fresh_.contains(index);
  if (!known) {
    const auto number = new_numbers_.find(block.header.stream);
    SHOAL_CHECK(add_header(block, *partition,
                           number != new_numbers_.end() ? number->second : *held().number_of(block.header.stream)));
  }
  add_payload(block, *partition);
  return advance();
}

Result<void> LogStage::add_header(const LogBlock& block, PartitionState& partition, std::uint32_t number) {
  const store::TopicNumber topic{number};
  batch_.put(store::Column::headers, store::block_key(log_->number_, block.index),
             Bytes(block.header_bytes.begin(), block.header_bytes.end()));
  put_offset_row(batch_, log_->number_, topic, block.header, block.index);
  TimeIndex::put(batch_, log_->number_, topic, block.header, block.index);
  note_header(partition, block.header, block.index);
  fresh_.emplace(block.index.value(), Fresh{block.header, header_leaf(block.header_bytes), {}});
  new_headers_.push_back(block.index.value());
  return {};
}

void LogStage::add_payload(const LogBlock& block, PartitionState& partition) {
  const std::uint64_t index = block.index.value();
  std::optional<ByteView> payload = block.payload;
  if (!payload && block.header.payload_size == 0) payload = ByteView{};  // nothing to wait for
  const bool write = payload.has_value();
  if (!payload && block.stored) payload = ByteView{};
  if (!payload || held().payloads.contains(index)) return;
  const auto [fresh, created] = fresh_.try_emplace(index, Fresh{block.header, {}, {}});
  if (fresh->second.payload) return;
  fresh->second.payload = payload;
  if (write) {
    batch_.put(store::Column::payloads, store::block_key(log_->number_, block.index),
               Bytes(payload->begin(), payload->end()));
  }
  note_payload(partition, block.header);
  new_payloads_.push_back(index);
}

void LogStage::add_node(const merkle::NodeId& node, const Digest& hash) {
  if (node.end_leaf() <= tail_.size()) return;  // tiles or the unfinished edge have it
  put_node(batch_, log_->number_, node, hash);
}

void LogStage::learn(const LearnedEntry& entry) {
  auto partition = this->partition(entry.entry.stream);
  if (partition) (*partition)->learned = entry;
}

Result<void> LogStage::advance() {
  for (bool more = true; more;) {
    SHOAL_TRY(const bool grew, advance_tree());
    SHOAL_TRY(const bool stepped, step_topics());
    more = (grew || stepped) && advanced_ < kMaxAdvance;
  }
  return number_changed_topics();
}

Result<bool> LogStage::advance_tree() {
  bool grew = false;
  for (; advanced_ < kMaxAdvance; grew = true) {
    const std::uint64_t next = tail_.size();
    if (const auto fresh = fresh_.find(next); fresh != fresh_.end() && fresh->second.leaf) {
      tail_.append(*fresh->second.leaf, log_->number_, batch_);
      continue;
    }
    if (!held().headers.contains(next)) break;
    SHOAL_TRY(const Bytes header, log_->header_bytes(BlockIndex{next}));
    tail_.append(header_leaf(header), log_->number_, batch_);
    ++advanced_;
  }
  return grew;
}

Result<bool> LogStage::step_topics() {
  bool stepped = false;
  for (; applied_ < tail_.size(); ++applied_) {
    const BlockIndex block{applied_};
    Step step{{}, block, {}};
    if (const auto fresh = fresh_.find(applied_); fresh != fresh_.end()) {
      step.header = fresh->second.header;
    } else {
      if (advanced_ >= 2 * kMaxAdvance) break;
      SHOAL_TRY(step.header, log_->header(block));
      ++advanced_;
    }
    if (step.header.is(BlockKind::manifest)) {
      SHOAL_TRY(step.manifest, manifest_at(block, step.header));
      if (!step.manifest) break;  // the topics it creates are not known yet
    }
    SHOAL_CHECK(topics_->apply(step.header, block, step.manifest ? &*step.manifest : nullptr));
    steps_.push_back(std::move(step));
    stepped = true;
  }
  return stepped;
}

Result<std::optional<Manifest>> LogStage::manifest_at(BlockIndex block, const BlockHeader& /*header*/) const {
  if (const auto fresh = fresh_.find(block.value()); fresh != fresh_.end() && fresh->second.payload) {
    SHOAL_TRY(Manifest manifest, decode_manifest(*fresh->second.payload));
    return std::optional<Manifest>{std::move(manifest)};
  }
  if (!held().payloads.contains(block.value())) return std::optional<Manifest>{};
  SHOAL_TRY(const Bytes payload, log_->stored_payload(block));
  SHOAL_TRY(Manifest manifest, decode_manifest(payload));
  return std::optional<Manifest>{std::move(manifest)};
}

Result<void> LogStage::number_changed_topics() {
  for (const std::uint32_t position : topics_->take_changed()) {
    SHOAL_TRY(PartitionState * partition, this->partition(topics_->at(position).stream));
    partition->position = position;
  }
  return {};
}

void LogStage::finish() {
  const store::FeedNumber feed = log_->number_;
  for (const auto& [number, partition] : touched_) {
    const TopicStateEntry* entry = partition.position ? &topics_->at(*partition.position) : nullptr;
    batch_.put(store::Column::topics, store::topic_key(feed, store::TopicNumber{number}),
               encode_partition(partition, entry));
  }
  std::sort(new_headers_.begin(), new_headers_.end());
  std::sort(new_payloads_.begin(), new_payloads_.end());
  put_have_rows(batch_, feed, HaveSet::headers, held().headers, new_headers_);
  put_have_rows(batch_, feed, HaveSet::payloads, held().payloads, new_payloads_);
  if (batch_.empty() && applied_ == held().applied && tail_.size() == held().tail.size()) return;
  batch_.put(store::Column::meta, state_key(feed), encode_state_row({log_->id_, tail_.size(), applied_, tail_.edge()}));
}

}  // namespace shoal::feed
