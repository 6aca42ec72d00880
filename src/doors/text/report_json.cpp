#include "doors/text/report_json.h"

#include "base/bytes.h"
#include "base/try.h"

#include <algorithm>
#include <iterator>
#include <tuple>

namespace shoal::doors {
namespace {

constexpr std::string_view kAckLevels[] = {"none", "durable", "mirrors", "named"};

/// Fixed-size bytes in hex.
template <typename Array>
void read_hex(JsonReader& in, std::string_view name, Array& out) {
  const auto bytes = base::from_hex(in.text(name));
  if (!bytes || bytes->size() != out.size()) return in.fail("'" + std::string(name) + "' is not hex of its size");
  std::copy(bytes->begin(), bytes->end(), out.begin());
}

void write_head(const feed::Checkpoint& head, base::JsonWriter& json) {
  json.begin_object()
      .member("epoch", head.epoch.value())
      .member("tree_size", head.tree_size)
      .member("root_hash", base::to_hex(head.root.bytes))
      .member("time_ms", head.time.value())
      .member("topic_count", head.topic_count)
      .member("topic_root", base::to_hex(head.topic_root.bytes))
      .member("signature", base::to_hex(head.signature.bytes))
      .end_object();
}

Result<feed::Checkpoint> read_head(JsonReader in) {
  feed::Checkpoint head;
  head.epoch = Epoch(static_cast<std::uint32_t>(in.integer("epoch", 0, UINT32_MAX)));
  head.tree_size = in.size("tree_size");
  read_hex(in, "root_hash", head.root.bytes);
  head.time = UnixMs(in.integer("time_ms", INT64_MIN));
  head.topic_count = static_cast<std::uint32_t>(in.integer("topic_count", 0, UINT32_MAX));
  read_hex(in, "topic_root", head.topic_root.bytes);
  read_hex(in, "signature", head.signature.bytes);
  SHOAL_CHECK(in.finish());
  return head;
}

/// `[{"begin","end"}...]`, the end not included.
void write_ranges(const std::vector<feed::BlockRange>& ranges, base::JsonWriter& json) {
  json.begin_array();
  for (const feed::BlockRange& range : ranges) {
    json.begin_object().member("begin", range.begin.value()).member("end", range.end.value()).end_object();
  }
  json.end_array();
}

Result<std::vector<feed::BlockRange>> read_ranges(std::vector<JsonReader> in) {
  std::vector<feed::BlockRange> ranges;
  for (JsonReader& item : in) {
    feed::BlockRange range;
    range.begin = BlockIndex(item.size("begin"));
    range.end = BlockIndex(item.size("end"));
    SHOAL_CHECK(item.finish());
    if (range.end <= range.begin) return Error{Code::invalid_argument, "an empty range of blocks"};
    ranges.push_back(range);
  }
  return ranges;
}

constexpr const char* kVerdicts[] = {"ok", "warning", "problem"};

const char* verdict_name(node::Verdict verdict) { return kVerdicts[static_cast<std::size_t>(verdict)]; }

Result<node::DoctorCheck> read_check(JsonReader in) {
  node::DoctorCheck check;
  check.name = in.text("name");
  const std::string verdict = in.text("verdict");
  check.found = in.text("found");
  check.hint = in.text("hint");
  check.of_others = in.boolean("of_others");
  SHOAL_CHECK(in.finish());
  const auto named = std::find(std::begin(kVerdicts), std::end(kVerdicts), verdict);
  if (named == std::end(kVerdicts)) return Error{Code::invalid_argument, "an unknown verdict: " + verdict, ""};
  check.verdict = static_cast<node::Verdict>(named - std::begin(kVerdicts));
  return check;
}

}  // namespace

void write_doctor_report(const node::DoctorReport& report, base::JsonWriter& json) {
  json.begin_object().member("verdict", verdict_name(report.worst())).key("checks").begin_array();
  for (const node::DoctorCheck& check : report.checks) {
    json.begin_object()
        .member("name", check.name)
        .member("verdict", verdict_name(check.verdict))
        .member("found", check.found)
        .member("hint", check.hint)
        .member("of_others", check.of_others)
        .end_object();
  }
  json.end_array().end_object();
}

Result<node::DoctorReport> read_doctor_report(JsonReader in) {
  node::DoctorReport report;
  std::ignore = in.text("verdict");
  for (const JsonReader& check : in.objects("checks")) {
    SHOAL_TRY(auto read, read_check(check));
    report.checks.push_back(std::move(read));
  }
  SHOAL_CHECK(in.finish());
  return report;
}

void write_audit_report(const feed::AuditReport& report, base::JsonWriter& json) {
  json.begin_object().key("head");
  write_head(report.head, json);
  json.member("headers_checked", report.headers_checked)
      .member("payloads_checked", report.payloads_checked)
      .member("payloads_pruned", report.payloads_pruned)
      .key("missing_headers");
  write_ranges(report.missing_headers, json);
  json.key("missing_payloads");
  write_ranges(report.missing_payloads, json);
  json.key("damage").begin_array();
  for (const std::string& damage : report.damage) json.value(damage);
  json.end_array().end_object();
}

Result<feed::AuditReport> read_audit_report(JsonReader in) {
  feed::AuditReport report;
  SHOAL_TRY(report.head, read_head(in.object("head")));
  report.headers_checked = in.size("headers_checked");
  report.payloads_checked = in.size("payloads_checked");
  report.payloads_pruned = in.size("payloads_pruned");
  SHOAL_TRY(report.missing_headers, read_ranges(in.objects("missing_headers")));
  SHOAL_TRY(report.missing_payloads, read_ranges(in.objects("missing_payloads")));
  report.damage = in.texts("damage");
  SHOAL_CHECK(in.finish());
  return report;
}

void write_bundle_summary(const feed::BundleSummary& summary, base::JsonWriter& json) {
  json.begin_object().member("feed", summary.feed.hex()).key("head");
  write_head(summary.head, json);
  json.member("blocks", summary.blocks).member("payloads", summary.payloads).end_object();
}

Result<feed::BundleSummary> read_bundle_summary(JsonReader in) {
  feed::BundleSummary summary;
  summary.feed = in.feed("feed");
  SHOAL_TRY(summary.head, read_head(in.object("head")));
  summary.blocks = in.size("blocks");
  summary.payloads = in.size("payloads");
  SHOAL_CHECK(in.finish());
  return summary;
}

void write_head_report(const HeadReport& report, base::JsonWriter& json) {
  std::optional<std::int64_t> head_time;
  if (report.head_time) head_time = report.head_time->value();
  json.begin_object()
      .member("answered", report.answered)
      .member("head_time", head_time)
      .member("tree_size", report.tree_size)
      .member("complete", report.complete)
      .end_object();
}

Result<HeadReport> read_head_report(JsonReader in) {
  HeadReport report;
  report.answered = in.boolean("answered");
  if (const auto time = in.optional_integer("head_time", INT64_MIN)) report.head_time = UnixMs(*time);
  report.tree_size = in.size("tree_size");
  report.complete = in.boolean("complete");
  SHOAL_CHECK(in.finish());
  return report;
}

void write_stored_cursor(const StoredCursor& cursor, base::JsonWriter& json) {
  json.begin_object().member("token", cursor.token);
  json.bytes_member("note", base::as_bytes(cursor.note)).end_object();
}

Result<StoredCursor> read_stored_cursor(JsonReader in) {
  StoredCursor cursor;
  cursor.token = in.text("token");
  if (const auto note = in.bytes("note")) cursor.note.assign(note->begin(), note->end());
  SHOAL_CHECK(in.finish());
  return cursor;
}

void write_ack_run(const AckRun& run, base::JsonWriter& json) {
  json.begin_object()
      .member("topic", run.topic)
      .member("partition", run.partition.value())
      .member("first", run.first.value())
      .member("last", run.last.value());
  if (run.level != Acks::Level::durable) {
    json.member("level", kAckLevels[static_cast<std::size_t>(run.level)]).member("mirrors", std::int64_t{run.mirrors});
  }
  json.end_object();
}

Result<AckRun> read_ack_run(JsonReader in) {
  AckRun run;
  run.topic = in.text("topic");
  run.partition = Partition(static_cast<std::int32_t>(in.integer("partition", 0, INT32_MAX)));
  run.first = Offset(in.integer("first"));
  run.last = Offset(in.integer("last"));
  const std::string level = in.optional_text("level").value_or("durable");
  const auto* const found = std::find(std::begin(kAckLevels), std::end(kAckLevels), level);
  if (found == std::end(kAckLevels)) {
    in.fail("'level' is no level of acknowledgement");
  } else {
    run.level = static_cast<Acks::Level>(found - std::begin(kAckLevels));
  }
  run.mirrors = static_cast<unsigned>(in.optional_integer("mirrors", 0, UINT32_MAX).value_or(0));
  SHOAL_CHECK(in.finish());
  return run;
}

}  // namespace shoal::doors
