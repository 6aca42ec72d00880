#include "node/directory/held_info.h"

#include "base/clock.h"
#include "base/try.h"

namespace shoal::node {

Result<FeedInfo> held_info(const feed::FeedReader& reader) {
  FeedInfo info;
  const auto head = reader.head();
  info.feed = reader.id();
  info.held_blocks = reader.held_payload_count();
  info.forked = reader.fork_proof().has_value();
  if (const auto note = reader.contradiction()) info.contradiction = feed::describe(*note);
  if (head) {
    info.tree_size = head->tree_size;
    info.root_hash = head->root.hex();
    info.epoch = head->epoch;
    info.head_time = head->time;
    info.head_age_ms = base::SystemClock().wall_now() - head->time;
  }
  info.complete = head && reader.known_entries().size() >= head->topic_count;
  SHOAL_TRY(const auto views, reader.topics());
  for (const feed::TopicView& view : views) {
    const bool complete = head && view.known_to >= head->tree_size && view.high_watermark >= view.end;
    info.topics.push_back({view.stream.topic, view.stream.partition, view.log_start, view.high_watermark, view.end,
                           view.largest_time, view.bytes, complete});
    info.complete = info.complete && complete;
  }
  if (const auto manifest = reader.manifest(); manifest && *manifest) info.title = (*manifest)->title;
  return info;
}

}  // namespace shoal::node
