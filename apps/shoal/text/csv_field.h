#pragma once

#include <shoal/result.h>

#include <cstddef>
#include <string>
#include <string_view>

namespace shoal::command {

/// Field number `column` (from 1) of one row of comma separated values (RFC 4180: fields may be quoted, a doubled quote
/// stands for one; a CR at the row's end belongs to the row's frame). `scratch` backs the result when quotes had to be
/// removed. Code::invalid_argument for a row with fewer fields or malformed quotes.
[[nodiscard]] Result<std::string_view> csv_field(std::string_view row, std::size_t column, std::string& scratch);

}  // namespace shoal::command
