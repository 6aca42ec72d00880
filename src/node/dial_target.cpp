#include "node/dial_target.h"

#include "node/network_options.h"

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
  const auto port = port_of(text);
  if (!port || *port == 0 || text.find('@') != std::string_view::npos) {
    return Error{Code::invalid_argument, "'" + std::string(text) + "' is no HOST:PORT", "as 127.0.0.1:7000"};
  }
  target.host_port = std::string(text);
  return target;
}

}  // namespace shoal::node
