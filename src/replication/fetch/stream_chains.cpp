#include "replication/fetch/stream_chains.h"

namespace shoal::replication {

void StreamChains::start(std::uint64_t from) {
  from_ = from;
  last_.clear();
}

std::optional<BlockIndex> StreamChains::last(const TopicPartition& stream) const {
  const auto found = last_.find(stream);
  return found == last_.end() ? std::nullopt : found->second;
}

std::optional<BlockIndex> StreamChains::next(const TopicPartition& stream, std::optional<BlockIndex> last) const {
  if (!last && from_ > 0) last = BlockIndex{from_ - 1};
  const Result<std::optional<BlockIndex>> next = reader_.next_block(stream, last);
  return next ? *next : std::nullopt;
}

bool StreamChains::follows(const feed::BlockHeader& header, std::optional<BlockIndex> last) const {
  const bool begins = !last && (!header.previous || header.previous->value() < from_);
  return begins || header.previous == last;
}

/// Whether the payload is here, or was pruned here on purpose.
bool StreamChains::has_payload(BlockIndex block) const {
  const Result<bool> held = reader_.has_payload(block);
  if (!held || *held) return held.ok();
  const Result<Bytes> payload = reader_.payload(block);
  return payload.ok() || payload.error().code == Code::pruned;
}

std::optional<StreamChains::Gap> StreamChains::gap(const feed::TopicStateEntry& entry) {
  if (!entry.last_block || entry.last_block->value() < from_) return std::nullopt;
  std::optional<BlockIndex>& last = last_[entry.stream];
  while (last != entry.last_block) {
    Gap gap{entry.stream, last ? last->value() + 1 : from_, entry.last_block->value(), std::nullopt};
    const std::optional<BlockIndex> block = next(entry.stream, last);
    if (!block) return gap;
    const Result<feed::BlockHeader> header = reader_.header(*block);
    const bool linked = header && follows(*header, last);
    if (!linked || !has_payload(*block)) {
      // A block that follows the chain lacks only its payload.
      const bool itself = !header || linked || !header->previous;
      gap.missing = itself ? block->value() : header->previous->value();
      gap.end = gap.missing + 1;
      return gap;
    }
    last = block;
  }
  return std::nullopt;
}

}  // namespace shoal::replication
