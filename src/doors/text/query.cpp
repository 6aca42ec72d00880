#include "doors/text/query.h"

#include "base/bytes.h"
#include "base/try.h"

#include <charconv>

namespace shoal::doors {
namespace {

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '.' ||
         c == '_' || c == '~';
}

}  // namespace

std::string percent_encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    if (is_unreserved(c)) {
      out.push_back(c);
      continue;
    }
    const auto byte = static_cast<unsigned char>(c);
    out.push_back('%');
    out.push_back(kHex[byte >> 4]);
    out.push_back(kHex[byte & 15]);
  }
  return out;
}

Result<std::string> percent_decode(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '%') {
      out.push_back(text[i]);
      continue;
    }
    const auto byte = text.size() - i > 2 ? base::from_hex(text.substr(i + 1, 2)) : std::nullopt;
    if (!byte) return Error{Code::invalid_argument, "a percent sign without two hexadecimal digits"};
    out.push_back(static_cast<char>(byte->front()));
    i += 2;
  }
  return out;
}

std::optional<std::int64_t> parse_decimal(std::string_view text, std::int64_t min, std::int64_t max) {
  std::int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size() || number < min || number > max) return std::nullopt;
  return number;
}

QueryWriter& QueryWriter::add(std::string_view name, std::string_view value) {
  text_.push_back(text_.empty() ? '?' : '&');
  text_.append(name).push_back('=');
  text_.append(percent_encode(value));
  return *this;
}

Result<QueryReader> QueryReader::parse(std::string_view query) {
  QueryReader reader;
  while (!query.empty()) {
    const std::string_view pair = query.substr(0, query.find('&'));
    query.remove_prefix(std::min(pair.size() + 1, query.size()));
    if (reader.parameters_.size() == kMaxParameters) return Error{Code::limit_exceeded, "too many parameters"};
    const std::size_t equals = std::min(pair.find('='), pair.size());
    Parameter parameter;
    SHOAL_TRY(parameter.name, percent_decode(pair.substr(0, equals)));
    SHOAL_TRY(parameter.value, percent_decode(pair.substr(std::min(equals + 1, pair.size()))));
    reader.parameters_.push_back(std::move(parameter));
  }
  return reader;
}

std::optional<std::string> QueryReader::text(std::string_view name) {
  auto all = texts(name);
  if (all.empty()) return std::nullopt;
  if (all.size() > 1) fail("parameter '" + std::string(name) + "' is there twice");
  return std::move(all.front());
}

std::vector<std::string> QueryReader::texts(std::string_view name) {
  std::vector<std::string> out;
  for (Parameter& parameter : parameters_) {
    if (parameter.name != name) continue;
    parameter.asked = true;
    out.push_back(parameter.value);
  }
  return out;
}

std::optional<std::int64_t> QueryReader::integer(std::string_view name, std::int64_t min, std::int64_t max) {
  const auto written = text(name);
  if (!written) return std::nullopt;
  const auto number = parse_decimal(*written, min, max);
  if (!number) fail("parameter '" + std::string(name) + "' is not a whole number in range");
  return number;
}

std::optional<bool> QueryReader::boolean(std::string_view name) {
  const auto number = integer(name, 0, 1);
  if (!number) return std::nullopt;
  return *number == 1;
}

void QueryReader::fail(const std::string& what) {
  if (!problem_) problem_ = Error{Code::invalid_argument, what};
}

Result<void> QueryReader::finish() {
  for (const Parameter& parameter : parameters_) {
    if (!parameter.asked) fail("unknown parameter '" + parameter.name + "'");
  }
  if (problem_) return *problem_;
  return {};
}

}  // namespace shoal::doors
