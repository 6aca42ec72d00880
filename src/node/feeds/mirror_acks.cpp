#include "node/feeds/mirror_acks.h"

#include <algorithm>
#include <set>

namespace shoal::node {

unsigned MirrorAcks::needed() const {
  return quorum_.named.empty() ? quorum_.count : static_cast<unsigned>(quorum_.named.size());
}

std::size_t MirrorAcks::bytes() const {
  std::size_t sum = 0;
  for (const Run& run : waiting_) sum += run.bytes;
  return sum;
}

unsigned MirrorAcks::holders(const Run& run, const std::vector<const feed::Receipt*>& receipts) const {
  const auto holds = [&run](const feed::Receipt* receipt) {
    return run.block.value() < receipt->tree_size && receipt->oldest <= run.appended &&
           receipt->covers(run.records.topic);
  };
  return static_cast<unsigned>(std::count_if(receipts.begin(), receipts.end(), holds));
}

std::vector<MirrorAcks::Run> MirrorAcks::take(const std::vector<feed::Receipt>& receipts, Epoch epoch) {
  std::vector<const feed::Receipt*> counted;
  for (const feed::Receipt& receipt : receipts) {
    const bool named = std::find(quorum_.named.begin(), quorum_.named.end(), receipt.node_key) != quorum_.named.end();
    if (receipt.epoch == epoch && (quorum_.named.empty() || named)) counted.push_back(&receipt);
  }
  std::vector<Run> taken;
  if (counted.size() < needed()) return taken;
  std::deque<Run> left;
  std::set<TopicPartition> behind;  // an earlier record of the partition waits, so later ones do
  for (Run& run : waiting_) {
    const TopicPartition stream{run.records.topic, run.records.partition};
    const unsigned held_by = behind.contains(stream) ? 0 : holders(run, counted);
    if (held_by < needed()) {
      behind.insert(stream);
      left.push_back(std::move(run));
    } else {
      run.records.mirrors = held_by;
      taken.push_back(std::move(run));
    }
  }
  waiting_ = std::move(left);
  return taken;
}

}  // namespace shoal::node
