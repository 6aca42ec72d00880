#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// Words for people.
namespace shoal::node {

/// `1 peer`, `2 peers`.
inline std::string counted(std::uint64_t number, std::string_view thing) {
  return std::to_string(number) + " " + std::string(thing) + (number == 1 ? "" : "s");
}

/// `3 days`, `2 hours`, `40 s`: the largest unit that fits.
inline std::string duration_text(std::int64_t ms) {
  constexpr std::int64_t kSecond = 1000;
  constexpr std::int64_t kHour = 3600 * kSecond;
  constexpr std::int64_t kDay = 24 * kHour;
  constexpr std::int64_t kYear = 365 * kDay;
  if (ms < 0) ms = -ms;
  if (ms >= 2 * kYear) return std::to_string(ms / kYear) + " years";
  if (ms >= 2 * kDay) return std::to_string(ms / kDay) + " days";
  if (ms >= 2 * kHour) return std::to_string(ms / kHour) + " hours";
  if (ms >= 120 * kSecond) return std::to_string(ms / (60 * kSecond)) + " minutes";
  return std::to_string(ms / kSecond) + " s";
}

inline std::string joined_texts(const std::vector<std::string>& texts) {
  std::string out;
  for (const std::string& text : texts) out += (out.empty() ? "" : ", ") + text;
  return out;
}

}  // namespace shoal::node
