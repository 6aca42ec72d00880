#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace shoal::command {

/// The one of `names` that `typed` was probably meant to be: at most two letters wrong, dropped, added or swapped (one
/// for a word of up to three). Empty when none is near.
[[nodiscard]] std::string nearest_name(std::string_view typed, const std::vector<std::string>& names);

}  // namespace shoal::command
