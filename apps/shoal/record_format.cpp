#include "record_format.h"

#include "base/bytes.h"
#include "text/record_json.h"

#include <charconv>

namespace shoal::command {
namespace {

constexpr std::string_view kTokens = "sSRkKtpoTh";

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

/// The character after a backslash; `at` moves behind what was read.
Result<char> unescape(std::string_view format, std::size_t& at) {
  const char kind = format[at++];
  switch (kind) {
    case 'n': return '\n';
    case 'r': return '\r';
    case 't': return '\t';
    case '0': return '\0';
    case '\\': return '\\';
    case 'x': break;
    default:
      return Error{Code::invalid_argument, std::string("unknown escape \\") + kind + " in the format",
                   "known are \\n \\r \\t \\0 \\\\ \\xNN"};
  }
  int value = 0;
  int digits = 0;
  for (; digits < 2 && at < format.size() && hex_digit(format[at]) >= 0; ++digits) {
    value = value * 16 + hex_digit(format[at++]);
  }
  if (digits == 0) return Error{Code::invalid_argument, "\\x without a hexadecimal digit in the format", ""};
  return static_cast<char>(value);
}

void append_number(std::int64_t value, std::string& out) {
  char digits[24];
  const auto done = std::to_chars(digits, digits + sizeof digits, value);
  out.append(digits, done.ptr);
}

void append_bytes(const std::optional<ByteView>& bytes, std::string& out) {
  if (bytes) out.append(base::as_text(*bytes));
}

std::int64_t length_of(const std::optional<ByteView>& bytes) {
  return bytes ? static_cast<std::int64_t>(bytes->size()) : -1;
}

void append_headers(const RecordView& record, std::string& out) {
  bool first = true;
  for (const auto& [name, value] : record.headers) {
    if (!first) out.push_back(',');
    first = false;
    out.append(name);
    out.push_back('=');
    append_bytes(value, out);
  }
}

}  // namespace

Result<RecordFormat> RecordFormat::compile(std::string_view format) {
  RecordFormat compiled;
  std::string literal;
  const auto end_literal = [&] {
    if (!literal.empty()) compiled.parts_.push_back({0, std::move(literal)});
    literal.clear();
  };
  for (std::size_t at = 0; at < format.size();) {
    const char c = format[at++];
    if (c != '%' && c != '\\') {
      literal.push_back(c);
      continue;
    }
    if (at == format.size()) {
      return Error{Code::invalid_argument, std::string("the format ends with a lone ") + c, ""};
    }
    if (c == '\\') {
      auto escaped = unescape(format, at);
      if (!escaped) return std::move(escaped).error();
      literal.push_back(*escaped);
      continue;
    }
    const char token = format[at++];
    if (token == '%') {
      literal.push_back('%');
    } else if (kTokens.find(token) != std::string_view::npos) {
      end_literal();
      compiled.parts_.push_back({token, {}});
    } else {
      return Error{Code::invalid_argument, std::string("unknown token %") + token + " in the format",
                   "known are %t %p %o %k %s %S %K %T %h %%"};
    }
  }
  end_literal();
  return compiled;
}

void RecordFormat::append(const RecordView& record, std::string& out) const {
  for (const Part& part : parts_) {
    switch (part.token) {
      case 0: out.append(part.text); break;
      case 's': append_bytes(record.value, out); break;
      case 'S': append_number(length_of(record.value), out); break;
      case 'R': {
        const auto length = static_cast<std::uint32_t>(length_of(record.value));
        for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<char>(length >> shift & 0xff));
        break;
      }
      case 'k': append_bytes(record.key, out); break;
      case 'K': append_number(length_of(record.key), out); break;
      case 't': out.append(record.topic); break;
      case 'p': append_number(record.partition.value(), out); break;
      case 'o': append_number(record.offset.value(), out); break;
      case 'T': append_number(record.time.value(), out); break;
      case 'h': append_headers(record, out); break;
      default: break;
    }
  }
}

void append_record(const RecordStyle& style, const RecordView& record, std::string_view feed, std::string_view cursor,
                   std::string& out) {
  switch (style.kind) {
    case RecordStyle::Kind::line:
      append_bytes(record.value, out);
      out.push_back('\n');
      break;
    case RecordStyle::Kind::raw: append_bytes(record.value, out); break;
    case RecordStyle::Kind::nul:
      append_bytes(record.value, out);
      out.push_back('\0');
      break;
    case RecordStyle::Kind::json: append_record_json(record, feed, cursor, out); break;
    case RecordStyle::Kind::format: style.format.append(record, out); break;
  }
}

}  // namespace shoal::command
