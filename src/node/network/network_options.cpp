#include "node/network/network_options.h"

#include "base/try.h"
#include "node/api/dial_target.h"
#include "node/api/host_port.h"

#include <utility>

#include <boost/asio/ip/address.hpp>

#include <algorithm>

namespace shoal::node {
namespace {

std::string host_of(std::string_view host_port) {
  std::string host(host_port.substr(0, host_port.rfind(':')));
  if (host.size() > 2 && host.front() == '[' && host.back() == ']') host = host.substr(1, host.size() - 2);
  return host;
}

bool is_private_v4(const boost::asio::ip::address_v4& address) {
  const std::uint32_t bits = address.to_uint();
  return address.is_loopback() || bits >> 24 == 10 || bits >> 20 == 0xAC1 || bits >> 16 == 0xC0A8 ||
         bits >> 16 == 0xA9FE;
}

Result<void> check_listen(const std::string& text) {
  boost::system::error_code failed;
  boost::asio::ip::make_address(host_of(text), failed);
  if (failed || !port_of(text)) {
    return Error{Code::invalid_argument, "cannot listen on '" + text + "'",
                 "give an address and a port, as 127.0.0.1:0 or [::1]:7000; port 0 is any"};
  }
  return {};
}

}  // namespace

bool is_private_address(std::string_view host_port) {
  const std::string host = host_of(host_port);
  if (host == "localhost") return true;
  boost::system::error_code failed;
  const auto address = boost::asio::ip::make_address(host, failed);
  if (failed) return false;
  if (address.is_v4()) return is_private_v4(address.to_v4());
  const auto v6 = address.to_v6();
  return v6.is_loopback() || v6.is_link_local() || (v6.to_bytes()[0] & 0xFE) == 0xFC;
}

Result<swarm::SwarmOptions> swarm_options(const NodeOptions& options, std::uint16_t remembered_port) {
  swarm::SwarmOptions out;
  for (const std::string& address : options.listen) SHOAL_CHECK(check_listen(address));
  for (const std::string& address : options.peers) SHOAL_CHECK(parse_dial_target(address));
  for (const std::string& address : options.bootstrap) {
    SHOAL_TRY(const DialTarget target, parse_dial_target(address));
    if (target.pinned) {
      return Error{Code::invalid_argument, "'" + address + "': only --peer takes a node key",
                   "the DHT's nodes have none"};
    }
  }
  out.listen = options.listen;
  if (out.listen.empty()) {
    const std::string port = std::to_string(remembered_port);
    out.listen = {"0.0.0.0:" + port, "[::]:" + port};
  }
  const auto all_private = [](const std::vector<std::string>& addresses) {
    return std::all_of(addresses.begin(), addresses.end(), [](const auto& text) { return is_private_address(text); });
  };
  out.private_network = options.private_network.value_or(!options.listen.empty() && all_private(options.listen) &&
                                                         all_private(options.bootstrap));
  out.bootstrap = options.bootstrap;
  out.dht = options.dht;
  out.lsd = options.lsd;
  out.up_limit = options.up_limit;
  out.down_limit = options.down_limit;
  return out;
}

}  // namespace shoal::node
