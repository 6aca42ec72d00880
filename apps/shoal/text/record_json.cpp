#include "text/record_json.h"

#include "base/bytes.h"
#include "base/json_text.h"

#include <algorithm>
#include <charconv>

namespace shoal::command {
namespace {

using Header = std::pair<std::string_view, std::optional<ByteView>>;

void append_member(std::string_view name, std::int64_t value, std::string& out) {
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  out.append(",\"").append(name).append("\":").append(digits, done.ptr);
}

void append_value(const std::optional<ByteView>& value, bool base64, std::string& out) {
  if (!value) {
    out.append("null");
  } else if (base64) {
    out.append("\"").append(base::to_base64(*value)).append("\"");
  } else {
    base::append_json_string(base::as_text(*value), out);
  }
}

void append_headers(const std::vector<Header>& headers, std::string& out) {
  const bool base64 = std::any_of(headers.begin(), headers.end(),
                                  [](const Header& header) { return header.second && !base::is_utf8(*header.second); });
  out.append(base64 ? ",\"headers_b64\":{" : ",\"headers\":{");
  bool first = true;
  for (auto header = headers.begin(); header != headers.end(); ++header) {
    const auto same = [&](const Header& other) { return other.first == header->first; };
    if (std::any_of(headers.begin(), header, same)) continue;
    if (!first) out.push_back(',');
    first = false;
    base::append_json_string(header->first, out);
    out.push_back(':');
    const bool repeated = std::any_of(header + 1, headers.end(), same);
    if (repeated) out.push_back('[');
    for (auto other = header; other != headers.end(); ++other) {
      if (!same(*other)) continue;
      if (other != header) out.push_back(',');
      append_value(other->second, base64, out);
    }
    if (repeated) out.push_back(']');
  }
  out.push_back('}');
}

}  // namespace

void append_record_json(const RecordView& record, std::string_view feed, std::string_view cursor, std::string& out) {
  out.append("{\"feed\":");
  base::append_json_string(feed, out);
  out.append(",\"topic\":");
  base::append_json_string(record.topic, out);
  append_member("partition", record.partition.value(), out);
  append_member("offset", record.offset.value(), out);
  append_member("ts", record.time.value(), out);
  append_member("append_ts", record.append_time.value(), out);
  out.push_back(',');
  base::append_json_bytes("key", record.key, out);
  append_headers(record.headers, out);
  out.push_back(',');
  base::append_json_bytes("payload", record.value, out);
  if (!cursor.empty()) {
    out.append(",\"cursor\":");
    base::append_json_string(cursor, out);
  }
  out.append("}\n");
}

}  // namespace shoal::command
