#include "feed_text.h"

#include "output.h"
#include "time_text.h"

#include <nlohmann/json.hpp>

namespace shoal::command {
namespace {

using Json = nlohmann::ordered_json;

/// Titles and names may hold anything: what is not UTF-8 is replaced, never refused.
std::string line(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; }

Json topic_list(const FeedInfo& info) {
  Json topics = Json::array();
  for (const TopicInfo& topic : info.topics) {
    topics.push_back({{"name", topic.name},
                      {"partition", topic.partition.value()},
                      {"log_start_offset", topic.log_start_offset.value()},
                      {"high_watermark", topic.high_watermark.value()},
                      {"end_offset", topic.end_offset.value()},
                      {"largest_time_ms", topic.largest_time == kNoTime ? Json() : Json(topic.largest_time.value())},
                      {"bytes", topic.bytes}});
  }
  return topics;
}

std::string round_trip(const PeerInfo& peer) {
  return peer.round_trip_us < 0 ? "-" : std::to_string(peer.round_trip_us / 1000) + " ms";
}

}  // namespace

std::string info_json(const FeedInfo& info) {
  return line({{"feed", info.feed.hex()},
               {"name", info.name},
               {"own", info.own},
               {"title", info.title},
               {"tree_size", info.tree_size},
               {"held_blocks", info.held_blocks},
               {"root_hash", info.root_hash},
               {"epoch", info.epoch.value()},
               {"head_time_ms", info.head_time ? Json(info.head_time->value()) : Json()},
               {"topics", topic_list(info)},
               {"mirrors", info.mirrors},
               {"disk_bytes", info.disk_bytes},
               {"forked", info.forked}});
}

std::string topics_json(const FeedInfo& info) { return line(topic_list(info)); }

std::string feeds_json(const std::vector<FeedSummary>& feeds) {
  Json list = Json::array();
  for (const FeedSummary& feed : feeds) {
    list.push_back({{"feed", feed.feed.hex()},
                    {"name", feed.name},
                    {"own", feed.own},
                    {"mirrored", feed.mirrored},
                    {"tree_size", feed.tree_size},
                    {"held_blocks", feed.held_blocks}});
  }
  return line(list);
}

std::string peers_json(const std::vector<PeerInfo>& peers) {
  Json list = Json::array();
  for (const PeerInfo& peer : peers) {
    list.push_back({{"feed", peer.feed.hex()},
                    {"address", peer.address},
                    {"transport", peer.transport},
                    {"outgoing", peer.outgoing},
                    {"node_key", peer.node_key},
                    {"tree_size", peer.tree_size},
                    {"bytes_in", peer.bytes_in},
                    {"bytes_out", peer.bytes_out},
                    {"round_trip_us", peer.round_trip_us < 0 ? Json() : Json(peer.round_trip_us)}});
  }
  return line(list);
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
                  info.head_time ? format_rfc3339(*info.head_time) + " (" + format_age(now - *info.head_time) + " ago)"
                                 : "no head is known"});
  rows.push_back({"mirrors", std::to_string(info.mirrors)});
  rows.push_back({"disk bytes", std::to_string(info.disk_bytes)});
  if (info.forked) rows.push_back({"forked", "yes: the owner signed two histories"});
  const std::string topics = info.topics.empty() ? "" : "\n" + topics_text(info);
  return format_table(rows) + topics;
}

std::string topics_text(const FeedInfo& info) {
  std::vector<std::vector<std::string>> rows = {
      {"TOPIC", "PARTITION", "START", "HIGH WATERMARK", "END", "BYTES", "LARGEST TIME"}};
  for (const TopicInfo& topic : info.topics) {
    rows.push_back({topic.name, std::to_string(topic.partition.value()), std::to_string(topic.log_start_offset.value()),
                    std::to_string(topic.high_watermark.value()), std::to_string(topic.end_offset.value()),
                    std::to_string(topic.bytes),
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

std::string peers_text(const std::vector<PeerInfo>& peers) {
  std::vector<std::vector<std::string>> rows = {
      {"ADDRESS", "VIA", "DIRECTION", "TREE SIZE", "IN", "OUT", "ROUND TRIP", "NODE KEY", "FEED"}};
  for (const PeerInfo& peer : peers) {
    rows.push_back({peer.address, peer.transport, peer.outgoing ? "out" : "in", std::to_string(peer.tree_size),
                    std::to_string(peer.bytes_in), std::to_string(peer.bytes_out), round_trip(peer), peer.node_key,
                    peer.feed.hex()});
  }
  return format_table(rows);
}

}  // namespace shoal::command
