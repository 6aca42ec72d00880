#pragma once

#include "doors/text/json_reader.h"

#include <shoal/error.h>

#include <optional>
#include <string>
#include <string_view>

namespace shoal::doors {

/// The code with this name (code_name()).
[[nodiscard]] std::optional<Code> parse_code(std::string_view name);
/// The HTTP status of the table in docs/API.md.
[[nodiscard]] unsigned http_status(Code code);
/// `{"error":{"code":"...","message":"...","hint":"..."}}`, without LF.
[[nodiscard]] std::string error_json(const Error& error);
/// Appends the inner object.
void append_error(const Error& error, std::string& out);
/// Reads the inner object into `error`. A code that this build does not know becomes Code::unsupported. Fails when the
/// object is not an error object.
[[nodiscard]] Result<void> read_error(JsonReader in, Error& error);

}  // namespace shoal::doors
