#include "node/feeds/ack_router.h"

#include <algorithm>

namespace shoal::node {

void AckRouter::note(const TopicPartition& stream, Offset first, std::int64_t count, Sender sender) {
  std::deque<Run>& runs = runs_[stream];
  const Offset last = first + (count - 1);
  if (!runs.empty() && runs.back().sender == sender) {
    runs.back().last = last;
  } else {
    runs.push_back({sender, first, last});
  }
}

std::vector<AckRouter::Run> AckRouter::take(const TopicPartition& stream, Offset first, Offset last) {
  std::vector<Run> taken;
  const auto entry = runs_.find(stream);
  if (entry == runs_.end()) return taken;
  std::deque<Run>& runs = entry->second;
  while (!runs.empty() && runs.front().first <= last) {
    const Run& run = runs.front();
    taken.push_back({run.sender, std::max(run.first, first), std::min(run.last, last)});
    if (run.last > last) break;  // the rest lies in a later block
    runs.pop_front();
  }
  // A feed may have more partitions than records on their way.
  if (runs.empty()) runs_.erase(entry);
  return taken;
}

}  // namespace shoal::node
