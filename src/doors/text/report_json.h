#pragma once

#include "base/json_text.h"
#include "doors/text/json_reader.h"
#include "node/api/node_api.h"

/// Reports of reading, verifying, exporting and importing, as JSON. Each write_ appends one object. Each read_ reads
/// such an object: Code::invalid_argument names the first member that is missing, unknown or out of bounds.
namespace shoal::doors {

void write_audit_report(const feed::AuditReport& report, base::JsonWriter& json);
[[nodiscard]] Result<feed::AuditReport> read_audit_report(JsonReader in);

void write_bundle_summary(const feed::BundleSummary& summary, base::JsonWriter& json);
[[nodiscard]] Result<feed::BundleSummary> read_bundle_summary(JsonReader in);

void write_doctor_report(const node::DoctorReport& report, base::JsonWriter& json);
[[nodiscard]] Result<node::DoctorReport> read_doctor_report(JsonReader in);

void write_head_report(const HeadReport& report, base::JsonWriter& json);
[[nodiscard]] Result<HeadReport> read_head_report(JsonReader in);

void write_stored_cursor(const StoredCursor& cursor, base::JsonWriter& json);
[[nodiscard]] Result<StoredCursor> read_stored_cursor(JsonReader in);

void write_ack_run(const AckRun& run, base::JsonWriter& json);
[[nodiscard]] Result<AckRun> read_ack_run(JsonReader in);

}  // namespace shoal::doors
