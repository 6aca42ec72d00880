#include "doors/text/batch_json.h"

#include "base/try.h"
#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"

#include <utility>

namespace shoal::doors {
namespace {

struct FoundOffset {
  std::optional<node::TimedOffset> found;
};

struct GroupOffsetList {
  std::vector<node::GroupOffset> offsets;
};

}  // namespace

template <class Codec, Is<node::StreamEnds> Self>
void fields(Codec& c, Self& ends) {
  c.field("topic", ends.stream.topic);
  c.field("partition", ends.stream.partition);
  c.field("log_start", ends.log_start);
  c.field("high_watermark", ends.high_watermark);
  c.field("end", ends.end);
  c.field("largest_time", ends.largest_time);
}

template <class Codec, Is<node::NamedCursor> Self>
void fields(Codec& c, Self& cursor) {
  c.field("name", raw_text(cursor.name));
  c.field("token", cursor.cursor.token);
  c.field("note", raw_text(cursor.cursor.note));
}

template <class Codec, Is<node::TimedOffset> Self>
void fields(Codec& c, Self& found) {
  c.field("offset", found.offset);
  c.field("time", found.time);
}

template <class Codec, Is<FoundOffset> Self>
void fields(Codec& c, Self& answer) {
  c.field("found", answer.found);
}

template <class Codec, Is<node::GroupOffset> Self>
void fields(Codec& c, Self& offset) {
  c.field("topic", offset.stream.topic);
  c.field("partition", offset.stream.partition);
  c.field("offset", offset.offset);
  c.field_or_default("leader_epoch", bounded(offset.leader_epoch, -1, INT32_MAX));
  c.field_or_default("metadata", raw_text(offset.metadata));
  c.field_unless(offset.time == kNoTime, "time", bounded(offset.time, -1));
}

template <class Codec, Is<GroupOffsetList> Self>
void fields(Codec& c, Self& list) {
  c.field("offsets", list.offsets);
}

template <class Codec, Is<PlacedRun> Self>
void fields(Codec& c, Self& run) {
  c.field("topic", run.first.topic);
  c.field("partition", run.first.partition);
  c.field("first", run.first.offset);
  c.field("last", run.last);
  c.require(run.first.offset <= run.last, "'last' is before 'first'");
}

void write_stream_ends(const node::StreamEnds& ends, base::JsonWriter& json) { write_json(ends, json); }
Result<node::StreamEnds> read_stream_ends(JsonReader in) { return read_json<node::StreamEnds>(std::move(in)); }

void write_named_cursor(const node::NamedCursor& cursor, base::JsonWriter& json) { write_json(cursor, json); }
Result<node::NamedCursor> read_named_cursor(JsonReader in) { return read_json<node::NamedCursor>(std::move(in)); }

void write_found_offset(const std::optional<node::TimedOffset>& found, base::JsonWriter& json) {
  write_json(FoundOffset{found}, json);
}
Result<std::optional<node::TimedOffset>> read_found_offset(JsonReader in) {
  SHOAL_TRY(auto answer, read_json<FoundOffset>(std::move(in)));
  return answer.found;
}

void write_group_offsets(const std::vector<node::GroupOffset>& offsets, base::JsonWriter& json) {
  write_json(GroupOffsetList{offsets}, json);
}
Result<std::vector<node::GroupOffset>> read_group_offsets(JsonReader in) {
  SHOAL_TRY(auto list, read_json<GroupOffsetList>(std::move(in)));
  return std::move(list.offsets);
}

void write_placed_run(const PlacedRun& run, base::JsonWriter& json) { write_json(run, json); }
Result<PlacedRun> read_placed_run(JsonReader in) { return read_json<PlacedRun>(std::move(in)); }

}  // namespace shoal::doors
