#include "replication/fetch/full_follower.h"

#include <algorithm>
#include <limits>

namespace shoal::replication {
namespace {

/// Average size in bytes below which rarest first does not pay for fetching headers ahead.
constexpr double kRareBlock = 8 << 10;
/// Least interval between two counts of holders.
constexpr base::MonoTime kCountEvery = std::chrono::milliseconds(500);
/// A busy peer is asked again after kBusyRetry; once peers were busy for kMissed, the want says Urgency::missed.
constexpr base::MonoTime kBusyRetry = std::chrono::milliseconds(250);
constexpr base::MonoTime kMissed = std::chrono::seconds(3);
constexpr std::uint64_t kNowhere = std::numeric_limits<std::uint64_t>::max();
/// Blocks of one want for headers alone.
constexpr std::uint64_t kHeaderPortion = 4096;

}  // namespace

FullFollower::FullFollower(ReplicatorCore& core, BlockFetcher& fetcher)
    : core_(core),
      fetcher_(fetcher),
      age_limit_(core),
      sharing_(core, fetcher, planner_, [this](PeerId id, const BlockRange& range) { return ask_help(id, range); }) {}

void FullFollower::start(const Follow& follow) {
  stop();
  follow_ = follow;
  active_ = true;
  planner_.start(follow.from);
  start_ = kNowhere;
  holders_stale_ = true;
  for (const BlockRange& run : core_.reader().held_payloads()) planner_.add_held(run.begin.value(), run.end.value());
  // Pruned payloads are not fetched again.
  for (const BlockRange& run : core_.reader().pruned_payloads()) planner_.add_held(run.begin.value(), run.end.value());
}

void FullFollower::stop() {
  active_ = false;
  fetcher_.cancel_all(Purpose::full);
  planner_.clear();
  header_planner_.clear();
  sharing_.clear();
  deferred_.clear();
  refused_since_.clear();
}

void FullFollower::defer(const FetchWant& want) {
  Peer* peer = core_.find(want.ask().peer);
  if (peer == nullptr) return;
  peer->lacking.add(want.ask().begin, want.ask().end);
  deferred_.push_back(
      {want.ask().peer, {BlockIndex{want.ask().begin}, BlockIndex{want.ask().end}}, core_.now() + kBusyRetry});
  refused_since_.try_emplace(want.ask().begin, core_.now());
}

void FullFollower::resume_deferred() {
  std::erase_if(deferred_, [&](const Deferred& one) {
    if (one.until > core_.now()) return false;
    if (Peer* peer = core_.find(one.peer)) peer->lacking.remove(one.range);
    return true;
  });
  std::erase_if(refused_since_, [&](const auto& one) { return planner_.held().contains(one.first); });
}

std::uint64_t FullFollower::goal(std::uint64_t tree_size) const {
  const std::uint64_t end = std::min(tree_size, core_.reader().fork_limit().value_or(tree_size));
  return follow_.live ? end : std::min(end, follow_.until);
}

RequestPlanner::Offer FullFollower::offer(const Peer& peer, std::uint64_t tree_size) {
  return {peer.have.complete, std::min(peer.head_size(), tree_size), &peer.held, &peer.lacking};
}

/// The head under which the peer can prove blocks to us; nullopt: none that we know.
std::optional<feed::Checkpoint> FullFollower::proof_with(const Peer& peer, const feed::Checkpoint& ours) const {
  if (!peer.view.head || !core_.may_ask(peer)) return std::nullopt;
  if (peer.head_size() >= ours.tree_size) return ours;
  // The peer is behind: its own head will do if it is known to be a prefix of ours.
  if (peer.view.head->epoch == ours.epoch && core_.mirror()->knows_edge(peer.head_size())) return peer.view.head;
  return std::nullopt;
}

/// A random rotation, so that peers with the same blocks share the work; peers that have given blocks come first, so
/// that a peer that only pretends to have some gets no more than its turn.
std::vector<PeerId> FullFollower::order_of_peers() {
  std::vector<PeerId> order;
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone) order.push_back(id);
  }
  if (order.empty()) return order;
  std::rotate(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(core_.fresh_id() % order.size()), order.end());
  std::stable_partition(order.begin(), order.end(), [&](PeerId id) { return core_.find(id)->view.blocks_in > 0; });
  return order;
}

