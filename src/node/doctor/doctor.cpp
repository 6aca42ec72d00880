#include "node/doctor/doctor.h"

#include "node/api/deadline.h"
#include "node/doctor/doctor_checks.h"
#include "replication/session/session.h"

#include <algorithm>
#include <thread>

namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

constexpr std::chrono::milliseconds kLook{50};
/// An announcement, and the answer to a question, take a moment: the DHT is asked again so often.
constexpr std::chrono::milliseconds kAskAgain{1000};
/// Time for the first head of a peer that was just met.
constexpr std::chrono::milliseconds kFirstHead{500};

std::vector<replication::PeerView> peers_of(FeedHost& host) {
  std::vector<replication::PeerView> peers;
  if (host.online()) std::ignore = host.run([&] { peers = host.replicator().peers(); });
  return peers;
}

/// The feed whose announcement is looked for: the one asked about, or any.
const FeedHost* example(const DoctorParts& parts) {
  if (parts.feed) return parts.feed.get();
  return parts.feeds.empty() ? nullptr : parts.feeds.front().get();
}

/// Asks the network, and keeps what came of it.
class Questions {
 public:
  explicit Questions(const DoctorParts& parts) : parts_(&parts), example_(example(parts)) {}

  void ask() {
    now_.status = parts_->swarm->status();
    ask_again();
  }

  /// Until everything is answered well, or `deadline`.
  void wait(SteadyClock::time_point deadline, const std::stop_token& stop) {
    auto again = SteadyClock::now() + kAskAgain;
    for (;;) {
      look();
      const auto now = SteadyClock::now();
      if (settled() || now >= deadline || stop.stop_requested()) return;
      if (now >= again) {
        again = now + kAskAgain;
        ask_again();
      }
      std::this_thread::sleep_for(kLook);
    }
  }

  [[nodiscard]] const NetworkFindings& findings() const { return now_; }

 private:
  /// What was asked before the DHT is up is lost.
  void ask_again() {
    if (!now_.status.dht) return;
    for (const std::string& entry : now_.status.entry_points) {
      if (!now_.entry_points[entry]) parts_->swarm->ping_dht(entry);
    }
    if (example_ != nullptr && !now_.announce_seen) {
      parts_->swarm->look_up(replication::discovery_key(example_->id()));
    }
    if (parts_->feed && parts_->discovery) parts_->discovery->ask_hint(parts_->feed->id());
  }

  void look() {
    now_.status = parts_->swarm->status();
    for (const std::string& entry : now_.status.entry_points) {
      if (const auto answer = parts_->swarm->dht_answered(entry)) now_.entry_points[entry] = *answer;
    }
    if (example_ != nullptr && now_.status.dht) {
      now_.asked_for_announcement = true;
      const auto found = parts_->swarm->looked_up(replication::discovery_key(example_->id()));
      now_.announced_addresses.insert(found.begin(), found.end());
      now_.announce_seen = names_us(now_.status, now_.announced_addresses);
    }
    if (!parts_->feed) return;
    now_.peers = peers_of(*parts_->feed);
    const bool heads =
        std::all_of(now_.peers.begin(), now_.peers.end(), [](const auto& peer) { return peer.answered; });
    const auto now = SteadyClock::now();
    if (now_.peers.empty()) {
      met_.reset();
    } else if (!met_) {
      met_ = now;
    }
    peers_settled_ = met_ && (heads || now - *met_ > kFirstHead);
  }

  [[nodiscard]] bool settled() const {
    // An own feed may well have no reader.
    if (parts_->feed && !parts_->feed->own() && !peers_settled_) return false;
    if (!now_.status.dht) return true;
    const bool all =
        std::all_of(now_.entry_points.begin(), now_.entry_points.end(), [](const auto& entry) { return entry.second; });
    return all && (example_ == nullptr || now_.announce_seen);
  }

  const DoctorParts* parts_;
  const FeedHost* example_;
  NetworkFindings now_;
  std::optional<SteadyClock::time_point> met_;
  bool peers_settled_ = false;
};

void check_network(const DoctorParts& parts, const NetworkFindings& found, DoctorReport& report) {
  report.checks.push_back(check_listening(found));
  report.checks.push_back(check_dht(found));
  if (!found.status.entry_points.empty() && found.status.dht) report.checks.push_back(check_entry_points(found));
  if (found.asked_for_announcement) report.checks.push_back(check_announcement(found));
  report.checks.push_back(check_reachability(found));
  report.checks.push_back(check_incoming(found));
  if (!parts.feed) report.checks.push_back(check_feeds(found));
}

}  // namespace

DoctorReport run_doctor(const DoctorParts& parts, const Wait& wait) {
  DoctorReport report;
  report.checks.push_back(check_versions());
  report.checks.push_back(check_directory(*parts.storage));
  report.checks.push_back(check_disk(*parts.storage));
  NetworkFindings found;
  if (parts.swarm) {
    Questions questions(parts);
    questions.ask();
    questions.wait(deadline_of(wait), wait.stop);
    found = questions.findings();
  }
  report.checks.push_back(check_clock(parts.clock->wall_now(), found.peers));
  if (parts.swarm) {
    check_network(parts, found, report);
  } else {
    report.checks.push_back({"network", Verdict::warning, "no network is used", "leave --offline out", false});
  }
  if (!parts.feed) return report;
  FeedFindings feed;
  feed.own = parts.feed->own();
  feed.online = parts.swarm != nullptr;
  feed.head = parts.feed->reader().head();
  feed.held_blocks = parts.feed->reader().held_payload_count();
  feed.forked = parts.feed->reader().fork_proof().has_value();
  if (parts.discovery) feed.stored = parts.discovery->stored(parts.feed->id());
  feed.now = parts.clock->wall_now();
  if (parts.swarm) report.checks.push_back(check_peers(found, feed));
  report.checks.push_back(check_head(found, feed));
  if (found.status.dht) report.checks.push_back(check_hint(found, feed));
  return report;
}

}  // namespace shoal::node
