#include "node/network/dial_target.h"

#include "base/try.h"
#include "node/directory/key_store.h"
#include "node/network/host_port.h"

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

Result<std::string> with_trusted_key(std::string_view text, const TrustedMirrors& mirrors) {
  const std::size_t at = text.find('@');
  const std::string name(text.substr(0, at == std::string_view::npos ? 0 : at));
  if (!KeyStore::is_legal_name(name) || PublicKey::parse(name)) return std::string(text);
  SHOAL_TRY(const auto key, mirrors.find(name));
  if (key) return key->hex() + std::string(text.substr(at));
  return Error{Code::not_found, "no mirror is trusted as " + name,
               "shoal key trust " + name + " HEX, or give the key itself: KEY@HOST:PORT"};
}

}  // namespace shoal::node
