#include "swarm/libtorrent/session_settings.h"

#include <gtest/gtest.h>

namespace shoal::swarm {
namespace {

using Settings = lt::settings_pack;

SwarmOptions options(bool private_network) {
  SwarmOptions options;
  options.listen = {"127.0.0.1:0"};
  options.private_network = private_network;
  return options;
}

TEST(SessionSettings, ThePublicNetworkAsksRoutersAndThePublicDht) {
  const auto parameters = session_parameters(options(false));
  const Settings& settings = parameters.settings;
  EXPECT_TRUE(settings.get_bool(Settings::enable_upnp));
  EXPECT_TRUE(settings.get_bool(Settings::enable_natpmp));
  EXPECT_TRUE(settings.get_bool(Settings::enable_lsd));
  EXPECT_TRUE(settings.get_bool(Settings::enable_dht));
  EXPECT_FALSE(settings.has_val(Settings::dht_bootstrap_nodes));  // libtorrent's own
  // The public DHT's protections stay.
  EXPECT_FALSE(settings.has_val(Settings::dht_enforce_node_id));
  EXPECT_FALSE(settings.has_val(Settings::dht_block_ratelimit));
}

TEST(SessionSettings, APrivateNetworkAsksNoRouterAndNobodyInPublic) {
  const auto parameters = session_parameters(options(true));
  const Settings& settings = parameters.settings;
  EXPECT_FALSE(settings.get_bool(Settings::enable_upnp));
  EXPECT_FALSE(settings.get_bool(Settings::enable_natpmp));
  EXPECT_EQ(settings.get_str(Settings::dht_bootstrap_nodes), "");
  EXPECT_FALSE(settings.get_bool(Settings::dht_restrict_routing_ips));
  // Many feeds of one node lie on few nodes there.
  EXPECT_GE(settings.get_int(Settings::dht_max_torrents), 20000);
  EXPECT_GE(settings.get_int(Settings::dht_max_dht_items), 20000);
}

TEST(SessionSettings, WhatIsTurnedOffIsOff) {
  SwarmOptions off = options(false);
  off.dht = false;
  off.lsd = false;
  const auto parameters = session_parameters(off);
  EXPECT_FALSE(parameters.settings.get_bool(Settings::enable_dht));
  EXPECT_FALSE(parameters.settings.get_bool(Settings::enable_lsd));
}

TEST(SessionSettings, IncomingUtpIsTakenAndOutgoingBeginsWithTcp) {
  const auto parameters = session_parameters(options(false));
  EXPECT_FALSE(parameters.settings.get_bool(Settings::enable_outgoing_utp));
  EXPECT_TRUE(parameters.settings.get_bool(Settings::enable_incoming_utp));
}

}  // namespace
}  // namespace shoal::swarm
