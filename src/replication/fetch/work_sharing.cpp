#include "replication/fetch/work_sharing.h"

#include <algorithm>
#include <iterator>

namespace shoal::replication {
namespace {

/// The oldest missing block is late when its peer needs longer than this, in seconds.
constexpr double kLateSeconds = 2;

}  // namespace

std::vector<Outstanding> WorkSharing::outstanding() const {
  std::map<PeerId, double> owed;
  const std::vector<const FetchWant*> wants = fetcher_.unfinished(Purpose::full);
  for (const FetchWant* want : wants) {
    owed[want->ask().peer] += static_cast<double>(want->ask().end - want->next()) * planner_.bytes_per_block() +
                              static_cast<double>(want->missing_of_pieces());
  }
  std::vector<Outstanding> out;
  for (const FetchWant* want : wants) {
    const auto peer = core_.peers().find(want->ask().peer);
    if (peer == core_.peers().end() || want->ask().headers_only) continue;
    Outstanding one;
    one.want = want->id();
    one.peer = want->ask().peer;
    one.rest = {BlockIndex{want->front()}, BlockIndex{want->ask().end}};
    one.seconds_left = owed[one.peer] / peer->second->counted_rate(core_.now());
    one.bytes_per_block = planner_.bytes_per_block();
    one.shared = std::any_of(help_.begin(), help_.end(),
                             [&](const auto& item) { return item.first == one.want || item.second == one.want; });
    out.push_back(one);
  }
  return out;
}

void WorkSharing::share(const std::vector<PeerId>& ready, FetchOrder order) {
  const base::MonoTime now = core_.now();
  if (now - shared_at_ < kShareEvery || planner_.bytes_per_block() <= 0) return;
  shared_at_ = now;
  std::vector<Outstanding> all = outstanding();
  if (all.empty()) return;
  if (order == FetchOrder::feed) hasten_oldest(all, ready);
  for (const PeerId id : ready) {
    const Peer& peer = *core_.find(id);
    if (fetcher_.outstanding(id, Purpose::full) >= kPortionsPerPeer) continue;
    if (help(all, id, peer.counted_rate(now))) all = outstanding();
  }
}

bool WorkSharing::help(const std::vector<Outstanding>& all, PeerId id, double rate) {
  const Peer& peer = *core_.find(id);
  std::vector<Outstanding> askable;
  std::copy_if(all.begin(), all.end(), std::back_inserter(askable), [&](const Outstanding& one) {
    return one.rest.begin < one.rest.end && peer.may_give(one.rest.begin.value()) &&
           peer.may_give(one.rest.end.value() - 1);
  });
  const auto part = pick_duplicate(askable, {id, rate, peer.path.round_trip()});
  const std::uint64_t want = part ? ask_(id, part->part) : 0;
  if (want != 0) help_[want] = part->want;
  return want != 0;
}

void WorkSharing::hasten_oldest(const std::vector<Outstanding>& all, const std::vector<PeerId>& ready) {
  const auto oldest = std::min_element(
      all.begin(), all.end(), [](const Outstanding& a, const Outstanding& b) { return a.rest.begin < b.rest.begin; });
  if (oldest->shared || oldest->seconds_left < kLateSeconds) return;
  const base::MonoTime now = core_.now();
  std::optional<PeerId> best;
  double best_rate = 0;
  for (const PeerId id : ready) {
    const Peer& peer = *core_.find(id);
    if (id == oldest->peer || !peer.may_give(oldest->rest.begin.value())) continue;
    const double rate = peer.counted_rate(now);
    if (rate <= best_rate) continue;
    best = id;
    best_rate = rate;
  }
  // Its own portions take their share of its rate.
  if (best) help({*oldest}, *best, best_rate / (kPortionsPerPeer + 1));
}

void WorkSharing::on_blocks() {
  if (help_.empty()) return;
  std::vector<std::uint64_t> overtaken;
  for (const auto& [helper, helped] : help_) {
    const FetchWant* help = fetcher_.find(helper);
    for (const std::uint64_t id : {helper, helped}) {
      const FetchWant* want = fetcher_.find(id);
      if (want == nullptr || want->finished()) continue;
      // The helped want has reached the block from which the helper goes on.
      const bool met = id == helped && help != nullptr && help->begun() && want->front() >= help->ask().begin &&
                       help->ask().begin > want->ask().begin;
      if (met || planner_.held().contains(want->front(), want->ask().end)) overtaken.push_back(id);
    }
  }
  for (const std::uint64_t id : overtaken) fetcher_.cancel(id);
}

void WorkSharing::on_end(const FetchWant& want) {
  std::erase_if(help_, [&](const auto& item) { return item.first == want.id() || item.second == want.id(); });
}

}  // namespace shoal::replication
