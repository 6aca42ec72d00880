#include "base/json_text.h"

#include "base/bytes.h"

namespace shoal::base {
namespace {

void append_escaped(unsigned char c, std::string& out) {
  static constexpr char kHex[] = "0123456789abcdef";
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

void append_utf8(std::string_view text, std::string& out) {
  out.push_back('"');
  std::size_t plain_from = 0;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const auto c = static_cast<unsigned char>(text[i]);
    if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7f) continue;
    out.append(text.substr(plain_from, i - plain_from));
    plain_from = i + 1;
    append_escaped(c, out);
  }
  out.append(text.substr(plain_from));
  out.push_back('"');
}

}  // namespace

void append_json_string(std::string_view text, std::string& out) {
  if (is_utf8(as_bytes(text))) return append_utf8(text, out);
  std::string plain;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x80) {
      plain.push_back(c);
    } else {
      plain.append("\xef\xbf\xbd");
    }
  }
  append_utf8(plain, out);
}

void append_json_bytes(std::string_view name, const std::optional<ByteView>& bytes, std::string& out) {
  out.append("\"").append(name);
  if (!bytes) {
    out.append("\":null");
  } else if (is_utf8(*bytes)) {
    out.append("\":");
    append_utf8(as_text(*bytes), out);
  } else {
    out.append("_b64\":\"").append(to_base64(*bytes)).append("\"");
  }
}

bool is_bounded_json(std::string_view text, std::size_t max_depth, std::size_t max_values) {
  std::size_t depth = 0;
  std::size_t values = 1;
  for (std::size_t i = 0; i < text.size(); ++i) {
    switch (text[i]) {
      case '"':
        for (++i; i < text.size() && text[i] != '"'; ++i) {
          if (text[i] == '\\') ++i;
        }
        break;
      case '[':
      case '{':
        if (++depth > max_depth || ++values > max_values) return false;
        break;
      case ']':
      case '}':
        if (depth > 0) --depth;
        break;
      case ',':
        if (++values > max_values) return false;
        break;
      default: break;
    }
  }
  return true;
}

JsonWriter& JsonWriter::key(std::string_view name) {
  separate();
  append_json_string(name, out_);
  out_.push_back(':');
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::value(std::string_view text) {
  separate();
  append_json_string(text, out_);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::bytes_member(std::string_view name, const std::optional<ByteView>& bytes) {
  separate();
  append_json_bytes(name, bytes, out_);
  comma_ = true;
  return *this;
}

void JsonWriter::separate() {
  if (comma_) out_.push_back(',');
}

JsonWriter& JsonWriter::open(char bracket) {
  separate();
  out_.push_back(bracket);
  comma_ = false;
  return *this;
}

JsonWriter& JsonWriter::close(char bracket) {
  out_.push_back(bracket);
  comma_ = true;
  return *this;
}

JsonWriter& JsonWriter::plain(std::string_view text) {
  separate();
  out_.append(text);
  comma_ = true;
  return *this;
}

}  // namespace shoal::base
