#include "feed/log/chain_check.h"

#include "base/try.h"
#include "feed/log/time_index.h"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

// A reader of the whole feed steps its topic state over every header, which checks them all. A sparse reader cannot: it
// misses headers between those it takes. What it can do is compare neighbours. Each header names the block before it
// in its partition (`previous`) and sums up what lies before it (base offset, running largest time), so two held blocks
// either follow each other, and then the sums continue exactly, or leave room for what lies between. The signed topic
// entry bounds the last of them. Without it an owner could sign headers whose offsets overlap or leave gaps, and a
// sparse reader would deliver them.
namespace shoal::feed {
namespace {

Error bad(std::string_view what) { return Error{Code::unverified, "partition chain: " + std::string(what)}; }

/// `later` is the next held block of the partition after `earlier`; blocks between them may exist elsewhere.
Result<void> check_neighbours(const ChainLink& earlier, const ChainLink& later) {
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

Result<void> check_alone(const ChainLink& link) {
  if (link.header.previous && *link.header.previous >= link.block) return bad("the previous block is not before");
  if (!link.header.previous && link.header.running_largest_time != link.header.largest_time) {
    return bad("the running largest timestamp of a first block");
  }
  return {};
}

/// The signed end of the partition.
Result<void> check_end(const ChainLink& link, const LearnedEntry& learned, const Checkpoint* head) {
  const TopicStateEntry& end = learned.entry;
  if (!end.last_block || link.block > *end.last_block) {
    if (link.header.base_offset < end.next_offset) return bad("a block before the signed end lies after it");
    const bool same_head = head != nullptr && learned.is_under(*head) && link.block.value() < head->tree_size;
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

/// Walks the partition's new blocks in order, beside the index of those held.
class ChainWalk {
 public:
  ChainWalk(const std::vector<ChainLink>& fresh, const ChainContext& held) : fresh_(fresh), held_(held) {
    if (!held.topic) return;
    const FeedRows& rows = held.blocks->rows();
    index_.emplace(*rows.stores.blocks, rows.number, *held.topic);
  }

  Result<void> run() {
    for (auto link = fresh_.begin(); link != fresh_.end(); ++link) {
      SHOAL_CHECK(check_alone(*link));
      if (held_.learned != nullptr) SHOAL_CHECK(check_end(*link, *held_.learned, held_.head));
      if (index_) {
        SHOAL_CHECK(find_last(link->block));
        SHOAL_CHECK(check_next(link));
      }
      if (last_) SHOAL_CHECK(check_neighbours(*last_, *link));
      last_ = *link;
    }
    return {};
  }

 private:
  /// The held block before `block` is the last one when it lies behind the new block checked before.
  Result<void> find_last(BlockIndex block) {
    SHOAL_TRY(const auto row, index_->before(block));
    if (!row || (last_ && row->block <= last_->block)) return {};
    SHOAL_TRY(last_, link_of(*row));
    return {};
  }

  /// Against the held block after `link`, unless a new one lies between them: that one is compared instead.
  Result<void> check_next(std::vector<ChainLink>::const_iterator link) {
    SHOAL_TRY(const auto row, index_->at_or_after(link->block));
    const auto next = std::next(link);
    if (!row || (next != fresh_.end() && row->block >= next->block)) return {};
    SHOAL_TRY(const ChainLink after, link_of(*row));
    return check_neighbours(*link, after);
  }

  Result<ChainLink> link_of(const TimeRow& row) const {
    SHOAL_TRY(BlockHeader header, held_.blocks->header(row.block));
    return ChainLink{row.block, std::move(header)};
  }

  const std::vector<ChainLink>& fresh_;
  const ChainContext& held_;
  std::optional<TimeIndex> index_;
  std::optional<ChainLink> last_;  // the block before the one at hand: new, or held when that is nearer
};

}  // namespace

Result<void> check_chain(const std::vector<ChainLink>& fresh, const ChainContext& held) {
  return ChainWalk(fresh, held).run();
}

}  // namespace shoal::feed
