#include "doors/text/batch_json.h"

#include "base/bytes.h"
#include "base/try.h"

#include <string>
#include <utility>

namespace shoal::doors {
namespace {

void write_stream(const TopicPartition& stream, base::JsonWriter& json) {
  json.member("topic", stream.topic).member("partition", stream.partition.value());
}

TopicPartition read_stream(JsonReader& in) {
  TopicPartition stream;
  stream.topic = in.text("topic");
  stream.partition = Partition(static_cast<std::int32_t>(in.integer("partition", 0, INT32_MAX)));
  return stream;
}

void write_group_offset(const node::GroupOffset& offset, base::JsonWriter& json) {
  json.begin_object();
  write_stream(offset.stream, json);
  json.member("offset", offset.offset.value())
      .member("leader_epoch", offset.leader_epoch)
      .bytes_member("metadata", base::as_bytes(offset.metadata));
  if (offset.time != kNoTime) json.member("time", offset.time.value());
  json.end_object();
}

Result<node::GroupOffset> read_group_offset(JsonReader in) {
  node::GroupOffset offset;
  offset.stream = read_stream(in);
  offset.offset = Offset(in.integer("offset"));
  offset.leader_epoch = static_cast<std::int32_t>(in.optional_integer("leader_epoch", -1, INT32_MAX).value_or(-1));
  if (in.has("metadata") || in.has("metadata_b64")) {
    const auto metadata = in.bytes("metadata");
    if (metadata) offset.metadata = std::string(base::as_text(*metadata));
  }
  offset.time = UnixMs(in.optional_integer("time", -1).value_or(kNoTime.value()));
  SHOAL_CHECK(in.finish());
  return offset;
}

}  // namespace

void write_stream_ends(const node::StreamEnds& ends, base::JsonWriter& json) {
  json.begin_object();
  write_stream(ends.stream, json);
  json.member("log_start", ends.log_start.value())
      .member("high_watermark", ends.high_watermark.value())
      .member("end", ends.end.value())
      .member("largest_time", ends.largest_time.value())
      .end_object();
}

Result<node::StreamEnds> read_stream_ends(JsonReader in) {
  node::StreamEnds ends;
  ends.stream = read_stream(in);
  ends.log_start = Offset(in.integer("log_start"));
  ends.high_watermark = Offset(in.integer("high_watermark"));
  ends.end = Offset(in.integer("end"));
  ends.largest_time = UnixMs(in.integer("largest_time", INT64_MIN));
  SHOAL_CHECK(in.finish());
  return ends;
}

void write_named_cursor(const node::NamedCursor& cursor, base::JsonWriter& json) {
  json.begin_object()
      .bytes_member("name", base::as_bytes(cursor.name))
      .member("token", cursor.cursor.token)
      .bytes_member("note", base::as_bytes(cursor.cursor.note))
      .end_object();
}

Result<node::NamedCursor> read_named_cursor(JsonReader in) {
  node::NamedCursor cursor;
  const auto name = in.bytes("name");
  const auto note = in.bytes("note");
  if (name) cursor.name = std::string(base::as_text(*name));
  cursor.cursor.token = in.text("token");
  if (note) cursor.cursor.note = std::string(base::as_text(*note));
  SHOAL_CHECK(in.finish());
  return cursor;
}

void write_found_offset(const std::optional<node::TimedOffset>& found, base::JsonWriter& json) {
  json.begin_object().key("found");
  if (found) {
    json.begin_object().member("offset", found->offset.value()).member("time", found->time.value()).end_object();
  } else {
    json.null();
  }
  json.end_object();
}

Result<std::optional<node::TimedOffset>> read_found_offset(JsonReader in) {
  std::optional<node::TimedOffset> found;
  if (!in.is_null("found")) {
    JsonReader object = in.object("found");
    found = node::TimedOffset{Offset(object.integer("offset")), UnixMs(object.integer("time", INT64_MIN))};
    SHOAL_CHECK(object.finish());
  }
  return found;
}

void write_group_offsets(const std::vector<node::GroupOffset>& offsets, base::JsonWriter& json) {
  json.begin_object().key("offsets").begin_array();
  for (const node::GroupOffset& offset : offsets) write_group_offset(offset, json);
  json.end_array().end_object();
}

Result<std::vector<node::GroupOffset>> read_group_offsets(JsonReader in) {
  std::vector<node::GroupOffset> offsets;
  for (const JsonReader& item : in.objects("offsets")) {
    SHOAL_TRY(auto offset, read_group_offset(item));
    offsets.push_back(std::move(offset));
  }
  SHOAL_CHECK(in.finish());
  return offsets;
}

void write_placed_run(const PlacedRun& run, base::JsonWriter& json) {
  json.begin_object();
  write_stream({run.first.topic, run.first.partition}, json);
  json.member("first", run.first.offset.value()).member("last", run.last.value()).end_object();
}

Result<PlacedRun> read_placed_run(JsonReader in) {
  PlacedRun run;
  TopicPartition stream = read_stream(in);
  run.first = Position{std::move(stream.topic), stream.partition, Offset(in.integer("first"))};
  run.last = Offset(in.integer("last", run.first.offset.value()));
  SHOAL_CHECK(in.finish());
  return run;
}

}  // namespace shoal::doors
