#include "feed/write/own_check.h"

#include "base/try.h"
#include "feed/format/incoming_proof.h"

#include <map>
#include <string>
#include <string_view>

namespace shoal::feed {
namespace {

Error faulty(std::string_view what) {
  return {Code::corrupt, "what was just signed is not what would be stored: " + std::string(what),
          "nothing was signed for others; test the memory of this machine"};
}

}  // namespace

Result<void> check_own_group(const FeedId& feed, const Checkpoint& signed_head, merkle::RightEdge before,
                             const std::vector<GroupBlockView>& blocks, const TopicState& topics) {
  const auto head = decode_checkpoint(encode_checkpoint(signed_head));
  if (!head) return faulty(head.error().message);
  if (const auto good = verify_checkpoint(feed, *head); !good) return faulty(good.error().message);
  std::map<TopicPartition, TopicStateEntry> ends;
  for (const GroupBlockView& block : blocks) {
    const auto header = decode_header(block.header);
    if (!header) return faulty(header.error().message);
    if (const auto good = check_payload(*header, head->epoch, block.payload); !good)
      return faulty(good.error().message);
    ends[header->stream] = {header->stream, header->next_offset(), BlockIndex{before.size()},
                            header->running_largest_time};
    before.append_leaf(header_leaf(block.header));
  }
  if (before.size() != head->tree_size || before.root() != head->root) return faulty("the tree is another one");
  if (topics.size() != head->topic_count || topics.root() != head->topic_root)
    return faulty("the topic state is another one");
  for (const auto& [stream, end] : ends) {
    const auto position = topics.find(stream);
    if (!position) return faulty("a partition is not in the topic state");
    const auto proven =
        verify_topic_entry(end, *position, head->topic_count, head->topic_root, topics.prove(*position));
    if (!proven) return faulty(proven.error().message);
  }
  return {};
}

}  // namespace shoal::feed