void FullFollower::plan() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!active_ || !ours) return;
  resume_deferred();
  const base::MonoTime now = core_.now();
  std::vector<PeerId> ready = order_of_peers();
  const auto split =
      std::stable_partition(ready.begin(), ready.end(), [&](PeerId id) { return !core_.find(id)->slow(now); });
  const std::vector<PeerId> slow(split, ready.end());
  ready.erase(split, ready.end());
  if (follow_.order == FetchOrder::rarest) count_holders();
  all_rates_ = 0;
  for (const PeerId id : ready) all_rates_ += core_.find(id)->path.expected_rate(now);
  for (const PeerId id : ready) {
    const Peer& peer = *core_.find(id);
    const std::optional<feed::Checkpoint> proof = proof_with(peer, *ours);
    const std::size_t most = peer.stalls > 0 ? 1 : kPortionsPerPeer;
    while (proof && fetcher_.outstanding(id, Purpose::full) < most &&
           (plan_headers(id, peer, *proof) || plan_for(id, offer(peer, proof->tree_size), *proof))) {
    }
  }
  plan_slow(slow, ready, *ours);
  sharing_.share(ready, follow_.order);
}

void FullFollower::count_holders() {
  if (!holders_stale_ || core_.now() - counted_at_ < kCountEvery) return;
  holders_stale_ = false;
  counted_at_ = core_.now();
  holders_.clear();
  all_hold_all_ = true;
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone) continue;
    if (peer->have.complete) {
      holders_.add_holder({{BlockIndex{0}, BlockIndex{peer->head_size()}}});
    } else {
      holders_.add_holder(peer->held.runs());
      all_hold_all_ = false;
    }
  }
  holders_.build();
}

std::optional<BlockRange> FullFollower::next(const RequestPlanner::Offer& offer, std::uint64_t to,
                                             std::uint64_t blocks) {
  if (!by_rarity()) return planner_.next(offer, to, blocks);
  const std::uint64_t provable = std::min(to, core_.reader().header_prefix());
  auto run = planner_.rarest(offer, provable, blocks, holders_, start_);
  if (run && run->begin.value() != start_) {
    // Jump to a random start at first, and where another node's blocks have arrived: two nodes that go on from the same
    // place would request the same blocks from then on.
    start_ = follow_.from + core_.fresh_id() % std::max<std::uint64_t>(provable - std::min(provable, follow_.from), 1);
    run = planner_.rarest(offer, provable, blocks, holders_, start_);
  }
  if (!run) return planner_.next(offer, to, blocks);
  start_ = run->end.value();
  return run;
}

bool FullFollower::by_rarity() const {
  const bool bounded = follow_.oldest && follow_.oldest() > kNoTime;
  return follow_.order == FetchOrder::rarest && !all_hold_all_ && !bounded && planner_.bytes_per_block() >= kRareBlock;
}

bool FullFollower::plan_headers(PeerId id, const Peer& peer, const feed::Checkpoint& proof) {
  if (!by_rarity() || !peer.have.complete) return false;
  header_planner_.start(core_.reader().header_prefix());
  const auto range = header_planner_.next(offer(peer, proof.tree_size), goal(proof.tree_size), kHeaderPortion);
  const std::uint64_t want = range ? ask(id, *range, proof, true) : 0;
  if (want == 0) return false;
  header_planner_.assign(*range);
  header_wants_.insert(want);
  return true;
}

void FullFollower::plan_slow(const std::vector<PeerId>& slow, const std::vector<PeerId>& ready,
                             const feed::Checkpoint& ours) {
  if (slow.empty() || planner_.complete(goal(ours.tree_size))) return;
  RangeSet elsewhere;
  for (const PeerId id : ready) {
    const Peer& peer = *core_.find(id);
    if (peer.have.complete) elsewhere.add(0, peer.head_size());
    for (const BlockRange& run : peer.have.ranges) elsewhere.add(run);
    for (const BlockRange& run : peer.lacking.runs()) elsewhere.remove(run);
  }
  for (const PeerId id : slow) {
    const Peer& peer = *core_.find(id);
    const std::optional<feed::Checkpoint> proof = proof_with(peer, ours);
    if (!proof || fetcher_.outstanding(id, Purpose::full) > 0) continue;
    RangeSet not_from_it = elsewhere;
    for (const BlockRange& run : peer.lacking.runs()) not_from_it.add(run);
    RequestPlanner::Offer only_there = offer(peer, proof->tree_size);
    only_there.lacking = &not_from_it;
    plan_for(id, only_there, *proof);
  }
}

std::uint64_t FullFollower::portion_bytes(const Peer& peer, const feed::Checkpoint& ours) const {
  const std::uint64_t steady = peer.portion_bytes(core_.now());
  if (planner_.bytes_per_block() <= 0 || all_rates_ <= 0) return steady;
  const double to_go = static_cast<double>(planner_.missing(goal(ours.tree_size))) * planner_.bytes_per_block();
  const double fair = to_go * peer.path.expected_rate(core_.now()) / all_rates_ / kPortionsToGo;
  return std::max(kMinPortionBytes, std::min(steady, static_cast<std::uint64_t>(fair)));
}

