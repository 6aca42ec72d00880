#include "node/api/acks_text.h"

#include "node/api/names.h"

#include <charconv>

namespace shoal::node {
namespace {

Error malformed(std::string_view text) {
  return {Code::invalid_argument, "'" + std::string(text) + "' does not say whose acknowledgement is waited for",
          "none, durable, a number of mirrors (1 to 64), or names of mirrors with commas between: mine,backup"};
}

bool is_number(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789") == std::string_view::npos;
}

}  // namespace

std::string acks_text(const Acks& acks) {
  switch (acks.level) {
    case Acks::Level::none: return "none";
    case Acks::Level::durable: return "durable";
    case Acks::Level::mirrors: return std::to_string(acks.count);
    case Acks::Level::named: break;
  }
  std::string names;
  for (const std::string& name : acks.names) names += (names.empty() ? "" : ",") + name;
  return names;
}

Result<Acks> parse_acks(std::string_view text) {
  if (text == "none") return Acks::none();
  if (text == "durable") return Acks::durable();
  if (is_number(text)) {
    unsigned count = 0;
    const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), count);
    if (failed != std::errc() || count == 0 || count > kMaxAckMirrors) return malformed(text);
    return Acks::mirrors(count);
  }
  std::vector<std::string> names;
  for (std::string_view rest = text;;) {
    const std::size_t comma = rest.find(',');
    const std::string_view name = rest.substr(0, comma);
    if (!is_legal_name(name) || is_number(name) || names.size() == kMaxAckMirrors) {
      return malformed(text);
    }
    names.emplace_back(name);
    if (comma == std::string_view::npos) return Acks::named(std::move(names));
    rest.remove_prefix(comma + 1);
  }
}

}  // namespace shoal::node
