#include "base/try.h"
#include "feed/log/log_stage.h"
#include "feed/log/time_index.h"

#include <algorithm>

// What a sparse reader can check of a partition's chain: it holds some headers and some signed ends, not all.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "partition chain: " + std::string(what)}; }

struct Link {
  BlockIndex block{0};
  BlockHeader header;
};

/// `later` is the next held block of the partition after `earlier`; blocks between them may exist elsewhere.
Result<void> check_neighbours(const Link& earlier, const Link& later) {
  const BlockHeader& before = earlier.header;
  const BlockHeader& after = later.header;
  if (!after.previous || *after.previous < earlier.block) return bad("a block denies its predecessor");
  if (*after.previous == earlier.block) {
    if (after.base_offset != before.next_offset()) return bad("the base offset does not continue");
    if (after.running_largest_time != std::max(before.running_largest_time, after.largest_time)) {
      return bad("the running largest timestamp does not continue");
    }
    return {};
  }
  if (after.base_offset <= before.next_offset()) return bad("the base offset leaves no room for blocks between");
  if (after.running_largest_time < before.running_largest_time) return bad("the running largest timestamp falls");
  return {};
}

Result<void> check_alone(const Link& link) {
  if (link.header.previous && *link.header.previous >= link.block) return bad("the previous block is not before");
  if (!link.header.previous && link.header.running_largest_time != link.header.largest_time) {
    return bad("the running largest timestamp of a first block");
  }
  return {};
}

/// The signed end of the partition.
Result<void> check_end(const Link& link, const LearnedEntry& learned, const std::optional<Checkpoint>& head) {
  const TopicStateEntry& end = learned.entry;
  if (!end.last_block || link.block > *end.last_block) {
    if (link.header.base_offset < end.next_offset) return bad("a block before the signed end lies after it");
    const bool same_head = head && learned.is_under(*head) && link.block.value() < head->tree_size;
    return same_head ? bad("a block beyond the signed end") : Result<void>{};
  }
  if (link.block == *end.last_block) {
    const bool fits =
        link.header.next_offset() == end.next_offset && link.header.running_largest_time == end.largest_time;
    return fits ? Result<void>{} : bad("the last block is not the signed end");
  }
  if (link.header.next_offset() >= end.next_offset) return bad("a block reaches beyond the signed end");
  if (link.header.running_largest_time > end.largest_time) return bad("a timestamp above the signed largest one");
  return {};
}

}  // namespace

Result<void> LogStage::check_chains() const {
  std::map<TopicPartition, std::vector<BlockIndex>> streams;
  for (const auto& [block, fresh] : fresh_) {
    if (fresh.leaf && block >= applied_) streams[fresh.header.stream].push_back(BlockIndex{block});
  }
  for (const auto& [stream, blocks] : streams) SHOAL_CHECK(check_stream(stream, blocks));
  return {};
}

Result<void> LogStage::check_stream(const TopicPartition& stream, const std::vector<BlockIndex>& blocks) const {
  const std::optional<std::uint32_t> number = held().number_of(stream);
  std::optional<TimeIndex> index;
  if (number) index.emplace(*log_->stores_.blocks, log_->number_, store::TopicNumber{*number});
  const auto found = number ? touched_.find(*number) : touched_.end();
  const LearnedEntry* learned = found != touched_.end() && found->second.learned ? &*found->second.learned : nullptr;
  const auto held_link = [&](const std::optional<TimeRow>& row) -> Result<std::optional<Link>> {
    if (!row) return std::optional<Link>{};
    SHOAL_TRY(BlockHeader header, log_->header(row->block));
    return std::optional<Link>{Link{row->block, std::move(header)}};
  };
  std::optional<Link> last;  // the new block checked before
  for (const BlockIndex block : blocks) {
    const Link link{block, fresh_.at(block.value()).header};
    SHOAL_CHECK(check_alone(link));
    if (learned != nullptr) SHOAL_CHECK(check_end(link, *learned, held().head));
    if (index) {
      SHOAL_TRY(const auto row_before, index->before(block));
      if (row_before && (!last || row_before->block > last->block)) {
        SHOAL_TRY(const auto before, held_link(row_before));
        last = before;
      }
      SHOAL_TRY(const auto row_after, index->at_or_after(block));
      SHOAL_TRY(const auto after, held_link(row_after));
      const auto next_new = std::upper_bound(blocks.begin(), blocks.end(), block);
      if (after && (next_new == blocks.end() || after->block < *next_new)) SHOAL_CHECK(check_neighbours(link, *after));
    }
    if (last) SHOAL_CHECK(check_neighbours(*last, link));
    last = link;
  }
  return {};
}

}  // namespace shoal::feed
