#pragma once

#include "doors/text/record_line.h"
#include "node/api/node_api.h"

#include <chrono>

/// One value of each struct that travels as JSON or as a query: every member is set, no two alike.
namespace shoal::doors::samples {

using std::chrono::milliseconds;

inline FeedId feed_id(std::uint8_t first) {
  FeedId id;
  id.key.bytes.fill(0xab);
  id.key.bytes[0] = first;
  return id;
}

inline MirrorOptions mirror_options() { return {{"us*", "eu"}, milliseconds(86400001), 1099511627777}; }

inline Retention retention() {
  return {milliseconds(86400002), 1099511627778, {{"eu", milliseconds(3)}, {"us", milliseconds(4)}}};
}

inline FeedInfo feed_info() {
  FeedInfo info;
  info.feed = feed_id(1);
  info.name = "quakes";
  info.own = true;
  info.tree_size = 101;
  info.held_blocks = 102;
  info.root_hash = "00ff";
  info.epoch = Epoch(3);
  info.head_time = UnixMs(1517616000001);
  info.head_age_ms = -104;
  info.complete = true;
  info.title = "All \"quakes\"\n";
  info.topics.push_back({"us", Partition(5), Offset(106), Offset(107), Offset(108), UnixMs(109), 110, true});
  info.mirrors.push_back({"aabb", "backup", 111, {"us", "e*"}, UnixMs(112), UnixMs(113), UnixMs(114), true});
  info.disk_bytes = 115;
  info.forked = true;
  info.fork_proof = "/data/forks/x";
  info.contradiction = "at block 5, under the head of size 9: x";
  info.in_memory = true;
  info.want = mirror_options();
  info.retention = retention();
  info.hint = HeadHintInfo{116, UnixMs(117)};
  return info;
}

inline PeerInfo peer_info() {
  PeerInfo peer;
  peer.feed = feed_id(2);
  peer.address = "[::1]:7001";
  peer.transport = "utp";
  peer.outgoing = true;
  peer.node_key = "ccdd";
  peer.name = "lab";
  peer.since = UnixMs(201);
  peer.tree_size = 202;
  peer.complete = true;
  peer.held_begin = 203;
  peer.held_end = 204;
  peer.bytes_in = 205;
  peer.bytes_out = 206;
  peer.rate_in = 207;
  peer.rate_out = 208;
  peer.round_trip_us = 209;
  peer.suspect = true;
  return peer;
}

inline FeedSummary feed_summary() { return {feed_id(3), "news", true, true, 301, 302, true, mirror_options()}; }

inline node::FeedReference reference() { return {feed_id(4), "mine", true, {"1.2.3.4:5", "host:6"}}; }

inline node::OpenedFeed opened_feed() { return {feed_id(5), true}; }

inline node::RecoveredFeed recovered_feed() { return {722, 723}; }

inline node::NodeFacts node_facts() { return {"0.1.0", 42, "/data", "127.0.0.1:4", "ab"}; }

inline FeedOptions feed_options() { return {true, true, retention(), "open sesame"}; }

inline feed::Checkpoint checkpoint() {
  feed::Checkpoint head;
  head.epoch = Epoch(6);
  head.tree_size = 601;
  head.root.bytes.fill(0x61);
  head.time = UnixMs(-602);
  head.topic_count = 603;
  head.topic_root.bytes.fill(0x62);
  head.signature.bytes.fill(0x63);
  return head;
}

inline feed::AuditReport audit_report() {
  return {checkpoint(),
          701,
          702,
          703,
          {{BlockIndex(704), BlockIndex(705)}, {BlockIndex(706), BlockIndex(707)}},
          {{BlockIndex(708), BlockIndex(709)}},
          {"block 7: its hash differs", "x"}};
}

inline node::RecoverOptions recover_options() {
  return {milliseconds(86400005), feed::AssertedHead{721, checkpoint().root}, true};
}

inline feed::BundleSummary bundle_summary() { return {feed_id(7), checkpoint(), 711, 712, 713}; }

inline node::DoctorReport doctor_report() {
  return {{{"disk", node::Verdict::warning, "nearly full", "free some", true},
           {"dht", node::Verdict::problem, "no answer", "look at the firewall", true}}};
}

inline HeadReport head_report() { return {true, UnixMs(-801), 802, false}; }

inline StoredCursor stored_cursor() { return {"1:2:3:4", "line 5"}; }

inline AckRun ack_run() { return {"us", Partition(9), Offset(901), Offset(902), Acks::Level::named, 3}; }

inline RecordLine record_line() {
  RecordLine record;
  record.position = {"us", Partition(10), Offset(1001)};
  record.block = BlockIndex(1002);
  record.time = UnixMs(-1003);
  record.append_time = UnixMs(1004);
  record.key = Bytes{'k'};
  record.value = Bytes{'v'};
  record.headers = {{"h", Bytes{'1'}}, {"h", std::nullopt}, {"\xff", Bytes{0xfe}}};
  record.cursor = "5:6:7:8";
  return record;
}

inline ProducerRecord producer_record() {
  return {"eu", Partition(11), Bytes{'k'}, Bytes{'v'}, {{"h", Bytes{'1'}}, {"i", std::nullopt}}, UnixMs(-1101)};
}

inline SubscribeOptions subscribe_options() {
  SubscribeOptions options;
  options.topics = {"us*", "eu"};
  options.partition = Partition(12);
  options.start = Start::last(1201);
  options.before = UnixMs(-1202);
  options.until_head = true;
  options.find_timeout = milliseconds(1203);
  options.cursor = "nightly run";
  options.sparse = true;
  options.cache_bytes = 1204;
  options.ordered = false;
  return options;
}

inline ProducerOptions producer_options() {
  return {milliseconds(1301), 1302, Codec::lz4, 1303, Acks::named({"lab", "home"}), milliseconds(1304)};
}

inline node::ExportOptions export_options() { return {{"us*", "eu"}, UnixMs(-1401), UnixMs(1402), 1403, 1404}; }

}  // namespace shoal::doors::samples
