#include "node/doctor/doctor.h"

#include "node/api/deadline.h"
#include "node/doctor/doctor_checks.h"
#include "replication/session/session.h"

#include <algorithm>
#include <chrono>
#include <cstdint>

namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

/// The swarm reports no event for an answer of the DHT or of a router, so its state is read again after this time.
constexpr std::chrono::milliseconds kReadAgain{50};
/// The DHT is asked again after this, as an announcement takes a moment and questions get lost.
constexpr std::chrono::milliseconds kAskAgain{1000};
/// A peer that was just met gets this long to announce its first head.
constexpr std::chrono::milliseconds kFirstHead{500};

std::vector<replication::PeerView> peers_of(FeedHost& host) {
  std::vector<replication::PeerView> peers;
  if (host.online()) std::ignore = host.run([&] { peers = host.replicator().peers(); });
  return peers;
}

/// The feed whose announcement is looked up: the one asked about, or any.
const FeedHost* example(const DoctorContext& context) {
  if (context.feed) return context.feed.get();
  return context.feeds.empty() ? nullptr : context.feeds.front().get();
}

/// Asks the network, and keeps what it answered.
class Questions {
 public:
  explicit Questions(const DoctorContext& context) : context_(&context), example_(example(context)) {}

  void ask() {
    now_.status = context_->swarm->status();
    ask_again();
  }

  /// Waits until everything is answered well, `deadline`, the stop, or the end of the feed.
  void wait(SteadyClock::time_point deadline, const std::stop_token& stop) {
    const FeedNews no_news;
    const FeedNews& news = context_->feed ? context_->feed->news() : no_news;
    auto again = SteadyClock::now() + kAskAgain;
    for (;;) {
      const std::uint64_t version = news.version();
      read_answers();
      const auto now = SteadyClock::now();
      if (answered() || now >= deadline || stop.stop_requested() || news.closed()) return;
      if (now >= again) {
        again = now + kAskAgain;
        ask_again();
      }
      news.wait_change(version, std::min(deadline, now + kReadAgain), stop);
    }
  }

  [[nodiscard]] const NetworkFindings& findings() const { return now_; }

 private:
  /// Questions that were asked before the DHT was up are lost.
  void ask_again() {
    if (!now_.status.dht) return;
    for (const std::string& entry : now_.status.entry_points) {
      if (!now_.entry_points[entry]) context_->swarm->ping_dht(entry);
    }
    if (example_ != nullptr && !now_.announce_seen) {
      context_->swarm->look_up(replication::discovery_key(example_->id()));
    }
    if (context_->feed && context_->discovery) context_->discovery->ask_hint(context_->feed->id());
  }

  void read_answers() {
    now_.status = context_->swarm->status();
    for (const std::string& entry : now_.status.entry_points) {
      if (const auto answer = context_->swarm->dht_answered(entry)) now_.entry_points[entry] = *answer;
    }
    if (example_ != nullptr && now_.status.dht) {
      now_.asked_for_announcement = true;
      const auto found = context_->swarm->looked_up(replication::discovery_key(example_->id()));
      now_.announced_addresses.insert(found.begin(), found.end());
      now_.announce_seen = names_us(now_.status, now_.announced_addresses);
    }
    if (!context_->feed) return;
    now_.peers = peers_of(*context_->feed);
    const bool heads =
        std::all_of(now_.peers.begin(), now_.peers.end(), [](const auto& peer) { return peer.answered; });
    const auto now = SteadyClock::now();
    if (now_.peers.empty()) {
      met_.reset();
    } else if (!met_) {
      met_ = now;
    }
    peers_answered_ = met_ && (heads || now - *met_ > kFirstHead);
  }

  [[nodiscard]] bool answered() const {
    // An own feed may well have no reader.
    if (context_->feed && !context_->feed->own() && !peers_answered_) return false;
    if (!now_.status.dht) return true;
    const bool all =
        std::all_of(now_.entry_points.begin(), now_.entry_points.end(), [](const auto& entry) { return entry.second; });
    return all && (example_ == nullptr || now_.announce_seen);
  }

  const DoctorContext* context_;
  const FeedHost* example_;
  NetworkFindings now_;
  std::optional<SteadyClock::time_point> met_;
  bool peers_answered_ = false;
};

void check_network(const DoctorContext& context, const NetworkFindings& found, DoctorReport& report) {
  report.checks.push_back(check_listening(found));
  report.checks.push_back(check_dht(found));
  if (!found.status.entry_points.empty() && found.status.dht) report.checks.push_back(check_entry_points(found));
  if (found.asked_for_announcement) report.checks.push_back(check_announcement(found));
  report.checks.push_back(check_reachability(found));
  report.checks.push_back(check_incoming(found));
  if (!context.feed) report.checks.push_back(check_feeds(found));
}

}  // namespace

DoctorReport run_doctor(const DoctorContext& context, const Wait& wait) {
  DoctorReport report;
  report.checks.push_back(check_versions());
  report.checks.push_back(check_directory(*context.storage));
  report.checks.push_back(check_disk(*context.storage));
  NetworkFindings found;
  if (context.swarm) {
    Questions questions(context);
    questions.ask();
    questions.wait(deadline_of(wait), wait.stop);
    found = questions.findings();
  }
  report.checks.push_back(check_clock(context.clock->wall_now(), found.peers));
  if (context.swarm) {
    check_network(context, found, report);
  } else {
    report.checks.push_back({"network", Verdict::warning, "no network is used", "leave --offline out", false});
  }
  if (!context.feed) return report;
  FeedFindings feed;
  feed.own = context.feed->own();
  feed.online = context.swarm != nullptr;
  feed.head = context.feed->reader().head();
  feed.held_blocks = context.feed->reader().held_payload_count();
  feed.forked = context.feed->reader().fork_proof().has_value();
  feed.contradicted = context.feed->reader().contradicted();
  if (context.discovery) feed.stored = context.discovery->stored(context.feed->id());
  feed.now = context.clock->wall_now();
  if (context.swarm) report.checks.push_back(check_peers(found, feed));
  report.checks.push_back(check_head(found, feed));
  if (found.status.dht) report.checks.push_back(check_hint(found, feed));
  return report;
}

}  // namespace shoal::node
