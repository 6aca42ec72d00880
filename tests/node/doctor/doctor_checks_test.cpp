#include "node/doctor/doctor_checks.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

constexpr UnixMs kNow{1767225600000};  // 2026-01-01

replication::PeerView peer_with_head(std::uint64_t size, UnixMs time) {
  replication::PeerView peer;
  peer.head.emplace();
  peer.head->tree_size = size;
  peer.head->time = time;
  peer.answered = true;
  return peer;
}

NetworkFindings public_network() {
  NetworkFindings found;
  found.status.dht = true;
  found.status.listening = {"192.168.1.7:7000"};
  found.status.entry_points = {"router:1"};
  return found;
}

TEST(DoctorChecks, AClockYearsOffIsAProblemWithItsDistance) {
  EXPECT_EQ(check_clock(kNow, {}).verdict, Verdict::ok);
  const auto early = check_clock(UnixMs(0), {});
  EXPECT_EQ(early.verdict, Verdict::problem);
  EXPECT_NE(early.found.find("55 years"), std::string::npos) << early.found;
  const auto ahead = check_clock(kNow, {peer_with_head(1, kNow + std::int64_t{3} * 365 * 24 * 3600 * 1000)});
  EXPECT_EQ(ahead.verdict, Verdict::problem);
  EXPECT_NE(ahead.found.find("3 years"), std::string::npos) << ahead.found;
  EXPECT_FALSE(ahead.hint.empty());
  // An old head says nothing of the clock, and a minute is nothing.
  EXPECT_EQ(check_clock(kNow, {peer_with_head(1, UnixMs(0)), peer_with_head(1, kNow + 60'000)}).verdict, Verdict::ok);
}

TEST(DoctorChecks, TheDhtIsReachedByNodesOrByItsEntryPoints) {
  NetworkFindings found = public_network();
  EXPECT_EQ(check_dht(found).verdict, Verdict::problem);
  EXPECT_TRUE(check_dht(found).of_others);
  EXPECT_EQ(check_entry_points(found).verdict, Verdict::problem);
  found.entry_points["router:1"] = true;
  EXPECT_EQ(check_dht(found).verdict, Verdict::ok);
  EXPECT_EQ(check_entry_points(found).verdict, Verdict::ok);
  found.entry_points["router:1"] = false;
  found.status.dht_nodes = 40;
  EXPECT_EQ(check_dht(found).verdict, Verdict::ok);
  EXPECT_EQ(check_entry_points(found).verdict, Verdict::warning);
  found.status.dht = false;
  EXPECT_EQ(check_dht(found).verdict, Verdict::warning);
}

TEST(DoctorChecks, OurAnnouncementIsOursByAddressAndPort) {
  NetworkFindings found = public_network();
  EXPECT_FALSE(names_us(found.status, {"192.168.1.7:7001", "192.168.1.8:7000"}));
  EXPECT_TRUE(names_us(found.status, {"192.168.1.8:7000", "192.168.1.7:7000"}));
  found.status.external = {"203.0.113.5", "2001:db8::1"};
  found.status.mappings = {{"UPnP", "tcp", 17000, ""}};
  EXPECT_TRUE(names_us(found.status, {"203.0.113.5:17000"}));
  EXPECT_TRUE(names_us(found.status, {"[2001:db8::1]:7000"}));
  found.announce_seen = true;
  found.announced_addresses = {"192.168.1.7:7000"};
  EXPECT_EQ(check_announcement(found).verdict, Verdict::ok);
  found.announce_seen = false;
  EXPECT_EQ(check_announcement(found).verdict, Verdict::warning);
  found.announced_addresses.clear();
  EXPECT_EQ(check_announcement(found).verdict, Verdict::problem);
}

TEST(DoctorChecks, ARouterThatRefusesIsNamedAndSoIsThePort) {
  NetworkFindings found = public_network();
  EXPECT_EQ(check_reachability(found).verdict, Verdict::warning);
  EXPECT_NE(check_reachability(found).hint.find("port 7000"), std::string::npos);
  found.status.mappings = {{"UPnP", "", 0, "not authorized"}};
  EXPECT_NE(check_reachability(found).found.find("UPnP: not authorized"), std::string::npos);
  found.status.mappings.push_back({"NAT-PMP", "udp", 7000, ""});
  EXPECT_EQ(check_reachability(found).verdict, Verdict::ok);
  found.status.mappings.clear();
  found.status.peers_in = 1;
  EXPECT_EQ(check_reachability(found).verdict, Verdict::ok);
  found.status.peers_in = 0;
  found.status.private_network = true;
  EXPECT_EQ(check_reachability(found).verdict, Verdict::ok);
  EXPECT_EQ(check_incoming(found).verdict, Verdict::ok);
}

TEST(DoctorChecks, NobodyAndSomebodyWhoIsNoPeerAreToldApart) {
  NetworkFindings found = public_network();
  FeedFindings feed;
  feed.now = kNow;
  const auto nobody = check_peers(found, feed);
  EXPECT_EQ(nobody.verdict, Verdict::problem);
  EXPECT_NE(nobody.hint.find("is the id right"), std::string::npos);
  found.announced_addresses = {"198.51.100.1:1", "192.168.1.7:7000"};
  found.announce_seen = true;
  EXPECT_NE(check_peers(found, feed).found.find("1 address for this feed"), std::string::npos);
  feed.own = true;
  EXPECT_EQ(check_peers(found, feed).verdict, Verdict::warning);
  feed.own = false;
  found.peers = {peer_with_head(9, kNow)};
  EXPECT_EQ(check_peers(found, feed).verdict, Verdict::ok);
  found.peers.front().suspect = true;
  EXPECT_EQ(check_peers(found, feed).verdict, Verdict::warning);
}

TEST(DoctorChecks, AHeadThatIsBehindAndOneThatNobodyHasAreSaid) {
  NetworkFindings found = public_network();
  FeedFindings feed;
  feed.now = kNow;
  EXPECT_EQ(check_head(found, feed).verdict, Verdict::problem);
  found.peers = {peer_with_head(9, kNow)};
  EXPECT_EQ(check_head(found, feed).verdict, Verdict::ok);
  feed.head = peer_with_head(5, kNow - std::int64_t{7200} * 1000).head;
  const auto behind = check_head(found, feed);
  EXPECT_EQ(behind.verdict, Verdict::warning);
  EXPECT_NE(behind.found.find("5 blocks, signed 2 hours ago"), std::string::npos) << behind.found;
  EXPECT_NE(behind.found.find("9 blocks"), std::string::npos);
  feed.stored = found.peers.front().head;
  EXPECT_EQ(check_hint(found, feed).verdict, Verdict::ok);
  found.peers.clear();
  EXPECT_EQ(check_hint(found, feed).verdict, Verdict::warning);
  feed.forked = true;
  EXPECT_EQ(check_head(found, feed).verdict, Verdict::problem);
  feed.forked = false;
  feed.contradicted = true;
  EXPECT_NE(check_head(found, feed).found.find("contradicts itself"), std::string::npos);
}

TEST(DoctorChecks, AnOwnHeadThatTheDhtDoesNotHaveIsSaid) {
  const NetworkFindings found = public_network();
  FeedFindings feed;
  feed.now = kNow;
  EXPECT_EQ(check_hint(found, feed).verdict, Verdict::ok);
  feed.own = true;
  feed.head = peer_with_head(5, kNow).head;
  EXPECT_EQ(check_hint(found, feed).verdict, Verdict::warning);
  feed.stored = feed.head;
  EXPECT_EQ(check_hint(found, feed).verdict, Verdict::ok);
}

TEST(DoctorReport, AProblemOfThisMachineIsToldFromOneOfOthers) {
  DoctorReport report;
  EXPECT_EQ(report.worst(), Verdict::ok);
  report.checks.push_back({"dht", Verdict::problem, "", "", true});
  report.checks.push_back({"nat", Verdict::warning, "", "", false});
  EXPECT_EQ(report.worst(), Verdict::problem);
  EXPECT_FALSE(report.ours());
  report.checks.push_back({"disk", Verdict::problem, "", "", false});
  EXPECT_TRUE(report.ours());
}

}  // namespace
}  // namespace shoal::node
