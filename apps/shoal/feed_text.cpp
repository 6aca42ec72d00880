#include "feed_text.h"

#include "doors/text/info_json.h"
#include "output.h"
#include "text/time_text.h"

#include <algorithm>

namespace shoal::command {
namespace {

/// One line of JSON from what `write` appends.
template <typename Write>
std::string line(Write&& write) {
  std::string out;
  base::JsonWriter json(out);
  write(json);
  out.push_back('\n');
  return out;
}

std::string round_trip(const PeerInfo& peer) {
  if (peer.suspect) return "silent";
  if (peer.round_trip_us < 0) return "-";
  const std::int64_t tenths = (peer.round_trip_us + 50) / 100;
  return std::to_string(tenths / 10) + "." + std::to_string(tenths % 10) + " ms";
}

/// Blocks, the end not included.
std::string held(const PeerInfo& peer) {
  if (peer.held_begin == peer.held_end) return peer.complete ? "headers" : "-";
  return std::to_string(peer.held_begin) + ".." + std::to_string(peer.held_end) + (peer.complete ? "" : " (part)");
}

}  // namespace

std::string info_json(const FeedInfo& info) {
  return line([&](base::JsonWriter& json) { doors::write_feed_info(info, json); });
}

std::string topics_json(const FeedInfo& info) {
  return line([&](base::JsonWriter& json) { doors::write_topics(info.topics, json); });
}

std::string feeds_json(const std::vector<FeedSummary>& feeds) {
  return line([&](base::JsonWriter& json) { doors::write_feeds(feeds, json); });
}

std::string peers_json(const std::vector<PeerInfo>& peers) {
  return line([&](base::JsonWriter& json) { doors::write_peers(peers, json); });
}

std::string hint_text(const std::optional<HeadHintInfo>& hint) {
  if (!hint) return "";
  return "; a newer head of " + std::to_string(hint->tree_size) + " blocks, signed " + format_rfc3339(hint->time) +
         ", is known, and nobody who has it answers";
}

std::string info_text(const FeedInfo& info, UnixMs now) {
  std::vector<std::vector<std::string>> rows = {{"feed", info.feed.hex()}};
  if (!info.name.empty()) rows.push_back({"name", info.name + (info.own ? " (own)" : "")});
  if (!info.title.empty()) rows.push_back({"title", info.title});
  rows.push_back({"tree size", std::to_string(info.tree_size)});
  rows.push_back({"held blocks", std::to_string(info.held_blocks)});
  rows.push_back({"root hash", info.root_hash.empty() ? "-" : info.root_hash});
  rows.push_back({"epoch", std::to_string(info.epoch.value())});
  rows.push_back({"head time",
                  info.head_time ? format_rfc3339(*info.head_time) + " (" + format_head_age(now - *info.head_time) + ")"
                                 : "no head is known"});
  rows.push_back({"complete", info.complete ? "yes: every topic is held to its signed end" : "no: see HELD"});
  rows.push_back({"mirrors", std::to_string(info.mirrors.size())});
  rows.push_back({"disk bytes", std::to_string(info.disk_bytes)});
  if (info.hint) {
    rows.push_back({"newer head", std::to_string(info.hint->tree_size) + " blocks, signed " +
                                      format_rfc3339(info.hint->time) + ", known from the DHT"});
  }
  if (!info.contradiction.empty())
    rows.push_back({"contradicts", "the owner contradicts himself " + info.contradiction});
  if (info.forked) rows.push_back({"forked", "the owner signed two histories; proof: " + info.fork_proof});
  const std::string topics = info.topics.empty() ? "" : "\n" + topics_text(info);
  const std::string mirrors = info.mirrors.empty() ? "" : "\n" + mirrors_text(info, now);
  return format_table(rows) + topics + mirrors;
}

std::string mirrors_text(const FeedInfo& info, UnixMs now) {
  std::vector<std::vector<std::string>> rows = {
      {"MIRROR", "HOLDS", "TOPICS", "SINCE", "SIGNED", "CONNECTED", "NODE KEY"}};
  for (const MirrorInfo& mirror : info.mirrors) {
    std::string topics;
    for (const std::string& topic : mirror.topics) topics += (topics.empty() ? "" : ",") + topic;
    rows.push_back({mirror.name.empty() ? "-" : mirror.name,
                    std::to_string(mirror.tree_size) + " of " + std::to_string(info.tree_size),
                    topics.empty() ? "all" : topics, format_rfc3339(mirror.since),
                    format_age(std::max<std::int64_t>(now - mirror.time, 0)) + " ago", mirror.connected ? "yes" : "no",
                    mirror.node_key});
  }
  return format_table(rows);
}

std::string topics_text(const FeedInfo& info) {
  std::vector<std::vector<std::string>> rows = {
      {"TOPIC", "PARTITION", "START", "HIGH WATERMARK", "END", "HELD", "BYTES", "LARGEST TIME"}};
  for (const TopicInfo& topic : info.topics) {
    rows.push_back({topic.name, std::to_string(topic.partition.value()), std::to_string(topic.log_start_offset.value()),
                    std::to_string(topic.high_watermark.value()), std::to_string(topic.end_offset.value()),
                    topic.complete ? "complete" : "in part", std::to_string(topic.bytes),
                    topic.largest_time == kNoTime ? "-" : format_rfc3339(topic.largest_time)});
  }
  return format_table(rows);
}

std::string feeds_text(const std::vector<FeedSummary>& feeds) {
  std::vector<std::vector<std::string>> rows = {{"FEED", "NAME", "KIND", "HELD", "TREE SIZE"}};
  for (const FeedSummary& feed : feeds) {
    rows.push_back({feed.feed.hex(), feed.name.empty() ? "-" : feed.name,
                    feed.own        ? "own"
                    : feed.mirrored ? "mirrored"
                                    : "read",
                    std::to_string(feed.held_blocks), std::to_string(feed.tree_size)});
  }
  return format_table(rows);
}

std::string peers_text(const std::vector<PeerInfo>& peers, UnixMs now) {
  std::vector<std::vector<std::string>> rows = {{"ADDRESS", "VIA", "DIRECTION", "SINCE", "TREE SIZE", "HOLDS", "IN",
                                                 "OUT", "IN/S", "OUT/S", "ROUND TRIP", "NODE", "FEED"}};
  for (const PeerInfo& peer : peers) {
    rows.push_back({peer.address, peer.transport, peer.outgoing ? "out" : "in",
                    peer.since ? format_age(now - *peer.since) : "-", std::to_string(peer.tree_size), held(peer),
                    std::to_string(peer.bytes_in), std::to_string(peer.bytes_out), std::to_string(peer.rate_in),
                    std::to_string(peer.rate_out), round_trip(peer), peer.name.empty() ? peer.node_key : peer.name,
                    peer.feed.hex()});
  }
  return format_table(rows);
}

}  // namespace shoal::command
