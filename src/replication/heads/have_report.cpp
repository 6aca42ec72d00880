#include "replication/heads/have_report.h"

#include <algorithm>

namespace shoal::replication {

Have report_have(const feed::FeedReader& reader, bool serve) {
  Have have;
  const std::optional<feed::Checkpoint> head = reader.head();
  if (!serve || !head) return have;
  const std::uint64_t prefix = reader.block_prefix();
  have.complete = prefix >= head->tree_size;
  have.ranges = reader.held_payloads();
  if (have.ranges.size() > kMaxHaveRanges) {
    const auto longer = [](const feed::BlockRange& a, const feed::BlockRange& b) {
      return a.end - a.begin > b.end - b.begin;
    };
    std::nth_element(have.ranges.begin(), have.ranges.begin() + kMaxHaveRanges, have.ranges.end(), longer);
    have.ranges.resize(kMaxHaveRanges);
    std::sort(have.ranges.begin(), have.ranges.end());
  }
  return have;
}

}  // namespace shoal::replication
