#include "feed/format/compact_run.h"

#include "base/try.h"
#include "record/batch_header.h"

#include <algorithm>
#include <limits>

namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "compact run: " + std::string(what)}; }

std::optional<std::uint32_t> distance(UnixMs from, UnixMs to) {
  if (from < kNoTime || to < from) return std::nullopt;
  // Any two times that a signed header may hold.
  const std::uint64_t ms = static_cast<std::uint64_t>(to.value()) - static_cast<std::uint64_t>(from.value());
  if (ms > std::numeric_limits<std::uint32_t>::max()) return std::nullopt;
  return static_cast<std::uint32_t>(ms);
}

}  // namespace

std::optional<CompactHeader> compact_header(const BlockHeader& header, std::uint32_t topic, UnixMs time) {
  // Without a previous block a reader may not know the topic yet.
  if (!header.is(BlockKind::data) || !header.previous || !header.extension.empty()) return std::nullopt;
  const auto age = distance(header.append_time, time);
  const auto span = distance(header.smallest_time, header.largest_time);
  if (!age || !span) return std::nullopt;
  return CompactHeader{topic, *age, *span};
}

Result<BlockHeader> expand_header(const CompactBlock& block, const TopicState& state, UnixMs time, Epoch epoch) {
  if (block.header.topic == 0 || block.header.topic >= state.size()) return bad("no such topic");
  const TopicStateEntry& entry = state.at(block.header.topic);
  SHOAL_TRY(const record::BatchInfo info, record::inspect_batch(block.payload));
  if (info.base_offset != entry.next_offset) return bad("the batch does not go on where its partition ends");
  if (info.leader_epoch > epoch.value()) return bad("the batch is of a later epoch");
  if (time.value() < 0 || info.max_timestamp < kNoTime) return bad("a time before 1970");
  BlockHeader header;
  header.kind = static_cast<std::uint8_t>(BlockKind::data);
  header.stream = entry.stream;
  header.previous = entry.last_block;
  header.base_offset = entry.next_offset;
  header.record_count = info.record_count;
  header.payload_size = static_cast<std::uint32_t>(block.payload.size());
  header.append_time = time - static_cast<std::int64_t>(block.header.age_ms);
  header.largest_time = info.max_timestamp;
  header.smallest_time = info.max_timestamp - static_cast<std::int64_t>(block.header.span_ms);
  header.running_largest_time = std::max(entry.largest_time, info.max_timestamp);
  header.payload_root = payload_root(block.payload);
  SHOAL_CHECK(check_header(header));
  return header;
}

}  // namespace shoal::feed
