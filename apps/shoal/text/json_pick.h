#pragma once

#include <shoal/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::command {

/// An RFC 6901 JSON Pointer, as the list of its unescaped tokens. Empty: the whole document.
using JsonPointer = std::vector<std::string>;

/// Code::invalid_argument when the text neither is empty nor starts with `/`, or holds a bad `~` escape.
[[nodiscard]] Result<JsonPointer> parse_json_pointer(std::string_view text);

/// What a pointer led to.
struct PickedValue {
  enum class Kind : std::uint8_t { missing, null, text, number, boolean, container };
  Kind kind = Kind::missing;
  std::string text = {};  ///< a string's content, a number or boolean as JSON writes it
};

/// Reads one JSON document (RFC 8259, valid UTF-8 included) once and gives what each pointer leads to, in their order;
/// a repeated member's last value counts. No tree is built. Code::invalid_argument when the document is not valid JSON.
[[nodiscard]] Result<void> pick_json(ByteView document, const std::vector<JsonPointer>& pointers,
                                     std::vector<PickedValue>& picked);

}  // namespace shoal::command
