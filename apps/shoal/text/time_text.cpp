#include "text/time_text.h"

#include "text/units.h"

#include <cctype>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

namespace shoal::command {
namespace {

constexpr std::int64_t kDayMs = 86'400'000;

Error not_a_time(std::string_view text, std::string_view hint) {
  return Error{Code::invalid_argument, "'" + std::string(text) + "' is not a time", std::string(hint)};
}

/// Exactly `width` digits.
bool take_digits(std::string_view& text, std::size_t width, int& value) {
  if (text.size() < width) return false;
  value = 0;
  for (std::size_t i = 0; i < width; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    value = value * 10 + (text[i] - '0');
  }
  text.remove_prefix(width);
  return true;
}

bool take_char(std::string_view& text, std::string_view any_of) {
  if (text.empty() || any_of.find(text.front()) == std::string_view::npos) return false;
  text.remove_prefix(1);
  return true;
}

/// `YYYY-MM-DD` as milliseconds at 00:00 UTC.
bool take_date(std::string_view& text, std::int64_t& ms) {
  int year = 0;
  int month = 0;
  int day = 0;
  if (!take_digits(text, 4, year) || !take_char(text, "-") || !take_digits(text, 2, month) || !take_char(text, "-") ||
      !take_digits(text, 2, day)) {
    return false;
  }
  const std::chrono::year_month_day date{std::chrono::year(year), std::chrono::month(static_cast<unsigned>(month)),
                                         std::chrono::day(static_cast<unsigned>(day))};
  if (!date.ok()) return false;
  ms = std::chrono::sys_days(date).time_since_epoch().count() * kDayMs;
  return true;
}

/// `HH:MM:SS[.fraction]`; second 60 is a leap second and counts as the next one.
bool take_clock(std::string_view& text, std::int64_t& ms) {
  int hour = 0;
  int minute = 0;
  int second = 0;
  if (!take_digits(text, 2, hour) || !take_char(text, ":") || !take_digits(text, 2, minute) || !take_char(text, ":") ||
      !take_digits(text, 2, second) || hour > 23 || minute > 59 || second > 60) {
    return false;
  }
  ms = ((hour * 60 + minute) * 60 + second) * std::int64_t{1000};
  if (!take_char(text, ".,")) return true;
  std::int64_t scale = 100;
  std::size_t digits = 0;
  for (int digit = 0; take_digits(text, 1, digit); ++digits) {
    ms += digit * scale;
    scale /= 10;
  }
  return digits > 0;
}

/// Nothing, `Z` or `+HH:MM`.
bool take_zone(std::string_view& text, std::int64_t& offset_ms) {
  offset_ms = 0;
  if (text.empty() || take_char(text, "Zz")) return true;
  const bool west = text.front() == '-';
  int hour = 0;
  int minute = 0;
  if (!take_char(text, "+-") || !take_digits(text, 2, hour)) return false;
  take_char(text, ":");
  if (!take_digits(text, 2, minute) || hour > 23 || minute > 59) return false;
  offset_ms = (hour * 60 + minute) * std::int64_t{60'000} * (west ? -1 : 1);
  return true;
}

/// The integer and fraction digits of a decimal number as `value` in units of 10^-`fraction_digits`.
struct Decimal {
  bool negative = false;
  std::string_view whole;
  std::string_view fraction;
};

bool split_decimal(std::string_view text, Decimal& out) {
  out.negative = !text.empty() && text.front() == '-';
  if (out.negative) text.remove_prefix(1);
  const std::size_t dot = text.find('.');
  out.whole = text.substr(0, dot);
  out.fraction = dot == std::string_view::npos ? std::string_view() : text.substr(dot + 1);
  if (out.whole.empty() || (dot != std::string_view::npos && out.fraction.empty())) return false;
  for (const std::string_view part : {out.whole, out.fraction}) {
    if (part.find_first_not_of("0123456789") != std::string_view::npos) return false;
  }
  return true;
}

constexpr int milli_digits(TimeUnit unit) {
  switch (unit) {
    case TimeUnit::s: return 3;
    case TimeUnit::ms: return 0;
    case TimeUnit::us: return -3;
    case TimeUnit::ns: return -6;
  }
  return 0;
}

}  // namespace

UnixMs wall_time() {
  using std::chrono::duration_cast, std::chrono::milliseconds, std::chrono::system_clock;
  return UnixMs(duration_cast<milliseconds>(system_clock::now().time_since_epoch()).count());
}

Result<UnixMs> parse_rfc3339(std::string_view text) {
  std::string_view rest = text;
  std::int64_t date = 0;
  std::int64_t clock = 0;
  std::int64_t zone = 0;
  if (!take_date(rest, date) || !take_char(rest, "Tt ") || !take_clock(rest, clock) || !take_zone(rest, zone) ||
      !rest.empty()) {
    return not_a_time(text, "RFC 3339 looks like 2018-02-03T04:05:06Z");
  }
  return UnixMs(date + clock - zone);
}

Result<UnixMs> parse_time(std::string_view text, UnixMs now) {
  constexpr std::string_view kHint = "write RFC 3339 (2018-02-03T04:05:06Z), a date, unix milliseconds, -2h or now";
  if (text == "now") return now;
  if (text.size() > 1 && text.front() == '-' && std::isalpha(static_cast<unsigned char>(text.back())) != 0) {
    const auto ago = parse_duration(text.substr(1));
    if (!ago) return not_a_time(text, kHint);
    return now - ago->count();
  }
  if (const auto ms = parse_integer(text, INT64_MIN / 2); ms && *ms < INT64_MAX / 2) return UnixMs(*ms);
  std::string_view rest = text;
  std::int64_t date = 0;
  if (take_date(rest, date) && rest.empty()) return UnixMs(date);
  if (auto time = parse_rfc3339(text)) return time;
  return not_a_time(text, kHint);
}

Result<UnixMs> parse_unix_time(std::string_view text, TimeUnit unit) {
  const Error bad = not_a_time(text, "a number is expected");
  Decimal decimal;
  if (!split_decimal(text, decimal)) {
    // 1.5e9 and the like: JSON allows them.
    const std::size_t exponent = text.find_first_of("eE");
    Decimal mantissa;
    if (exponent == std::string_view::npos || !split_decimal(text.substr(0, exponent), mantissa)) return bad;
    const std::string copy(text);
    char* end = nullptr;
    const double value = std::strtod(copy.c_str(), &end);
    const bool number = *end == '\0' && copy.find('\0') == std::string::npos;
    const double ms = std::floor(value * std::pow(10.0, milli_digits(unit)));
    if (!number || !(std::fabs(ms) < 4e18)) return bad;
    return UnixMs(static_cast<std::int64_t>(ms));
  }
  // Moves the decimal point by cutting or borrowing digits, so that nothing is rounded but the end.
  std::string digits(decimal.whole);
  std::string_view below = decimal.fraction;
  std::string cut;
  for (int i = 0; i < milli_digits(unit); ++i) {
    digits.push_back(below.empty() ? '0' : below.front());
    if (!below.empty()) below.remove_prefix(1);
  }
  for (int i = 0; i > milli_digits(unit) && !digits.empty(); --i) {
    cut.push_back(digits.back());
    digits.pop_back();
  }
  if (digits.empty()) digits = "0";
  auto value = parse_integer(digits, 0);
  if (!value || *value > INT64_MAX / 2) return bad;
  const bool inexact =
      cut.find_first_not_of('0') != std::string::npos || below.find_first_not_of('0') != std::string_view::npos;
  if (!decimal.negative) return UnixMs(*value);
  return UnixMs(-*value - (inexact ? 1 : 0));
}

Result<UnixMs> parse_strptime(std::string_view text, const std::string& format) {
  const std::string copy(text);
  std::tm parts{};
  parts.tm_mday = 1;
  const char* end = strptime(copy.c_str(), format.c_str(), &parts);
  if (end == nullptr || *end != '\0' || copy.size() != std::char_traits<char>::length(copy.c_str())) {
    return not_a_time(text, "it does not match '" + format + "'");
  }
  const long zone_seconds = parts.tm_gmtoff;
  const int day = parts.tm_mday;
  const std::int64_t seconds = timegm(&parts) - zone_seconds;
  // timegm turns the 31st of February into the 3rd of March.
  if (parts.tm_mday != day) return not_a_time(text, "there is no such day");
  return UnixMs(seconds * 1000);
}

std::string format_rfc3339(UnixMs time) {
  const std::int64_t ms = time.value();
  const std::int64_t days = ms >= 0 ? ms / kDayMs : (ms - kDayMs + 1) / kDayMs;
  const std::int64_t of_day = ms - days * kDayMs;
  // The calendar of <chrono> ends with the year 32767.
  if (days < -4'000'000 || days > 11'000'000) return std::to_string(ms) + " ms";
  const std::chrono::year_month_day date{std::chrono::sys_days(std::chrono::days(days))};
  char text[64];
  std::snprintf(text, sizeof text, "%04d-%02u-%02uT%02d:%02d:%02d.%03dZ", static_cast<int>(date.year()),
                static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                static_cast<int>(of_day / 3'600'000), static_cast<int>(of_day / 60'000 % 60),
                static_cast<int>(of_day / 1000 % 60), static_cast<int>(of_day % 1000));
  return text;
}

std::string format_age(std::int64_t milliseconds) {
  const std::int64_t s = milliseconds / 1000;
  if (s < 120) return std::to_string(s < 0 ? 0 : s) + " s";
  if (s < 7200) return std::to_string(s / 60) + " min";
  if (s < 172800) return std::to_string(s / 3600) + " h";
  return std::to_string(s / 86400) + " d";
}

std::string format_head_age(std::int64_t milliseconds) {
  if (milliseconds >= -kClockSlackMs) return format_age(milliseconds) + " ago";
  return format_age(-milliseconds) + " in the future: this machine's clock or the owner's is wrong";
}

}  // namespace shoal::command
