#pragma once

#include <shoal/result.h>

#include <cstdint>
#include <string>
#include <string_view>

/// Topic names by Kafka's rule: 1..249 of `[a-zA-Z0-9._-]`, neither `.` nor `..`.
namespace shoal::command {

[[nodiscard]] bool is_topic_name(std::string_view name);
/// Code::invalid_argument with the rule as its hint.
[[nodiscard]] Result<void> check_topic_name(std::string_view name);
/// A name or a glob (`*`, `?`, `[a-z]`).
[[nodiscard]] Result<void> check_topic_glob(std::string_view glob);

enum class TopicMap : std::uint8_t {
  strict,  ///< an illegal name is an error
  dots,    ///< each illegal character becomes `.`
};

/// The topic that `text` stands for; Code::invalid_argument when none.
[[nodiscard]] Result<void> map_topic(std::string_view text, TopicMap map, std::string& topic);

}  // namespace shoal::command
