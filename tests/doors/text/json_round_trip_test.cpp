#include "doors/text/info_json.h"
#include "doors/text/report_json.h"
#include "doors/text/retention_json.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

/// What is written reads back the same, and is written the same again.
namespace shoal::doors {
namespace {

template <typename Value, typename Write>
std::string written(const Value& value, Write write) {
  std::string out;
  base::JsonWriter json(out);
  write(value, json);
  return out;
}

template <typename Value, typename Write, typename Read>
Value round_trip(const Value& value, Write write, Read read) {
  const std::string text = written(value, write);
  auto parsed = JsonReader::parse(text);
  RC_ASSERT(parsed.ok());
  auto back = read(*parsed);
  RC_ASSERT(back.ok());
  RC_ASSERT(written(*back, write) == text);
  return *back;
}

std::string any_text() { return *rc::gen::container<std::string>(rc::gen::inRange<char>(0, 127)); }
std::uint64_t any_size() { return *rc::gen::arbitrary<std::uint64_t>(); }
std::int64_t any_offset() { return *rc::gen::inRange<std::int64_t>(0, INT64_MAX); }

FeedId any_feed() {
  FeedId id;
  for (auto& byte : id.key.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  return id;
}

MirrorOptions any_mirror_options() {
  MirrorOptions options;
  options.topics = {any_text(), any_text()};
  options.keep = std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, kMaxMilliseconds));
  options.max_bytes = any_size();
  return options;
}

Retention any_retention() {
  Retention retention;
  retention.keep = std::chrono::milliseconds(*rc::gen::inRange<std::int64_t>(0, kMaxMilliseconds));
  retention.max_bytes = any_size();
  retention.keep_topics[any_text()] = std::chrono::milliseconds(7);
  return retention;
}

feed::Checkpoint any_head() {
  feed::Checkpoint head;
  head.epoch = Epoch(*rc::gen::arbitrary<std::uint32_t>());
  head.tree_size = any_size();
  head.time = UnixMs(*rc::gen::arbitrary<std::int64_t>());
  head.topic_count = *rc::gen::arbitrary<std::uint32_t>();
  for (auto& byte : head.root.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  for (auto& byte : head.signature.bytes) byte = *rc::gen::arbitrary<std::uint8_t>();
  return head;
}

RC_GTEST_PROP(JsonRoundTrip, FeedInfo, ()) {
  FeedInfo info;
  info.mirrors.push_back({.node_key = any_text(), .name = any_text(), .tree_size = any_size(), .topics = {any_text()}});
  info.mirrors.push_back(
      {.node_key = any_text(), .oldest = UnixMs(any_offset()), .since = UnixMs(-7), .connected = true});
  info.feed = any_feed();
  info.name = any_text();
  info.own = *rc::gen::arbitrary<bool>();
  info.tree_size = any_size();
  info.held_blocks = any_size();
  info.root_hash = any_text();
  if (info.own) info.head_time = UnixMs(any_offset());
  if (info.own) info.head_age_ms = *rc::gen::arbitrary<std::int64_t>();
  info.complete = *rc::gen::arbitrary<bool>();
  info.fork_proof = any_text();
  info.contradiction = any_text();
  info.title = any_text();
  info.topics.push_back({.name = any_text(), .partition = Partition(3), .end_offset = Offset(any_offset())});
  info.topics.push_back({.name = "x", .largest_time = UnixMs(any_offset()), .bytes = any_size()});
  if (info.own) info.want = any_mirror_options();
  if (!info.own) info.retention = any_retention();
  if (info.own) info.hint = HeadHintInfo{any_size(), UnixMs(any_offset())};
  const FeedInfo back = round_trip(info, write_feed_info, read_feed_info);
  RC_ASSERT(back.feed == info.feed && back.title == info.title && back.head_time == info.head_time);
  RC_ASSERT(back.hint == info.hint);
  RC_ASSERT(back.want == info.want && back.retention == info.retention && back.topics.size() == 2U);
  RC_ASSERT(back.complete == info.complete && back.fork_proof == info.fork_proof &&
            back.contradiction == info.contradiction);
  RC_ASSERT(back.topics[0].largest_time == kNoTime && back.topics[1].bytes == info.topics[1].bytes);
}

RC_GTEST_PROP(JsonRoundTrip, PeersAndSummaries, ()) {
  PeerInfo peer;
  peer.feed = any_feed();
  peer.address = any_text();
  peer.node_key = any_text();
  peer.name = any_text();
  peer.bytes_in = any_size();
  peer.rate_out = any_size();
  peer.held_end = any_size();
  peer.complete = *rc::gen::arbitrary<bool>();
  peer.suspect = *rc::gen::arbitrary<bool>();
  if (peer.complete) peer.since = UnixMs(any_offset());
  peer.round_trip_us = *rc::gen::element<std::int64_t>(-1, 0, 250000);
  const PeerInfo same_peer = round_trip(peer, write_peer_info, read_peer_info);
  RC_ASSERT(same_peer.name == peer.name && same_peer.since == peer.since && same_peer.suspect == peer.suspect);
  RC_ASSERT(same_peer.rate_out == peer.rate_out && same_peer.held_end == peer.held_end);
  RC_ASSERT(same_peer.address == peer.address && same_peer.round_trip_us == peer.round_trip_us);
  FeedSummary summary;
  summary.feed = any_feed();
  summary.name = any_text();
  summary.mirrored = true;
  summary.want = any_mirror_options();
  const FeedSummary same = round_trip(summary, write_feed_summary, read_feed_summary);
  RC_ASSERT(same.mirrored && same.want == summary.want && same.name == summary.name);
}

RC_GTEST_PROP(JsonRoundTrip, DoctorReports, ()) {
  node::DoctorReport report;
  report.checks.push_back({any_text(),
                           *rc::gen::element(node::Verdict::ok, node::Verdict::warning, node::Verdict::problem),
                           any_text(), any_text(), *rc::gen::arbitrary<bool>()});
  report.checks.push_back({"disk", node::Verdict::problem, "full", "", false});
  const auto same = round_trip(report, write_doctor_report, read_doctor_report);
  RC_ASSERT(same.checks == report.checks);
  RC_ASSERT(same.worst() == node::Verdict::problem && same.ours());
}

RC_GTEST_PROP(JsonRoundTrip, ReferencesAndOpenedFeeds, ()) {
  const node::FeedReference reference{any_feed(), any_text(), true, {any_text(), any_text()}};
  const auto same = round_trip(reference, write_reference, read_reference);
  RC_ASSERT(same.peer_hints == reference.peer_hints && same.own && same.name == reference.name);
  const node::OpenedFeed opened{any_feed(), *rc::gen::arbitrary<bool>()};
  RC_ASSERT(round_trip(opened, write_opened_feed, read_opened_feed).created == opened.created);
}

RC_GTEST_PROP(JsonRoundTrip, Reports, ()) {
  feed::AuditReport report;
  report.head = any_head();
  report.headers_checked = any_size();
  report.missing_headers = {{BlockIndex(1), BlockIndex(9)}};
  report.missing_payloads = {{BlockIndex(0), BlockIndex(1)}, {BlockIndex(5), BlockIndex(UINT64_MAX)}};
  report.damage = {any_text()};
  const auto same = round_trip(report, write_audit_report, read_audit_report);
  RC_ASSERT(same.head == report.head && same.missing_payloads == report.missing_payloads);
  RC_ASSERT(same.damage == report.damage && same.missing_headers == report.missing_headers);
  const feed::BundleSummary bundle{any_feed(), any_head(), any_size(), any_size(), any_size()};
  const auto same_bundle = round_trip(bundle, write_bundle_summary, read_bundle_summary);
  RC_ASSERT(same_bundle.head == bundle.head && same_bundle.payloads == bundle.payloads);
  HeadReport head{true, {}, any_size(), false};
  if (*rc::gen::arbitrary<bool>()) head.head_time = UnixMs(any_offset());
  const auto same_head = round_trip(head, write_head_report, read_head_report);
  RC_ASSERT(same_head.head_time == head.head_time && same_head.answered && !same_head.complete);
}

RC_GTEST_PROP(JsonRoundTrip, CursorsWithAnyNote, ()) {
  const StoredCursor cursor{"1:0:0:0", *rc::gen::arbitrary<std::string>()};
  const auto same = round_trip(cursor, write_stored_cursor, read_stored_cursor);
  RC_ASSERT(same.note == cursor.note && same.token == cursor.token);
}

TEST(JsonRoundTrip, AckRunsOfMirrors) {
  const AckRun run{"us", Partition(2), Offset(3), Offset(4), Acks::Level::named, 2};
  auto parsed = JsonReader::parse(written(run, write_ack_run));
  ASSERT_TRUE(parsed.ok());
  const auto same = read_ack_run(*parsed);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->level, Acks::Level::named);
  EXPECT_EQ(same->mirrors, 2U);
}

TEST(JsonRoundTrip, AckRuns) {
  const AckRun run{"us", Partition(2), Offset(3), Offset(INT64_MAX)};
  auto parsed = JsonReader::parse(written(run, write_ack_run));
  ASSERT_TRUE(parsed.ok());
  const auto same = read_ack_run(*parsed);
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->topic, "us");
  EXPECT_EQ(same->last, Offset(INT64_MAX));
}

TEST(ReportJson, RefusesHashesOfAnotherSizeAndEmptyRanges) {
  feed::AuditReport report;
  report.missing_headers = {{BlockIndex(3), BlockIndex(4)}};
  const std::string good = written(report, write_audit_report);
  for (const auto& [from, to] :
       std::vector<std::pair<std::string, std::string>>{{"\"signature\":\"00", "\"signature\":\""},
                                                        {"\"begin\":3", "\"begin\":4"},
                                                        {"\"begin\":3", "\"begin\":-3"}}) {
    std::string bad = good;
    ASSERT_NE(bad.find(from), std::string::npos);
    bad.replace(bad.find(from), from.size(), to);
    auto parsed = JsonReader::parse(bad);
    ASSERT_TRUE(parsed.ok());
    EXPECT_FALSE(read_audit_report(*parsed).ok()) << bad;
  }
}

}  // namespace
}  // namespace shoal::doors
