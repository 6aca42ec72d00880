#pragma once

#include "feed/format/asserted_head.h"

#include <shoal/result.h>

#include <optional>
#include <string_view>

/// The newest head by the owner's word, as text: `SIZE:ROOT`, the root in 64 hexadecimal digits. Empty: none.
namespace shoal::node {

/// Code::invalid_argument.
[[nodiscard]] Result<std::optional<feed::AssertedHead>> parse_asserted(std::string_view text);

}  // namespace shoal::node
