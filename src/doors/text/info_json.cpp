#include "doors/text/info_json.h"

#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"
#include "doors/text/retention_json.h"

namespace shoal::doors {

template <class Codec, Is<MirrorInfo> Self>
void fields(Codec& c, Self& mirror) {
  c.field("node_key", mirror.node_key);
  c.field("name", mirror.name);
  c.field("tree_size", mirror.tree_size);
  bool everything = mirror.topics.empty();
  c.field("everything", everything);
  c.field("topics", mirror.topics);
  c.require(everything == mirror.topics.empty(), "'everything' and 'topics' contradict each other");
  c.field("oldest_ms", time_or_null(mirror.oldest));
  c.field("since_ms", mirror.since);
  c.field("time_ms", mirror.time);
  c.field("connected", mirror.connected);
}

template <class Codec, Is<TopicInfo> Self>
void fields(Codec& c, Self& topic) {
  c.field("name", topic.name);
  c.field("partition", topic.partition);
  c.field("log_start_offset", topic.log_start_offset);
  c.field("high_watermark", topic.high_watermark);
  c.field("end_offset", topic.end_offset);
  c.field("largest_time_ms", time_or_null(topic.largest_time));
  c.field("bytes", topic.bytes);
  c.field("complete", topic.complete);
}

template <class Codec, Is<HeadHintInfo> Self>
void fields(Codec& c, Self& hint) {
  c.field("tree_size", hint.tree_size);
  c.field("time_ms", bounded(hint.time, 0));
}

template <class Codec, Is<FeedInfo> Self>
void fields(Codec& c, Self& info) {
  c.field("feed", info.feed);
  c.field("name", info.name);
  c.field("own", info.own);
  c.field("title", info.title);
  c.field("tree_size", info.tree_size);
  c.field("held_blocks", info.held_blocks);
  c.field("root_hash", info.root_hash);
  c.field("epoch", info.epoch);
  c.field("head_time_ms", info.head_time);
  c.field("head_age_ms", info.head_age_ms);
  c.field("complete", info.complete);
  c.field("topics", info.topics);
  c.field("mirrors", info.mirrors);
  c.field("disk_bytes", info.disk_bytes);
  c.field("forked", info.forked);
  c.field("fork_proof", info.fork_proof);
  c.field("contradiction", info.contradiction);
  c.field("in_memory", info.in_memory);
  c.field("want", info.want);
  c.field("retention", info.retention);
  c.field("hint", info.hint);
}

template <class Codec, Is<PeerInfo> Self>
void fields(Codec& c, Self& peer) {
  c.field("feed", peer.feed);
  c.field("address", peer.address);
  c.field("transport", peer.transport);
  c.field("outgoing", peer.outgoing);
  c.field("node_key", peer.node_key);
  c.field("name", peer.name);
  c.field("since_ms", peer.since);
  c.field("tree_size", peer.tree_size);
  c.field("complete", peer.complete);
  c.field("held_begin", peer.held_begin);
  c.field("held_end", peer.held_end);
  c.field("bytes_in", peer.bytes_in);
  c.field("bytes_out", peer.bytes_out);
  c.field("rate_in", peer.rate_in);
  c.field("rate_out", peer.rate_out);
  c.field("round_trip_us", or_null(peer.round_trip_us, -1, 0));
  c.field("suspect", peer.suspect);
}

template <class Codec, Is<FeedSummary> Self>
void fields(Codec& c, Self& summary) {
  c.field("feed", summary.feed);
  c.field("name", summary.name);
  c.field("own", summary.own);
  c.field("mirrored", summary.mirrored);
  c.field("tree_size", summary.tree_size);
  c.field("held_blocks", summary.held_blocks);
  c.field("in_memory", summary.in_memory);
  c.field("want", summary.want);
}

template <class Codec, Is<node::FeedReference> Self>
void fields(Codec& c, Self& reference) {
  c.field("feed", reference.feed);
  c.field("name", reference.name);
  c.field("own", reference.own);
  c.field("peer_hints", reference.peer_hints);
}

template <class Codec, Is<node::OpenedFeed> Self>
void fields(Codec& c, Self& opened) {
  c.field("feed", opened.feed);
  c.field("created", opened.created);
}

template <class Codec, Is<node::RecoveredFeed> Self>
void fields(Codec& c, Self& recovered) {
  c.field("tree_size", recovered.tree_size);
  c.field("fetched", recovered.fetched);
}

void write_topics(const std::vector<TopicInfo>& topics, base::JsonWriter& json) { write_json(topics, json); }

void write_feed_info(const FeedInfo& info, base::JsonWriter& json) { write_json(info, json); }
Result<FeedInfo> read_feed_info(JsonReader in) { return read_json<FeedInfo>(std::move(in)); }

void write_peer_info(const PeerInfo& peer, base::JsonWriter& json) { write_json(peer, json); }
Result<PeerInfo> read_peer_info(JsonReader in) { return read_json<PeerInfo>(std::move(in)); }

void write_feed_summary(const FeedSummary& summary, base::JsonWriter& json) { write_json(summary, json); }
Result<FeedSummary> read_feed_summary(JsonReader in) { return read_json<FeedSummary>(std::move(in)); }

void write_peers(const std::vector<PeerInfo>& peers, base::JsonWriter& json) { write_json(peers, json); }
Result<std::vector<PeerInfo>> read_peers(std::vector<JsonReader> in) { return read_json<PeerInfo>(std::move(in)); }

void write_feeds(const std::vector<FeedSummary>& feeds, base::JsonWriter& json) { write_json(feeds, json); }
Result<std::vector<FeedSummary>> read_feeds(std::vector<JsonReader> in) {
  return read_json<FeedSummary>(std::move(in));
}

void write_reference(const node::FeedReference& reference, base::JsonWriter& json) { write_json(reference, json); }
Result<node::FeedReference> read_reference(JsonReader in) { return read_json<node::FeedReference>(std::move(in)); }

void write_opened_feed(const node::OpenedFeed& opened, base::JsonWriter& json) { write_json(opened, json); }
Result<node::OpenedFeed> read_opened_feed(JsonReader in) { return read_json<node::OpenedFeed>(std::move(in)); }

void write_recovered_feed(const node::RecoveredFeed& recovered, base::JsonWriter& json) { write_json(recovered, json); }
Result<node::RecoveredFeed> read_recovered_feed(JsonReader in) { return read_json<node::RecoveredFeed>(std::move(in)); }

}  // namespace shoal::doors
