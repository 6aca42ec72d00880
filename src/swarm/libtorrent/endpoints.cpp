#include "swarm/libtorrent/endpoints.h"

#include <boost/asio/ip/tcp.hpp>

#include <algorithm>
#include <charconv>
#include <cstdint>

namespace shoal::swarm {
namespace {

struct HostPort {
  std::string host;
  std::uint16_t port = 0;
};

std::optional<HostPort> split(std::string_view host_port) {
  const std::size_t colon = host_port.rfind(':');
  if (colon == std::string_view::npos || colon == 0) return std::nullopt;
  HostPort out;
  const std::string_view port = host_port.substr(colon + 1);
  const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
  if (error != std::errc{} || end != port.data() + port.size()) return std::nullopt;
  std::string_view host = host_port.substr(0, colon);
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  // An IPv6 address without brackets is ambiguous: the port could be part of it.
  if (!bracketed && host.find(':') != std::string_view::npos) return std::nullopt;
  out.host = std::string(host);
  return out;
}

std::optional<lt::tcp::endpoint> literal(const HostPort& parts) {
  boost::system::error_code error;
  const lt::address address = boost::asio::ip::make_address(parts.host, error);
  if (error) return std::nullopt;
  return lt::tcp::endpoint(address, parts.port);
}

}  // namespace

std::string endpoint_text(const lt::address& address, int port) {
  const std::string host = address.is_v6() ? "[" + address.to_string() + "]" : address.to_string();
  return host + ":" + std::to_string(port);
}

std::string endpoint_text(const lt::tcp::endpoint& endpoint) {
  return endpoint_text(endpoint.address(), endpoint.port());
}

std::optional<lt::tcp::endpoint> parse_endpoint(std::string_view host_port) {
  const auto parts = split(host_port);
  return parts ? literal(*parts) : std::nullopt;
}

std::vector<lt::tcp::endpoint> resolve_endpoint(std::string_view host_port) {
  const auto parts = split(host_port);
  if (!parts || parts->port == 0) return {};
  if (const auto known = literal(*parts)) return {*known};
  boost::asio::io_context context;
  boost::asio::ip::tcp::resolver resolver(context);
  boost::system::error_code error;
  std::vector<lt::tcp::endpoint> endpoints;
  for (const auto& entry : resolver.resolve(parts->host, std::to_string(parts->port), error)) {
    endpoints.push_back(entry.endpoint());
  }
  return endpoints;
}

NetAddress net_address(const lt::address& address) {
  const auto v6 =
      address.is_v6() ? address.to_v6() : boost::asio::ip::make_address_v6(boost::asio::ip::v4_mapped, address.to_v4());
  NetAddress out;
  const auto bytes = v6.to_bytes();
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

}  // namespace shoal::swarm
