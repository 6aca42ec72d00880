#pragma once

#include "feed/format/checkpoint.h"
#include "node/api/doctor_report.h"
#include "node/directory/storage.h"
#include "replication/peers/peer_view.h"
#include "swarm/network_status.h"

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

/// The verdicts of `shoal doctor`: each check says what was found, what it means, and what to do.
namespace shoal::node {

/// What the network answered.
struct NetworkFindings {
  swarm::NetworkStatus status;
  std::map<std::string, bool> entry_points;  ///< of the DHT: who answered; missing: not yet known
  bool asked_for_announcement = false;
  std::set<std::string> announced_addresses;  ///< who announces the feed, as the DHT says
  bool announce_seen = false;                 ///< we are among them
  std::vector<replication::PeerView> peers;   ///< of the feed that is asked about
};

/// What is known of the feed that is asked about.
struct FeedFindings {
  bool own = false;
  bool online = false;
  bool forked = false;
  bool contradicted = false;
  std::uint64_t held_blocks = 0;
  std::optional<feed::Checkpoint> head;    ///< newest verified
  std::optional<feed::Checkpoint> stored;  ///< newest that the DHT showed
  UnixMs now{0};
};

/// This node is one of `addresses`.
[[nodiscard]] bool names_us(const swarm::NetworkStatus& status, const std::set<std::string>& addresses);

[[nodiscard]] DoctorCheck check_versions();
[[nodiscard]] DoctorCheck check_directory(const Storage& storage);
[[nodiscard]] DoctorCheck check_disk(const Storage& storage);
/// Clocks decide nothing, but heads of the future say that this one is behind.
[[nodiscard]] DoctorCheck check_clock(UnixMs now, const std::vector<replication::PeerView>& peers);

[[nodiscard]] DoctorCheck check_listening(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_dht(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_entry_points(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_announcement(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_reachability(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_incoming(const NetworkFindings& found);
[[nodiscard]] DoctorCheck check_feeds(const NetworkFindings& found);

[[nodiscard]] DoctorCheck check_peers(const NetworkFindings& found, const FeedFindings& feed);
[[nodiscard]] DoctorCheck check_head(const NetworkFindings& found, const FeedFindings& feed);
[[nodiscard]] DoctorCheck check_hint(const NetworkFindings& found, const FeedFindings& feed);

}  // namespace shoal::node
