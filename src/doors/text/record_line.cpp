#include "doors/text/record_line.h"

#include "base/bytes.h"
#include "base/json_text.h"
#include "base/try.h"

namespace shoal::doors {
namespace {

std::optional<ByteView> view_of(const std::optional<Bytes>& bytes) {
  if (!bytes) return std::nullopt;
  return ByteView(*bytes);
}

/// A text, or `{"b64":...}` for bytes that are not UTF-8.
void append_inline_bytes(ByteView bytes, base::JsonWriter& json) {
  if (base::is_utf8(bytes)) {
    json.value(base::as_text(bytes));
  } else {
    json.begin_object().member("b64", base::to_base64(bytes)).end_object();
  }
}

template <typename Headers>
void append_headers(const Headers& headers, base::JsonWriter& json) {
  json.key("headers").begin_array();
  for (const auto& [name, value] : headers) {
    json.begin_array();
    append_inline_bytes(base::as_bytes(name), json);
    if (value) {
      append_inline_bytes(*value, json);
    } else {
      json.null();
    }
    json.end_array();
  }
  json.end_array();
}

}  // namespace

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
  json.member("topic", record.topic)
      .member("partition", record.partition.value())
      .member("offset", record.offset.value())
      .member("block", record.block.value())
      .member("ts", record.time.value())
      .member("append_ts", record.append_time.value())
      .bytes_member("key", record.key);
  append_headers(record.headers, json);
  json.bytes_member("payload", record.value);
  if (!cursor.empty()) json.member("cursor", cursor);
  json.end_object().end_object();
  out.push_back('\n');
}

Result<RecordLine> read_record(JsonReader in) {
  RecordLine record;
  record.position.topic = in.text("topic");
  record.position.partition = Partition(static_cast<std::int32_t>(in.integer("partition", 0, INT32_MAX)));
  record.position.offset = Offset(in.integer("offset"));
  record.block = BlockIndex(in.size("block"));
  record.time = UnixMs(in.integer("ts", INT64_MIN));
  record.append_time = UnixMs(in.integer("append_ts", INT64_MIN));
  record.key = in.bytes("key");
  record.headers = in.headers("headers");
  record.value = in.bytes("payload");
  record.cursor = in.optional_text("cursor").value_or("");
  SHOAL_CHECK(in.finish());
  return record;
}

void append_producer_record_line(const ProducerRecord& record, std::string& out) {
  base::JsonWriter json(out);
  json.begin_object().member("topic", record.topic);
  if (record.partition) json.member("partition", record.partition->value());
  if (record.key) json.bytes_member("key", view_of(record.key));
  if (!record.headers.empty()) append_headers(record.headers, json);
  json.bytes_member("payload", view_of(record.value));
  if (record.time) json.member("ts", record.time->value());
  json.end_object();
  out.push_back('\n');
}

Result<ProducerRecord> read_producer_record(JsonReader in) {
  ProducerRecord record;
  if (in.has("topic")) record.topic = in.text("topic");
  if (const auto partition = in.optional_integer("partition", 0, INT32_MAX)) {
    record.partition = Partition(static_cast<std::int32_t>(*partition));
  }
  if (in.has("key") || in.has("key_b64")) record.key = in.bytes("key");
  if (in.has("headers")) record.headers = in.headers("headers");
  record.value = in.bytes("payload");
  if (const auto time = in.optional_integer("ts", INT64_MIN)) record.time = UnixMs(*time);
  SHOAL_CHECK(in.finish());
  return record;
}

}  // namespace shoal::doors
