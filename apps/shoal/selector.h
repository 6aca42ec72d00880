#pragma once

#include "text/json_pick.h"
#include "text/time_text.h"
#include "text/topic_name.h"

#include <shoal/records.h>

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// How `pub` takes topic, key and time out of the records themselves.
namespace shoal::command {

/// `json:/pointer` or `csv:N`.
struct Selector {
  enum class Kind : std::uint8_t { json, csv };
  Kind kind = Kind::json;
  JsonPointer pointer = {};
  std::size_t column = 0;
};

[[nodiscard]] Result<Selector> parse_selector(std::string_view text);

/// How the selected time is written.
struct TimeFormat {
  enum class Kind : std::uint8_t { unix_number, rfc3339, strptime };
  Kind kind = Kind::unix_number;
  TimeUnit unit = TimeUnit::ms;
  std::string pattern = {};
};

/// `rfc3339` or a strptime(3) pattern.
[[nodiscard]] Result<TimeFormat> parse_time_format(std::string_view text);

struct SelectorOptions {
  std::optional<Selector> topic = {};
  std::optional<Selector> key = {};
  std::optional<Selector> time = {};
  TopicMap topic_map = TopicMap::strict;
  TimeFormat time_format = {};
};

/// Applies the selectors to one record after the other. A JSON record is read once for all of them, and as a whole: a
/// record that is no valid JSON never passes.
class RecordSelector {
 public:
  explicit RecordSelector(SelectorOptions options);

  /// Sets the selected members of `record` and leaves the others alone. Code::invalid_argument says what is wrong
  /// with `payload`; `record` is not to be used then.
  [[nodiscard]] Result<void> apply(ByteView payload, ProducerRecord& record);

 private:
  struct Field {
    bool null = false;
    std::string_view text = {};
  };
  [[nodiscard]] Result<Field> field(const Selector& selector, std::size_t json_slot, ByteView payload,
                                    std::string_view what);
  [[nodiscard]] Result<UnixMs> parse_time_field(std::string_view text) const;

  SelectorOptions options_;
  std::vector<JsonPointer> pointers_;
  std::size_t topic_slot_ = 0;
  std::size_t key_slot_ = 0;
  std::size_t time_slot_ = 0;
  std::vector<PickedValue> picked_;
  std::string scratch_;
};

}  // namespace shoal::command
