#include "replication/serve/compact_push.h"

namespace shoal::replication {

std::optional<Push> compact_push(const feed::FeedReader& reader, const Data& run) {
  if (run.blocks.empty() || !run.cover.empty()) return std::nullopt;
  // Who has not stepped over every block cannot know that they continue the feed. The owner may have signed what does
  // not, and a receiver would take that for our lie.
  if (!reader.topics_complete() || reader.head() != run.head) return std::nullopt;
  Push push;
  push.want = run.want;
  push.time = run.head.time;
  push.signature = run.head.signature;
  push.first = run.base;
  push.blocks.reserve(run.blocks.size());
  for (const DataBlock& block : run.blocks) {
    const Result<feed::BlockHeader> header = feed::decode_header(block.header);
    if (!header || block.form != PayloadForm::with_block) return std::nullopt;
    const auto topic = reader.topic_position(header->stream);
    const auto compact = topic ? feed::compact_header(*header, *topic, run.head.time) : std::nullopt;
    if (!compact) return std::nullopt;
    push.blocks.push_back({*compact, block.payload});
  }
  return push;
}

}  // namespace shoal::replication
