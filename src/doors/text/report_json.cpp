#include "doors/text/report_json.h"

#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"

#include <cstddef>
#include <string>
#include <string_view>

namespace shoal::doors {
namespace {

constexpr std::string_view kAckLevels[] = {"none", "durable", "mirrors", "named"};
constexpr std::string_view kVerdicts[] = {"ok", "warning", "problem"};

}  // namespace

template <class Codec, Is<feed::Checkpoint> Self>
void fields(Codec& c, Self& head) {
  c.field("epoch", head.epoch);
  c.field("tree_size", head.tree_size);
  c.field("root_hash", head.root.bytes);
  c.field("time_ms", head.time);
  c.field("topic_count", head.topic_count);
  c.field("topic_root", head.topic_root.bytes);
  c.field("signature", head.signature.bytes);
}

/// The end is not included.
template <class Codec, Is<feed::BlockRange> Self>
void fields(Codec& c, Self& range) {
  c.field("begin", range.begin);
  c.field("end", range.end);
  c.require(range.begin < range.end, "an empty range of blocks");
}

template <class Codec, Is<feed::AuditReport> Self>
void fields(Codec& c, Self& report) {
  c.field("head", report.head);
  c.field("headers_checked", report.headers_checked);
  c.field("payloads_checked", report.payloads_checked);
  c.field("payloads_pruned", report.payloads_pruned);
  c.field("missing_headers", report.missing_headers);
  c.field("missing_payloads", report.missing_payloads);
  c.field("damage", report.damage);
}

template <class Codec, Is<feed::BundleSummary> Self>
void fields(Codec& c, Self& summary) {
  c.field("feed", summary.feed);
  c.field("head", summary.head);
  c.field("blocks", summary.blocks);
  c.field("payloads", summary.payloads);
  c.field("lacking", summary.lacking);
}

template <class Codec, Is<node::DoctorCheck> Self>
void fields(Codec& c, Self& check) {
  c.field("name", check.name);
  c.field("verdict", choice(check.verdict, kVerdicts));
  c.field("found", check.found);
  c.field("hint", check.hint);
  c.field("of_others", check.of_others);
}

/// The verdict is that of the checks: a reader computes it again.
template <class Codec, Is<node::DoctorReport> Self>
void fields(Codec& c, Self& report) {
  std::string worst(kVerdicts[static_cast<std::size_t>(report.worst())]);
  c.field("verdict", worst);
  c.field("checks", report.checks);
}

template <class Codec, Is<HeadReport> Self>
void fields(Codec& c, Self& report) {
  c.field("answered", report.answered);
  c.field("head_time", report.head_time);
  c.field("tree_size", report.tree_size);
  c.field("complete", report.complete);
}

template <class Codec, Is<StoredCursor> Self>
void fields(Codec& c, Self& cursor) {
  c.field("token", cursor.token);
  c.field("note", raw_text(cursor.note));
}

template <class Codec, Is<AckRun> Self>
void fields(Codec& c, Self& run) {
  c.field("topic", run.topic);
  c.field("partition", run.partition);
  c.field("first", run.first);
  c.field("last", run.last);
  const bool durable = run.level == Acks::Level::durable;
  c.field_unless(durable, "level", choice(run.level, kAckLevels));
  c.field_unless(durable, "mirrors", run.mirrors);
}

void write_audit_report(const feed::AuditReport& report, base::JsonWriter& json) { write_json(report, json); }
Result<feed::AuditReport> read_audit_report(JsonReader in) { return read_json<feed::AuditReport>(std::move(in)); }

void write_bundle_summary(const feed::BundleSummary& summary, base::JsonWriter& json) { write_json(summary, json); }
Result<feed::BundleSummary> read_bundle_summary(JsonReader in) { return read_json<feed::BundleSummary>(std::move(in)); }

void write_doctor_report(const node::DoctorReport& report, base::JsonWriter& json) { write_json(report, json); }
Result<node::DoctorReport> read_doctor_report(JsonReader in) { return read_json<node::DoctorReport>(std::move(in)); }

void write_head_report(const HeadReport& report, base::JsonWriter& json) { write_json(report, json); }
Result<HeadReport> read_head_report(JsonReader in) { return read_json<HeadReport>(std::move(in)); }

void write_stored_cursor(const StoredCursor& cursor, base::JsonWriter& json) { write_json(cursor, json); }
Result<StoredCursor> read_stored_cursor(JsonReader in) { return read_json<StoredCursor>(std::move(in)); }

void write_ack_run(const AckRun& run, base::JsonWriter& json) { write_json(run, json); }
Result<AckRun> read_ack_run(JsonReader in) { return read_json<AckRun>(std::move(in)); }

}  // namespace shoal::doors