bool FullFollower::plan_for(PeerId id, const RequestPlanner::Offer& offer, const feed::Checkpoint& proof) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  std::uint64_t to = goal(proof.tree_size);
  if (const FetchWant* push = fetcher_.bringing(ours->tree_size)) to = std::min(to, push->front());
  const UnixMs oldest = follow_.oldest ? follow_.oldest() : kNoTime;
  const bool bounded = oldest > kNoTime;
  const std::uint64_t portion = planner_.portion(portion_bytes(*core_.find(id), *ours));
  const std::uint64_t look = bounded ? std::max(portion, kHeaderPortion) : portion;
  // Old blocks are pruned from the oldest on.
  auto range = bounded ? planner_.next(offer, to, look) : next(offer, to, portion);
  bool headers_only = false;
  while (bounded && range) {
    if (const auto step = age_limit_.next_step(*range, oldest, planner_)) {
      range = step->range;
      headers_only = step->headers_only;
      if (!headers_only) range->end = std::min(range->end, range->begin + portion);
      break;
    }
    range = planner_.next(offer, to, look);
  }
  if (!range || ask(id, *range, proof, headers_only) == 0) return false;
  planner_.assign(*range);
  return true;
}

std::uint64_t FullFollower::ask(PeerId id, const BlockRange& range, const feed::Checkpoint& proof, bool headers_only) {
  FetchWant::Ask ask;
  ask.headers_only = headers_only;
  ask.peer = id;
  ask.purpose = Purpose::full;
  ask.proof = proof;
  ask.base = std::min(core_.reader().header_prefix(), range.begin.value());
  ask.begin = range.begin.value();
  ask.end = range.end.value();
  const auto refused = refused_since_.find(ask.begin);
  if (refused != refused_since_.end() && core_.now() - refused->second > kMissed) ask.urgency = Urgency::missed;
  if (only_peer(id)) ask.urgency = Urgency::alone;
  return fetcher_.ask(std::move(ask));
}

std::uint64_t FullFollower::ask_help(PeerId id, const BlockRange& range) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const std::optional<feed::Checkpoint> proof = ours ? proof_with(*core_.find(id), *ours) : std::nullopt;
  return proof && range.end.value() <= proof->tree_size ? ask(id, range, *proof) : 0;
}

void FullFollower::on_run(const Data& run) {
  std::uint64_t bytes = 0;
  // Headers alone say nothing about the size of the blocks to come.
  const bool whole = std::any_of(run.blocks.begin(), run.blocks.end(),
                                 [](const DataBlock& block) { return block.form != PayloadForm::absent; });
  if (!whole) return;
  for (const DataBlock& block : run.blocks) {
    bytes += BlockFetcher::bytes_of(block);
    const std::uint64_t index = block.index.value();
    // A payload that every connected holder pruned is not waited for; its header is here.
    const bool gone = block.form == PayloadForm::pruned && !anybody_has(index);
    if (block.form == PayloadForm::with_block || gone) planner_.add_held(index, index + 1);
  }
  planner_.measured(run.blocks.size(), bytes);
  sharing_.on_blocks();
}

void FullFollower::on_payload(BlockIndex block) {
  planner_.add_held(block.value(), block.value() + 1);
  sharing_.on_blocks();
}

void FullFollower::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  if (reason == EndReason::busy) defer(want);
  if (reason == EndReason::done) {
    if (Peer* peer = core_.find(want.ask().peer)) peer->stalls = 0;
  }
  sharing_.on_end(want);
  const BlockRange range{BlockIndex{want.ask().begin}, BlockIndex{want.ask().end}};
  if (header_wants_.erase(want.id()) > 0) return header_planner_.release(range);
  planner_.release(range);
  // Parts of the range may be assigned to other wants.
  for (const FetchWant* other : fetcher_.unfinished(Purpose::full)) {
    if (header_wants_.contains(other->id())) continue;
    planner_.assign({BlockIndex{other->ask().begin}, BlockIndex{other->ask().end}});
  }
}

/// Whether no other peer could be asked, now or soon.
bool FullFollower::only_peer(PeerId id) const {
  return std::all_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    return item.first == id || item.second->gone || item.second->suspect || !item.second->view.head;
  });
}

bool FullFollower::anybody_has(std::uint64_t block) const {
  return std::any_of(core_.peers().begin(), core_.peers().end(),
                     [&](const auto& item) { return !item.second->gone && item.second->may_give(block); });
}

bool FullFollower::has_alternative(const FetchWant& want) const {
  const base::MonoTime now = core_.now();
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != want.ask().peer && !peer.gone && !peer.slow(now) && peer.may_give(want.front());
  });
}

bool FullFollower::complete(const feed::Checkpoint& head) const { return planner_.complete(goal(head.tree_size)); }

}  // namespace shoal::replication
