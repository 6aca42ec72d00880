#include "text/start_position.h"

#include "base/try.h"
#include "text/time_text.h"
#include "text/units.h"

namespace shoal::command {
namespace {

Result<Start> parse_one_start(const std::string& value, UnixMs now) {
  if (value == "beginning") return Start::beginning();
  if (value == "end") return Start::end();
  if (value == "stored") return Start::stored();
  if (value.starts_with("cursor:")) {
    if (value.size() == 7) return Error{Code::invalid_argument, "an empty cursor token", ""};
    return Start::resume(value.substr(7));
  }
  if (value.starts_with("s@")) {
    SHOAL_TRY(const UnixMs time, parse_time(value.substr(2), now));
    return Start::time(time);
  }
  if (const auto number = parse_integer(value, INT64_MIN + 1)) {
    // `-0` is the end as much as `-1` is the last record.
    return value.front() == '-' ? Start::last(-*number) : Start::offset(Offset(*number));
  }
  return Error{Code::invalid_argument, "'" + value + "' is not a position",
               "write beginning, end, stored, cursor:TOKEN, N, -N, s@TIME or e@TIME"};
}

}  // namespace

Result<StartPosition> parse_start(const std::vector<std::string>& values, UnixMs now) {
  StartPosition position;
  for (const std::string& value : values) {
    if (value.starts_with("e@")) {
      if (position.before) return Error{Code::invalid_argument, "more than one -o e@TIME", ""};
      SHOAL_TRY(position.before, parse_time(value.substr(2), now));
      continue;
    }
    if (position.start) return Error{Code::invalid_argument, "more than one -o that says where to start", ""};
    SHOAL_TRY(position.start, parse_one_start(value, now));
  }
  return position;
}

Result<Partition> parse_partition(std::string_view text) {
  SHOAL_TRY(const auto number, parse_integer(text, 0));
  if (number > INT32_MAX) return Error{Code::invalid_argument, "no partition has such a number", ""};
  return Partition(static_cast<std::int32_t>(number));
}

Result<OffsetRange> parse_offset_range(std::string_view text) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not an offset or range of offsets",
                  "write 17 or 17..42, both ends included"};
  const std::size_t dots = text.find("..");
  const auto first = parse_integer(text.substr(0, dots), 0);
  if (!first) return bad;
  if (dots == std::string_view::npos) return OffsetRange{Offset(*first), Offset(*first)};
  const auto last = parse_integer(text.substr(dots + 2), *first);
  if (!last) return bad;
  return OffsetRange{Offset(*first), Offset(*last)};
}

}  // namespace shoal::command
