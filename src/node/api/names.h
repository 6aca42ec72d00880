#pragma once

#include <string_view>

namespace shoal::node {

/// The rule for names that people give to feeds and trusted mirrors: 1 to 64 of [a-zA-Z0-9._-], no dot or hyphen at the
/// start, and not 64 hex digits, which are a feed id. Any thread.
[[nodiscard]] bool is_legal_name(std::string_view name);

}  // namespace shoal::node
