#include "node/api/asserted_text.h"

#include "base/bytes.h"

#include <algorithm>
#include <charconv>

namespace shoal::node {

Result<std::optional<feed::AssertedHead>> parse_asserted(std::string_view text) {
  if (text.empty()) return std::optional<feed::AssertedHead>{};
  const Error wrong{Code::invalid_argument, "'" + std::string(text) + "' is not SIZE:ROOT",
                    "shoal info shows both of what is here"};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return wrong;
  feed::AssertedHead head;
  const auto size = std::from_chars(text.data(), text.data() + colon, head.tree_size);
  const auto root = base::from_hex(text.substr(colon + 1));
  if (size.ec != std::errc() || size.ptr != text.data() + colon || !root || root->size() != head.root.bytes.size()) {
    return wrong;
  }
  std::copy(root->begin(), root->end(), head.root.bytes.begin());
  return std::optional(head);
}

}  // namespace shoal::node
