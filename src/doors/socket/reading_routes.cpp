#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/socket/stream_places.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"
#include "doors/text/retention_json.h"
#include "node/api/deadline.h"

#include <algorithm>

/// Routes that read one feed by position; its live stream is in subscription_stream.cpp.
namespace shoal::doors {
namespace {

/// Most records of one call to the node: little memory then waits for a slow client.
constexpr std::int64_t kSliceRecords = 1024;
/// See Node::get().
constexpr std::size_t kMaxRangeBytes = std::size_t{64} << 20;
/// Bytes of text that are written at once.
constexpr std::size_t kWriteSize = std::size_t{128} << 10;

struct Range {
  GetRequest request;
  Wait wait;
};

Result<Range> range_of(Call& call) {
  Range range;
  const auto partition = parse_decimal(call.arguments[2], 0, INT32_MAX);
  const auto first = call.query.integer("first");
  if (!partition) call.query.fail("'" + call.arguments[2] + "' is no partition");
  if (!first) call.query.fail("parameter 'first' is missing");
  range.request.topic = call.arguments[1];
  range.request.partition = Partition(static_cast<std::int32_t>(partition.value_or(0)));
  range.request.first = Offset(first.value_or(0));
  if (const auto last = call.query.integer("last", range.request.first.value())) range.request.last = Offset(*last);
  range.wait = wait_of(call);
  SHOAL_CHECK(call.query.finish());
  return range;
}

/// Answers the records; returns the bytes of their keys and values.
Result<std::size_t> answer_records(Call& call, const Records& records) {
  SHOAL_CHECK(call.answer.begin_stream(Answer::Content::lines));
  std::size_t bytes = 0;
  std::string lines;
  for (const RecordView& record : records) {
    append_record_line(record, "", lines);
    bytes += (record.key ? record.key->size() : 0) + (record.value ? record.value->size() : 0);
    if (lines.size() < kWriteSize) continue;
    SHOAL_CHECK(call.answer.write(lines));
    lines.clear();
  }
  if (!lines.empty()) SHOAL_CHECK(call.answer.write(lines));
  return bytes;
}

}  // namespace

Result<void> get_records(Call& call) {
  SHOAL_TRY(Range range, range_of(call));
  SHOAL_TRY(const auto feed, feed_of(call));
  range.request.feed = feed.feed;
  const Offset last = range.request.last.value_or(range.request.first);
  const auto deadline = node::deadline_of(range.wait);
  std::size_t bytes = 0;
  while (range.request.first <= last && bytes < kMaxRangeBytes) {
    const std::int64_t more = std::min(last - range.request.first, kSliceRecords - 1);
    range.request.last = range.request.first + more;
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const auto records = call.reading.get(range.request, feed.peer_hints, Wait{node::limited(left), call.stop});
    if (!records && !call.answer.begun()) return records.error();
    // A range ends at the first record that is not available.
    if (!records || records->empty()) break;
    SHOAL_TRY(const std::size_t answered, answer_records(call, *records));
    bytes += answered;
    const auto next = records->views().back().offset + 1;
    if (next <= *range.request.last) break;
    range.request.first = next;
  }
  SHOAL_CHECK(call.answer.line("end", "{}"));
  return call.answer.end_stream();
}

Result<void> get_proof(Call& call) {
  GetRequest request;
  const auto topic = call.query.text("topic");
  const auto offset = call.query.integer("offset");
  if (!topic || !offset) call.query.fail("parameters 'topic' and 'offset' are needed");
  request.topic = topic.value_or("");
  request.first = Offset(offset.value_or(0));
  request.partition = Partition(static_cast<std::int32_t>(call.query.integer("partition", 0, INT32_MAX).value_or(0)));
  const Wait wait = wait_of(call);
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  request.feed = feed.feed;
  SHOAL_TRY(const auto proof, call.reading.prove(request, wait));
  return call.answer.json(proof);
}

Result<void> put_mirror(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto body, json_body(call));
  SHOAL_TRY(const auto options, read_mirror_options(body));
  SHOAL_CHECK(keeping.mirror(feed, options));
  return call.answer.json("{}");
}

Result<void> get_mirror(Call& call, node::KeepingApi& keeping) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto info, call.reading.info(feed, Wait{}));
  if (!info.want) {
    return Error{Code::not_found, "this node does not mirror feed " + feed.feed.hex(), "PUT the mirror first"};
  }
  SHOAL_TRY(const auto place, call.places.take());
  SHOAL_TRY(const auto mirror, keeping.mirror(feed, *info.want));
  SHOAL_CHECK(call.answer.begin_stream(Answer::Content::lines));
  for (;;) {
    const auto synced = mirror->wait_synced(Wait{call.idle, call.stop});
    if (synced) {
      const auto object =
          to_json([&](base::JsonWriter& json) { json.begin_object().member("tree_size", *synced).end_object(); });
      SHOAL_CHECK(call.answer.line("synced", object));
    } else if (synced.error().code == Code::timed_out) {
      SHOAL_CHECK(call.answer.line("idle", "{}"));
    } else {
      return synced.error();
    }
  }
}

}  // namespace shoal::doors
