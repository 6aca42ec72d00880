#pragma once

#include <shoal/types.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Points in time as text. Times without a zone are UTC. Code::invalid_argument for all that does not parse whole.
namespace shoal::command {

/// The current time.
[[nodiscard]] UnixMs wall_time();

/// RFC 3339: `2018-02-03T04:05:06.789Z`, `2018-02-03 04:05:06+01:00`; fractions below 1 ms are cut off.
[[nodiscard]] Result<UnixMs> parse_rfc3339(std::string_view text);

/// What options take: RFC 3339, a date (00:00 UTC), unix ms, `now`, or `-2h` (before `now`).
[[nodiscard]] Result<UnixMs> parse_time(std::string_view text, UnixMs now);

enum class TimeUnit : std::uint8_t { s, ms, us, ns };

/// A decimal number of `unit` since 1970, fractions allowed, rounded down to milliseconds; exact, never through a
/// floating point number (except for exponents).
[[nodiscard]] Result<UnixMs> parse_unix_time(std::string_view text, TimeUnit unit);

/// strptime(3) with `format`, the C locale, UTC unless the format reads a zone (%z).
[[nodiscard]] Result<UnixMs> parse_strptime(std::string_view text, const std::string& format);

/// `2018-02-03T04:05:06.789Z`.
[[nodiscard]] std::string format_rfc3339(UnixMs time);

/// `3 h`, `12 s`: for people.
[[nodiscard]] std::string format_age(std::int64_t milliseconds);
/// How long ago a head was signed: `3 h ago`, or that one of the two clocks must be wrong.
[[nodiscard]] std::string format_head_age(std::int64_t milliseconds);
/// Clock skew tolerated without a warning.
inline constexpr std::int64_t kClockSlackMs = 60'000;

}  // namespace shoal::command
