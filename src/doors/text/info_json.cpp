#include "doors/text/info_json.h"

#include "base/try.h"
#include "doors/text/retention_json.h"

namespace shoal::doors {
namespace {

std::optional<std::int64_t> known(UnixMs time) {
  if (time == kNoTime) return std::nullopt;
  return time.value();
}

void write_want(const std::optional<MirrorOptions>& want, base::JsonWriter& json) {
  json.key("want");
  if (want) {
    write_mirror_options(*want, json);
  } else {
    json.null();
  }
}

Result<std::optional<MirrorOptions>> read_want(JsonReader& in) {
  std::optional<MirrorOptions> want;
  if (const auto held = in.optional_object("want")) {
    SHOAL_TRY(want, read_mirror_options(*held));
  }
  return want;
}

void write_mirrors(const std::vector<MirrorInfo>& mirrors, base::JsonWriter& json) {
  json.key("mirrors").begin_array();
  for (const MirrorInfo& mirror : mirrors) {
    json.begin_object()
        .member("node_key", mirror.node_key)
        .member("name", mirror.name)
        .member("tree_size", mirror.tree_size)
        .member("everything", mirror.topics.empty())
        .key("topics")
        .begin_array();
    for (const std::string& topic : mirror.topics) json.value(topic);
    json.end_array();
    json.member("oldest_ms", known(mirror.oldest))
        .member("since_ms", mirror.since.value())
        .member("time_ms", mirror.time.value())
        .member("connected", mirror.connected)
        .end_object();
  }
  json.end_array();
}

Result<MirrorInfo> read_mirror(JsonReader in) {
  MirrorInfo mirror;
  mirror.node_key = in.text("node_key");
  mirror.name = in.text("name");
  mirror.tree_size = in.size("tree_size");
  const bool everything = in.boolean("everything");
  mirror.topics = in.texts("topics");
  if (everything != mirror.topics.empty()) in.fail("'everything' and 'topics' contradict each other");
  mirror.oldest = UnixMs(in.optional_integer("oldest_ms", INT64_MIN).value_or(kNoTime.value()));
  mirror.since = UnixMs(in.integer("since_ms", INT64_MIN));
  mirror.time = UnixMs(in.integer("time_ms", INT64_MIN));
  mirror.connected = in.boolean("connected");
  SHOAL_CHECK(in.finish());
  return mirror;
}

Result<TopicInfo> read_topic(JsonReader in) {
  TopicInfo topic;
  topic.name = in.text("name");
  topic.partition = Partition(static_cast<std::int32_t>(in.integer("partition", 0, INT32_MAX)));
  topic.log_start_offset = Offset(in.integer("log_start_offset"));
  topic.high_watermark = Offset(in.integer("high_watermark"));
  topic.end_offset = Offset(in.integer("end_offset"));
  topic.largest_time = UnixMs(in.optional_integer("largest_time_ms", INT64_MIN).value_or(kNoTime.value()));
  topic.bytes = in.size("bytes");
  topic.complete = in.boolean("complete");
  SHOAL_CHECK(in.finish());
  return topic;
}

}  // namespace

void write_topics(const std::vector<TopicInfo>& topics, base::JsonWriter& json) {
  json.begin_array();
  for (const TopicInfo& topic : topics) {
    json.begin_object()
        .member("name", topic.name)
        .member("partition", topic.partition.value())
        .member("log_start_offset", topic.log_start_offset.value())
        .member("high_watermark", topic.high_watermark.value())
        .member("end_offset", topic.end_offset.value())
        .member("largest_time_ms", known(topic.largest_time))
        .member("bytes", topic.bytes)
        .member("complete", topic.complete)
        .end_object();
  }
  json.end_array();
}

void write_feed_info(const FeedInfo& info, base::JsonWriter& json) {
  std::optional<std::int64_t> head_time;
  if (info.head_time) head_time = info.head_time->value();
  json.begin_object()
      .member("feed", info.feed.hex())
      .member("name", info.name)
      .member("own", info.own)
      .member("title", info.title)
      .member("tree_size", info.tree_size)
      .member("held_blocks", info.held_blocks)
      .member("root_hash", info.root_hash)
      .member("epoch", info.epoch.value())
      .member("head_time_ms", head_time)
      .member("head_age_ms", info.head_age_ms)
      .member("complete", info.complete);
  json.key("topics");
  write_topics(info.topics, json);
  write_mirrors(info.mirrors, json);
  json.member("disk_bytes", info.disk_bytes)
      .member("forked", info.forked)
      .member("fork_proof", info.fork_proof)
      .member("in_memory", info.in_memory);
  write_want(info.want, json);
  json.key("retention");
  if (info.retention) {
    write_retention(*info.retention, json);
  } else {
    json.null();
  }
  json.key("hint");
  if (info.hint) {
    json.begin_object()
        .member("tree_size", info.hint->tree_size)
        .member("time_ms", info.hint->time.value())
        .end_object();
  } else {
    json.null();
  }
  json.end_object();
}

Result<FeedInfo> read_feed_info(JsonReader in) {
  FeedInfo info;
  info.feed = in.feed("feed");
  info.name = in.text("name");
  info.own = in.boolean("own");
  info.title = in.text("title");
  info.tree_size = in.size("tree_size");
  info.held_blocks = in.size("held_blocks");
  info.root_hash = in.text("root_hash");
  info.epoch = Epoch(static_cast<std::uint32_t>(in.integer("epoch", 0, UINT32_MAX)));
  if (const auto time = in.optional_integer("head_time_ms", INT64_MIN)) info.head_time = UnixMs(*time);
  info.head_age_ms = in.optional_integer("head_age_ms", INT64_MIN);
  info.complete = in.boolean("complete");
  for (const JsonReader& topic : in.objects("topics")) {
    SHOAL_TRY(auto read, read_topic(topic));
    info.topics.push_back(std::move(read));
  }
  for (const JsonReader& mirror : in.objects("mirrors")) {
    SHOAL_TRY(auto read, read_mirror(mirror));
    info.mirrors.push_back(std::move(read));
  }
  info.disk_bytes = in.size("disk_bytes");
  info.forked = in.boolean("forked");
  info.fork_proof = in.text("fork_proof");
  info.in_memory = in.boolean("in_memory");
  SHOAL_TRY(info.want, read_want(in));
  if (const auto retention = in.optional_object("retention")) {
    SHOAL_TRY(info.retention, read_retention(*retention));
  }
  if (auto hint = in.optional_object("hint")) {
    info.hint.emplace();
    info.hint->tree_size = hint->size("tree_size");
    info.hint->time = UnixMs(hint->integer("time_ms"));
    SHOAL_CHECK(hint->finish());
  }
  SHOAL_CHECK(in.finish());
  return info;
}

void write_peer_info(const PeerInfo& peer, base::JsonWriter& json) {
  std::optional<std::int64_t> round_trip;
  if (peer.round_trip_us >= 0) round_trip = peer.round_trip_us;
  std::optional<std::int64_t> since;
  if (peer.since) since = peer.since->value();
  json.begin_object()
      .member("feed", peer.feed.hex())
      .member("address", peer.address)
      .member("transport", peer.transport)
      .member("outgoing", peer.outgoing)
      .member("node_key", peer.node_key)
      .member("name", peer.name)
      .member("since_ms", since)
      .member("tree_size", peer.tree_size)
      .member("complete", peer.complete)
      .member("held_begin", peer.held_begin)
      .member("held_end", peer.held_end)
      .member("bytes_in", peer.bytes_in)
      .member("bytes_out", peer.bytes_out)
      .member("rate_in", peer.rate_in)
      .member("rate_out", peer.rate_out)
      .member("round_trip_us", round_trip)
      .member("suspect", peer.suspect)
      .end_object();
}

Result<PeerInfo> read_peer_info(JsonReader in) {
  PeerInfo peer;
  peer.feed = in.feed("feed");
  peer.address = in.text("address");
  peer.transport = in.text("transport");
  peer.outgoing = in.boolean("outgoing");
  peer.node_key = in.text("node_key");
  peer.name = in.text("name");
  if (const auto since = in.optional_integer("since_ms", INT64_MIN)) peer.since = UnixMs(*since);
  peer.tree_size = in.size("tree_size");
  peer.complete = in.boolean("complete");
  peer.held_begin = in.size("held_begin");
  peer.held_end = in.size("held_end");
  peer.bytes_in = in.size("bytes_in");
  peer.bytes_out = in.size("bytes_out");
  peer.rate_in = in.size("rate_in");
  peer.rate_out = in.size("rate_out");
  peer.round_trip_us = in.optional_integer("round_trip_us").value_or(-1);
  peer.suspect = in.boolean("suspect");
  SHOAL_CHECK(in.finish());
  return peer;
}

void write_feed_summary(const FeedSummary& summary, base::JsonWriter& json) {
  json.begin_object()
      .member("feed", summary.feed.hex())
      .member("name", summary.name)
      .member("own", summary.own)
      .member("mirrored", summary.mirrored)
      .member("tree_size", summary.tree_size)
      .member("held_blocks", summary.held_blocks)
      .member("in_memory", summary.in_memory);
  write_want(summary.want, json);
  json.end_object();
}

Result<FeedSummary> read_feed_summary(JsonReader in) {
  FeedSummary summary;
  summary.feed = in.feed("feed");
  summary.name = in.text("name");
  summary.own = in.boolean("own");
  summary.mirrored = in.boolean("mirrored");
  summary.tree_size = in.size("tree_size");
  summary.held_blocks = in.size("held_blocks");
  summary.in_memory = in.boolean("in_memory");
  SHOAL_TRY(summary.want, read_want(in));
  SHOAL_CHECK(in.finish());
  return summary;
}

void write_peers(const std::vector<PeerInfo>& peers, base::JsonWriter& json) {
  json.begin_array();
  for (const PeerInfo& peer : peers) write_peer_info(peer, json);
  json.end_array();
}

Result<std::vector<PeerInfo>> read_peers(std::vector<JsonReader> in) {
  std::vector<PeerInfo> peers;
  for (const JsonReader& item : in) {
    SHOAL_TRY(auto peer, read_peer_info(item));
    peers.push_back(std::move(peer));
  }
  return peers;
}

void write_feeds(const std::vector<FeedSummary>& feeds, base::JsonWriter& json) {
  json.begin_array();
  for (const FeedSummary& feed : feeds) write_feed_summary(feed, json);
  json.end_array();
}

Result<std::vector<FeedSummary>> read_feeds(std::vector<JsonReader> in) {
  std::vector<FeedSummary> feeds;
  for (const JsonReader& item : in) {
    SHOAL_TRY(auto feed, read_feed_summary(item));
    feeds.push_back(std::move(feed));
  }
  return feeds;
}

void write_reference(const node::FeedReference& reference, base::JsonWriter& json) {
  json.begin_object()
      .member("feed", reference.feed.hex())
      .member("name", reference.name)
      .member("own", reference.own)
      .key("peer_hints")
      .begin_array();
  for (const std::string& hint : reference.peer_hints) json.value(hint);
  json.end_array().end_object();
}

Result<node::FeedReference> read_reference(JsonReader in) {
  node::FeedReference reference;
  reference.feed = in.feed("feed");
  reference.name = in.text("name");
  reference.own = in.boolean("own");
  reference.peer_hints = in.texts("peer_hints");
  SHOAL_CHECK(in.finish());
  return reference;
}

void write_opened_feed(const node::OpenedFeed& opened, base::JsonWriter& json) {
  json.begin_object().member("feed", opened.feed.hex()).member("created", opened.created).end_object();
}

Result<node::OpenedFeed> read_opened_feed(JsonReader in) {
  node::OpenedFeed opened;
  opened.feed = in.feed("feed");
  opened.created = in.boolean("created");
  SHOAL_CHECK(in.finish());
  return opened;
}

}  // namespace shoal::doors
