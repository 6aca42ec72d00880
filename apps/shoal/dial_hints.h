#pragma once

#include <string>
#include <vector>

namespace shoal::command {

/// Addresses at which others can dial a node that listens at `listening` (`host:port`, several separated by blanks or
/// commas): the address itself, or for "all addresses" each global or private address of this machine (loopback only
/// when there is no other). Empty for an empty text.
[[nodiscard]] std::vector<std::string> dial_hints(const std::string& listening);

}  // namespace shoal::command
