#include "node/doctor/doctor_checks.h"

#include "node/api/host_port.h"
#include "node/doctor/doctor_text.h"
#include "node/network/network_options.h"
#include "node/runtime/library_versions.h"

#include <sys/stat.h>
#include <sys/statvfs.h>
#include <unistd.h>

#include <algorithm>

/// Checks of this machine and of the network; those of a feed are in doctor_feed_checks.cpp.
///
/// Each check is a function of what was found (NetworkFindings) and knows nothing of the other checks, so a test gives
/// it any findings. The verdict is `problem` only where the node cannot work: a DHT where nobody answers, no address
/// that listens. What also happens to a healthy node (no connection from others yet, an announcement that is not seen
/// yet) is a `warning`. Without that difference every new node behind a router would exit with a problem.
namespace shoal::node {
namespace {

constexpr std::uint64_t kMiB = std::uint64_t{1} << 20;
constexpr std::uint64_t kLittleRoom = 64 * kMiB;
constexpr std::uint64_t kSomeRoom = 1024 * kMiB;
/// 2025-01-01: before this software; a machine without a battery begins in 1970.
constexpr UnixMs kOldest{1735689600000};
constexpr std::int64_t kTolerated = 5 * 60 * 1000;

std::string host_of(const std::string& host_port) { return host_port.substr(0, host_port.rfind(':')); }

bool all_private(const std::vector<std::string>& addresses) {
  return std::all_of(addresses.begin(), addresses.end(), [](const auto& text) { return is_private_address(text); });
}

std::string dial_port(const swarm::NetworkStatus& status) {
  const auto port = status.listening.empty() ? std::nullopt : port_of(status.listening.front());
  return port ? std::to_string(*port) : "of this node";
}

}  // namespace

bool names_us(const swarm::NetworkStatus& status, const std::set<std::string>& addresses) {
  std::set<std::uint16_t> ports;
  for (const std::string& address : status.listening) {
    if (const auto port = port_of(address)) ports.insert(*port);
  }
  for (const swarm::PortMapping& mapping : status.mappings) {
    ports.insert(static_cast<std::uint16_t>(mapping.external_port));
  }
  std::set<std::string> hosts;
  for (const std::string& address : status.listening) hosts.insert(host_of(address));
  for (const std::string& address : status.external) {
    hosts.insert(address.find(':') == std::string::npos ? address : "[" + address + "]");
  }
  return std::any_of(addresses.begin(), addresses.end(), [&](const std::string& address) {
    const auto port = port_of(address);
    return port && ports.contains(*port) && hosts.contains(host_of(address));
  });
}

DoctorCheck check_versions() {
  std::string text = "shoal " SHOAL_VERSION;
  for (const LibraryVersion& library : library_versions()) text += ", " + library.name + " " + library.version;
  return {"version", Verdict::ok, text, "", false};
}

DoctorCheck check_directory(const Storage& storage) {
  const std::filesystem::path& path = storage.directory->path();
  const std::string found = path.string() + ", held by process " + std::to_string(getpid());
  struct stat info {};
  if (::stat(path.c_str(), &info) == 0 && (info.st_mode & 077) != 0) {
    return {"directory", Verdict::warning, found + "; others than its owner may look into it",
            "chmod 700 " + path.string(), false};
  }
  return {"directory", Verdict::ok, found, "", false};
}

DoctorCheck check_disk(const Storage& storage) {
  const std::filesystem::path& path = storage.directory->path();
  struct statvfs room {};
  if (::statvfs(path.c_str(), &room) != 0) {
    return {"disk", Verdict::problem, "the file system of " + path.string() + " does not answer", "", false};
  }
  const std::uint64_t free = std::uint64_t{room.f_bavail} * room.f_frsize;
  const std::string found = std::to_string(free / kMiB) + " MiB free; the directory takes " +
                            std::to_string(storage.directory->disk_bytes() / kMiB) + " MiB";
  const char* hint = "free some space, or bound what is kept: shoal mirror --max-size, shoal init --keep-size";
  for (const auto& store : {storage.own.get(), storage.mirrored.get()}) {
    if (const auto writable = store->check_writable(); !writable) {
      return {"disk", Verdict::problem, found + "; the store takes no writes: " + writable.error().message, hint,
              false};
    }
  }
  if (free < kLittleRoom) return {"disk", Verdict::problem, found, hint, false};
  if (free < kSomeRoom) return {"disk", Verdict::warning, found, hint, false};
  return {"disk", Verdict::ok, found, "", false};
}

DoctorCheck check_clock(UnixMs now, const std::vector<replication::PeerView>& peers) {
  const char* hint = "set the clock; heads are signed with it, and ages are counted with it";
  if (now < kOldest) {
    return {"clock", Verdict::problem,
            "this machine believes it is " + duration_text(kOldest.value() - now.value()) + " before 2025", hint,
            false};
  }
  std::optional<UnixMs> newest;
  for (const auto& peer : peers) {
    if (peer.head && (!newest || peer.head->time > *newest)) newest = peer.head->time;
  }
  if (newest && newest->value() - now.value() > kTolerated) {
    return {"clock", Verdict::problem,
            "peers have a head that the owner signed " + duration_text(newest->value() - now.value()) +
                " after this machine's time",
            std::string(hint) + "; or the owner's clock is ahead", false};
  }
  return {"clock", Verdict::ok, newest ? "agrees with the heads of peers" : "not before 2025; no peer to compare with",
          "", false};
}

DoctorCheck check_listening(const NetworkFindings& found) {
  const swarm::NetworkStatus& status = found.status;
  const std::string where = joined_texts(status.listening);
  if (status.listening.empty()) {
    return {"listening", Verdict::problem, "nobody can connect: no address listens", "choose another --listen", false};
  }
  if (!status.listen_problems.empty()) {
    return {"listening", Verdict::warning, where + "; not on " + joined_texts(status.listen_problems),
            "another process may have that port", false};
  }
  const bool local = all_private(status.listening) && !status.private_network;
  return {"listening", Verdict::ok, where + (local ? ", all private addresses" : ""), "", false};
}

DoctorCheck check_dht(const NetworkFindings& found) {
  const swarm::NetworkStatus& status = found.status;
  if (!status.dht) {
    return {"dht", Verdict::warning, "the DHT is not used: peers are found on the local network or by --peer only",
            "leave --no-dht out", false};
  }
  const std::string nodes = counted(status.dht_nodes, "node") + " in the routing table";
  const bool entered =
      std::any_of(found.entry_points.begin(), found.entry_points.end(), [](const auto& entry) { return entry.second; });
  if (status.dht_nodes > 0 || entered) return {"dht", Verdict::ok, "reachable, " + nodes, "", false};
  if (status.entry_points.empty()) {
    return {"dht", Verdict::warning, "a private network without an entry point: nobody is reached through the DHT",
            "name one with --bootstrap HOST:PORT; shoal bootstrap runs one", true};
  }
  return {"dht", Verdict::problem, "not reachable: nobody answers", "is there a network, and is UDP let through?",
          true};
}

DoctorCheck check_entry_points(const NetworkFindings& found) {
  std::vector<std::string> good;
  std::vector<std::string> silent;
  for (const std::string& entry : found.status.entry_points) {
    const auto answer = found.entry_points.find(entry);
    (answer != found.entry_points.end() && answer->second ? good : silent).push_back(entry);
  }
  if (silent.empty()) return {"bootstrap", Verdict::ok, joined_texts(good) + " answers", "", false};
  const std::string text = joined_texts(silent) + (silent.size() == 1 ? " does not answer" : " do not answer") +
                           (good.empty() ? "" : "; " + joined_texts(good) + " does");
  const bool others = !good.empty() || found.status.dht_nodes > 0;
  return {"bootstrap", others ? Verdict::warning : Verdict::problem, text,
          "is that node running (shoal bootstrap), and is UDP let through to it?", true};
}

DoctorCheck check_announcement(const NetworkFindings& found) {
  if (found.announce_seen) {
    const std::size_t more = found.announced_addresses.size() - 1;
    return {"announce", Verdict::ok,
            "the DHT names this node" + (more > 0 ? ", and " + std::to_string(more) + " more" : ""), "", false};
  }
  if (found.status.dht_nodes == 0 && found.announced_addresses.empty()) {
    return {"announce", Verdict::problem, "the DHT does not name this node: nobody answered", "see dht and bootstrap",
            true};
  }
  return {"announce", Verdict::warning,
          "the DHT names " + std::to_string(found.announced_addresses.size()) + " others, and not this node (yet)",
          "it can take a minute; behind NAT the address that others see may be another one", true};
}

DoctorCheck check_reachability(const NetworkFindings& found) {
  const swarm::NetworkStatus& status = found.status;
  const std::string seen = status.external.empty() ? "" : "others see " + joined_texts(status.external);
  std::vector<std::string> open;
  std::vector<std::string> refused;
  for (const swarm::PortMapping& mapping : status.mappings) {
    if (mapping.problem.empty()) {
      open.push_back(mapping.method + " opened " + mapping.protocol + " port " + std::to_string(mapping.external_port));
    } else {
      refused.push_back(mapping.method + ": " + mapping.problem);
    }
  }
  const auto with_seen = [&](const std::string& text) { return seen.empty() ? text : text + "; " + seen; };
  if (status.private_network) {
    return {"nat", Verdict::ok, with_seen("a private network: no router is asked to open a port"), "", false};
  }
  if (!open.empty()) return {"nat", Verdict::ok, with_seen(joined_texts(open)), "", false};
  if (status.peers_in > 0) return {"nat", Verdict::ok, with_seen("others connect to this node"), "", false};
  const std::string why = refused.empty() ? "no router answered UPnP or NAT-PMP" : joined_texts(refused);
  return {"nat", Verdict::warning, with_seen(why),
          "when this node is behind a router, forward TCP and UDP port " + dial_port(status) +
              " to it, or let a mirror with an open port serve",
          true};
}

DoctorCheck check_incoming(const NetworkFindings& found) {
  const swarm::NetworkStatus& status = found.status;
  const std::string text = counted(status.connections_in, "connection") + " from others, " +
                           std::to_string(status.peers_in) + " of them peers; " + counted(status.peers_out, "peer") +
                           " dialled";
  if (status.connections_in > 0 || status.private_network) return {"incoming", Verdict::ok, text, "", false};
  return {"incoming", Verdict::warning, text,
          "nobody has connected to this node since it started; it can take a while, see nat", true};
}

DoctorCheck check_feeds(const NetworkFindings& found) {
  const swarm::NetworkStatus& status = found.status;
  const std::string text = counted(status.feeds, "feed") + ", " + std::to_string(status.announced_feeds) +
                           " announced, " + std::to_string(status.lonely_feeds) + " without a peer";
  return {"feeds", Verdict::ok, text, "", false};
}

}  // namespace shoal::node
