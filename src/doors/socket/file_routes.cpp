#include "base/bytes.h"
#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/text/options_text.h"
#include "doors/text/report_json.h"

/// Routes of bundles, verification and removal.
namespace shoal::doors {
namespace {

std::string summary_json(const node::BundleSummary& summary) {
  return to_json([&](base::JsonWriter& json) { write_bundle_summary(summary, json); });
}

}  // namespace

Result<void> delete_feed(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_CHECK(keeping.remove(feed));
  return call.answer.json("{}");
}

Result<void> post_verify(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto report, keeping.verify(feed, progress_lines(call)));
  SHOAL_CHECK(call.answer.line("end", to_json([&](base::JsonWriter& json) { write_audit_report(report, json); })));
  return call.answer.end_stream();
}

Result<void> get_bundle(Call& call, node::KeepingApi& keeping) {
  SHOAL_TRY(const auto options, read_export_query(call.query));
  SHOAL_TRY(const auto feed, feed_of(call));
  const auto sink = [&call](ByteView bytes) -> Result<void> {
    SHOAL_CHECK(call.answer.begin_stream(Answer::Content::bytes));
    if (bytes.empty()) return {};
    return call.answer.write(base::as_text(bytes));
  };
  const auto progress = [&call](std::uint64_t, std::uint64_t) { return !call.stop.stop_requested(); };
  SHOAL_TRY(const auto summary, keeping.export_bundle(feed, options, sink, progress));
  SHOAL_CHECK(call.answer.begin_stream(Answer::Content::bytes));
  return call.answer.end_stream(summary_json(summary));
}

Result<void> post_bundle(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  const auto source = [&call]() -> Result<Bytes> {
    SHOAL_TRY(const auto part, call.request.read_body());
    return Bytes(part.begin(), part.end());
  };
  SHOAL_TRY(const auto summary, keeping.import_bundle(source, progress_lines(call)));
  SHOAL_CHECK(call.answer.line("end", summary_json(summary)));
  return call.answer.end_stream();
}

}  // namespace shoal::doors
