#pragma once

#include "doors/text/json_reader.h"

#include <shoal/error.h>

#include <optional>
#include <string>
#include <string_view>

namespace shoal::doors {

/// The code with this name (code_name()).
[[nodiscard]] std::optional<Code> parse_code(std::string_view name);
/// The HTTP status of docs/API.md's table.
[[nodiscard]] unsigned http_status(Code code);
/// `{"error":{"code":"...","message":"...","hint":"..."}}`, without LF.
[[nodiscard]] std::string error_json(const Error& error);
/// Just the inner object.
void append_error(const Error& error, std::string& out);
/// The inner object. A code that this build does not know is Code::unsupported. The outer result fails for an object
/// that is no error.
[[nodiscard]] Result<void> read_error(JsonReader in, Error& error);

}  // namespace shoal::doors
