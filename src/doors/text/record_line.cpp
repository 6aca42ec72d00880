#include "doors/text/record_line.h"

#include "base/try.h"
#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"

namespace shoal::doors {
namespace {

std::optional<ByteView> view_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteView(*bytes);
}

/// `place` has topic, partition and offset: the record itself or its position.
template <class Codec, class Place, class Record, class Cursor>
void record_fields(Codec& c, Place& place, Record& record, Cursor& cursor) {
  c.field("topic", place.topic);
  c.field("partition", place.partition);
  c.field("offset", place.offset);
  c.field("block", record.block);
  c.field("ts", record.time);
  c.field("append_ts", record.append_time);
  c.field("key", record.key);
  c.field("headers", record.headers);
  c.field("payload", record.value);
  c.field_unless(cursor.empty(), "cursor", cursor);
}

}  // namespace

template <class Codec, Is<ProducerRecord> Self>
void fields(Codec& c, Self& record) {
  c.field_or_default("topic", record.topic);
  c.field_unless(!record.partition, "partition", record.partition);
  c.field_unless(!record.key, "key", record.key);
  c.field_unless(record.headers.empty(), "headers", record.headers);
  c.field("payload", record.value);
  c.field_unless(!record.time, "ts", record.time);
}

RecordView RecordLine::view() const {
  RecordView view;
  view.topic = position.topic;
  view.partition = position.partition;
  view.offset = position.offset;
  view.block = block;
  view.time = time;
  view.append_time = append_time;
  view.key = view_of(key);
  view.value = view_of(value);
  for (const auto& [name, held] : headers) view.headers.emplace_back(name, view_of(held));
  return view;
}

void append_record_line(const RecordView& record, std::string_view cursor, std::string& out) {
  base::JsonWriter json(out);
  json.begin_object().key("record").begin_object();
  JsonWriting codec(json);
  record_fields(codec, record, record, cursor);
  json.end_object().end_object();
  out.push_back('\n');
}

Result<RecordLine> read_record(JsonReader in) {
  RecordLine record;
  JsonReading codec(in);
  record_fields(codec, record.position, record, record.cursor);
  SHOAL_CHECK(in.finish());
  return record;
}

void append_producer_record_line(const ProducerRecord& record, std::string& out) {
  base::JsonWriter json(out);
  write_json(record, json);
  out.push_back('\n');
}

Result<ProducerRecord> read_producer_record(JsonReader in) { return read_json<ProducerRecord>(std::move(in)); }

}  // namespace shoal::doors
