#include "node/held_info.h"

#include "base/try.h"

namespace shoal::node {

Result<FeedInfo> held_info(const feed::FeedReader& reader) {
  FeedInfo info;
  info.feed = reader.id();
  info.held_blocks = reader.held_payload_count();
  info.forked = reader.fork_proof().has_value();
  if (const auto head = reader.head()) {
    info.tree_size = head->tree_size;
    info.root_hash = head->root.hex();
    info.epoch = head->epoch;
    info.head_time = head->time;
  }
  SHOAL_TRY(const auto views, reader.topics());
  for (const feed::TopicView& view : views) {
    info.topics.push_back({view.stream.topic, view.stream.partition, view.log_start, view.high_watermark, view.end,
                           view.largest_time, view.bytes});
  }
  if (const auto manifest = reader.manifest(); manifest && *manifest) info.title = (*manifest)->title;
  return info;
}

}  // namespace shoal::node
