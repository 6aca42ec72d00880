#include "text/units.h"

#include <cctype>
#include <charconv>
#include <limits>
#include <string>

namespace shoal::command {
namespace {

Error not_a(std::string_view what, std::string_view text, std::string_view examples) {
  return Error{Code::invalid_argument, "'" + std::string(text) + "' is not a " + std::string(what),
               "write it like " + std::string(examples)};
}

/// The leading non-negative decimal number; `text` keeps what follows it.
bool take_number(std::string_view& text, double& value) {
  if (text.empty() || std::isdigit(static_cast<unsigned char>(text.front())) == 0) return false;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, std::chars_format::fixed);
  if (error != std::errc()) return false;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return true;
}

}  // namespace

Result<std::uint64_t> parse_size(std::string_view text) {
  const Error bad = not_a("size", text, "500, 256K, 64M or 20G (powers of 1024)");
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return bad;
  std::string_view unit(end, static_cast<std::size_t>(text.data() + text.size() - end));
  unsigned shift = 0;
  if (!unit.empty()) {
    switch (std::toupper(static_cast<unsigned char>(unit.front()))) {
      case 'K': shift = 10; break;
      case 'M': shift = 20; break;
      case 'G': shift = 30; break;
      case 'T': shift = 40; break;
      case 'B': shift = 0; break;
      default: return bad;
    }
    if (shift != 0) unit.remove_prefix(1);
    if (!unit.empty() && unit != "B" && unit != "b") return bad;
  }
  if (value > (std::numeric_limits<std::uint64_t>::max() >> shift)) return bad;
  return value << shift;
}

Result<std::chrono::milliseconds> parse_duration(std::string_view text) {
  const Error bad = not_a("duration", text, "250ms, 90s, 15m, 12h or 30d");
  std::string_view unit = text;
  double value = 0;
  if (!take_number(unit, value)) return bad;
  double scale = 0;
  if (unit == "ms") {
    scale = 1;
  } else if (unit == "s") {
    scale = 1000;
  } else if (unit == "m") {
    scale = 60e3;
  } else if (unit == "h") {
    scale = 3600e3;
  } else if (unit == "d") {
    scale = 86400e3;
  } else if (!unit.empty() || value != 0) {
    return bad;
  }
  const double ms = value * scale;
  // A hundred thousand years are enough, and leave room for adding to any point in time.
  if (!(ms <= 3.2e15)) return bad;
  return std::chrono::milliseconds(static_cast<std::int64_t>(ms));
}

Result<std::int64_t> parse_integer(std::string_view text, std::int64_t smallest) {
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size() || value < smallest) {
    return Error{Code::invalid_argument,
                 "'" + std::string(text) + "' is not a number of at least " + std::to_string(smallest), ""};
  }
  return value;
}

Result<double> parse_speed(std::string_view text) {
  if (text == "max") return 0.0;
  std::string_view unit = text;
  double value = 0;
  if (!take_number(unit, value) || unit != "x" || value <= 0) return not_a("speed", text, "1x, 10x or max");
  return value;
}

}  // namespace shoal::command
