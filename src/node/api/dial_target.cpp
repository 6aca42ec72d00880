#include "node/api/dial_target.h"

#include "base/try.h"
#include "node/api/host_port.h"

namespace shoal::node {

Result<DialTarget> parse_dial_target(std::string_view text) {
  DialTarget target;
  const std::size_t at = text.find('@');
  if (at != std::string_view::npos) {
    const auto key = PublicKey::parse(text.substr(0, at));
    if (!key) {
      return Error{Code::invalid_argument, "'" + std::string(text.substr(0, at)) + "' is no node key",
                   "KEY@HOST:PORT takes the 64 hex digits that 'shoal peers' shows as a node's key"};
    }
    target.pinned = *key;
    text.remove_prefix(at + 1);
  }
  SHOAL_TRY(target.host_port, parse_host_port(text, false));
  return target;
}

}  // namespace shoal::node
