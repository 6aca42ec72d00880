#include "node/api/host_port.h"

#include <algorithm>
#include <charconv>

namespace shoal::node {
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

std::optional<std::uint16_t> port_of(std::string_view host_port) {
  const std::size_t colon = host_port.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view digits = host_port.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.empty()) return std::nullopt;
  return port;
}

Result<std::string> parse_host_port(std::string_view text, bool allow_any_port) {
  const Error bad{Code::invalid_argument, "'" + std::string(text) + "' is not HOST:PORT",
                  "write it like 192.0.2.7:6881, [2001:db8::1]:6881 or example.org:6881"};
  const std::size_t colon = text.rfind(':');
  if (colon == std::string_view::npos || !plausible_host(text.substr(0, colon))) return bad;
  const auto port = port_of(text);
  if (!port || (*port == 0 && !allow_any_port)) return bad;
  return std::string(text);
}

}  // namespace shoal::node
