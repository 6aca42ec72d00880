#include "host_port.h"

#include "base/try.h"
#include "node/dial_target.h"
#include "units.h"

#include <algorithm>

namespace shoal::command {
namespace {

bool plausible_host(std::string_view host) {
  if (host.empty()) return false;
  if (host.front() == '[') {
    return host.size() > 3 && host.back() == ']' &&
           host.find_first_not_of("0123456789abcdefABCDEF:.%", 1) == host.size() - 1;
  }
  return std::all_of(host.begin(), host.end(), [](unsigned char c) {
    return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' || c == '-' ||
           c == '_';
  });
}

}  // namespace

Result<std::string> parse_host_port(std::string_view text, bool allow_any_port) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not HOST:PORT",
                  "write it like 192.0.2.7:6881, [2001:db8::1]:6881 or example.org:6881"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !plausible_host(text.substr(0, colon))) return bad;
  const auto port = parse_integer(text.substr(colon + 1), allow_any_port ? 0 : 1);
  if (!port || *port > 65535) return bad;
  return std::string(text);
}

Result<std::string> parse_peer(std::string_view text) {
  if (text.find('@') == std::string_view::npos) return parse_host_port(text, false);
  SHOAL_TRY(const node::DialTarget target, node::parse_dial_target(text));
  SHOAL_CHECK(parse_host_port(target.host_port, false));
  return std::string(text);
}

}  // namespace shoal::command
