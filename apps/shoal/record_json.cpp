#include "record_json.h"

#include "base/bytes.h"

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
    append_json_string(base::as_text(*value), out);
  }
}

void append_bytes_member(std::string_view name, const std::optional<ByteView>& value, std::string& out) {
  const bool base64 = value && !base::is_utf8(*value);
  out.append(",\"").append(name).append(base64 ? "_b64\":" : "\":");
  append_value(value, base64, out);
}

/// A header's name should be UTF-8; in one that is not, U+FFFD stands for each byte above ASCII.
void append_header_name(std::string_view name, std::string& out) {
  if (base::is_utf8(base::as_bytes(name))) return append_json_string(name, out);
  std::string plain;
  for (const char c : name) {
    if (static_cast<unsigned char>(c) < 0x80) {
      plain.push_back(c);
    } else {
      plain.append("\xef\xbf\xbd");
    }
  }
  append_json_string(plain, out);
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
    append_header_name(header->first, out);
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

void append_json_string(std::string_view text, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
  out.push_back('"');
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    out.append(text.substr(plain_from, i - plain_from));
    plain_from = i + 1;
    switch (c) {
      case '"': out.append("\\\""); break;
      case '\\': out.append("\\\\"); break;
      case '\n': out.append("\\n"); break;
      case '\r': out.append("\\r"); break;
      case '\t': out.append("\\t"); break;
      default:
        out.append("\\u00");
        out.push_back(kHex[c >> 4]);
        out.push_back(kHex[c & 15]);
    }
  }
  out.append(text.substr(plain_from));
  out.push_back('"');
}

void append_record_json(const RecordView& record, std::string_view feed, std::string_view cursor, std::string& out) {
  out.append("{\"feed\":");
  append_json_string(feed, out);
  out.append(",\"topic\":");
  append_json_string(record.topic, out);
  append_member("partition", record.partition.value(), out);
  append_member("offset", record.offset.value(), out);
  append_member("ts", record.time.value(), out);
  append_member("append_ts", record.append_time.value(), out);
  append_bytes_member("key", record.key, out);
  append_headers(record.headers, out);
  append_bytes_member("payload", record.value, out);
  if (!cursor.empty()) {
    out.append(",\"cursor\":");
    append_json_string(cursor, out);
  }
  out.append("}\n");
}

}  // namespace shoal::command
