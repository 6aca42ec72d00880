#include "base/try.h"
#include "doors/http/http_connection.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/socket/stream_places.h"
#include "doors/text/batch_frame.h"
#include "doors/text/batch_json.h"
#include "node/api/batch_api.h"

#include <poll.h>

#include <chrono>
#include <string>
#include <tuple>
#include <utility>
#include <vector>

/// Routes of what is stored of partitions: batches as they are, ends, offsets by time, and news of the feed.
namespace shoal::doors {
namespace {

constexpr std::int64_t kMaxFetchBytes = std::int64_t{64} << 20;
/// What the route's second and third braces name.
Result<TopicPartition> stream_of(Call& call) {
  const auto partition = parse_decimal(call.arguments[2], 0, INT32_MAX);
  if (!partition) return Error{Code::invalid_argument, "'" + call.arguments[2] + "' is no partition", ""};
  return TopicPartition{call.arguments[1], Partition(static_cast<std::int32_t>(*partition))};
}

/// `TOPIC/PARTITION`
Result<TopicPartition> parse_stream(const std::string& text) {
  const std::size_t slash = text.rfind('/');
  const auto partition =
      slash == std::string::npos ? std::nullopt : parse_decimal(text.substr(slash + 1), 0, INT32_MAX);
  if (!partition) return Error{Code::invalid_argument, "'" + text + "' is no TOPIC/PARTITION", ""};
  return TopicPartition{text.substr(0, slash), Partition(static_cast<std::int32_t>(*partition))};
}

}  // namespace

Result<void> get_batches(Call& call) {
  SHOAL_TRY(TopicPartition stream, stream_of(call));
  const auto offset = call.query.integer("offset");
  if (!offset) call.query.fail("parameter 'offset' is missing");
  node::FetchRequest request;
  const auto limit = static_cast<std::int64_t>(request.max_bytes);
  request.max_bytes = static_cast<std::size_t>(call.query.integer("max_bytes", 0, kMaxFetchBytes).value_or(limit));
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  request.stream = std::move(stream);
  request.offset = Offset(*offset);
  SHOAL_TRY(auto fetched, call.reading.fetch(feed, request));
  SHOAL_CHECK(call.answer.begin_stream(Answer::Content::batches));
  for (node::StoredBatch& batch : fetched.batches) {
    std::string frame;
    append_batch_frame({.batch = std::move(batch)}, frame);
    SHOAL_CHECK(call.answer.write(frame));
  }
  SHOAL_CHECK(call.answer.line("end", to_json([&](base::JsonWriter& json) { write_stream_ends(fetched.ends, json); })));
  return call.answer.end_stream();
}

Result<void> get_offset_of_time(Call& call) {
  SHOAL_TRY(const TopicPartition stream, stream_of(call));
  const auto time = call.query.integer("time", INT64_MIN);
  if (!time) call.query.fail("parameter 'time' is missing");
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto found, call.reading.offset_of_time(feed, stream, UnixMs(*time)));
  return call.answer.json(to_json([&](base::JsonWriter& json) { write_found_offset(found, json); }));
}

Result<void> get_ends(Call& call) {
  std::vector<TopicPartition> streams;
  for (const std::string& text : call.query.texts("stream")) {
    SHOAL_TRY(auto stream, parse_stream(text));
    streams.push_back(std::move(stream));
  }
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto ends, call.reading.ends(feed, streams));
  return call.answer.json(to_json([&](base::JsonWriter& json) {
    json.begin_object().key("ends").begin_array();
    for (const node::StreamEnds& end : ends) write_stream_ends(end, json);
    json.end_array().end_object();
  }));
}

Result<void> get_watch(Call& call) {
  SHOAL_CHECK(call.query.finish());
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto place, call.places.take());
  SHOAL_TRY(const auto watch, call.reading.watch(feed));
  std::optional<std::uint64_t> reported;
  auto said = std::chrono::steady_clock::now();
  while (!call.stop.stop_requested()) {
    SHOAL_TRY(const std::uint64_t version, watch->version());
    const auto now = std::chrono::steady_clock::now();
    if (version != reported) {
      reported = version;
      said = now;
      SHOAL_CHECK(call.answer.line("changed", to_json([&](base::JsonWriter& json) {
                                     json.begin_object().member("version", version).end_object();
                                   })));
    } else if (now - said >= call.idle) {
      said = now;
      SHOAL_CHECK(call.answer.line("idle", "{}"));
    }
    std::ignore = wait_ready(watch->descriptor(), POLLIN, {said + call.idle, call.stop});
  }
  return Error{Code::closed, "the node is closed", ""};
}

}  // namespace shoal::doors
