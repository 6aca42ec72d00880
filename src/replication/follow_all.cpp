#include "replication/follow_all.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr std::size_t kPortionsPerPeer = 2;
constexpr std::uint64_t kPortionBytes = std::uint64_t{1} << 20;
/// A busy peer is asked again after this, and told after that that nobody else had it all the time.
constexpr base::MonoTime kBusyRetry = std::chrono::milliseconds(250);
constexpr base::MonoTime kMissed = std::chrono::seconds(3);
/// Headers alone are small.
constexpr std::uint64_t kHeaderPortion = 4096;

}  // namespace

void FollowAll::start(const Follow& follow) {
  stop();
  follow_ = follow;
  active_ = true;
  planner_.start(follow.from);
  for (const BlockRange& run : core_.reader().held_payloads()) planner_.add_held(run.begin.value(), run.end.value());
  // What was dropped here is not fetched again.
  for (const BlockRange& run : core_.reader().pruned_payloads()) planner_.add_held(run.begin.value(), run.end.value());
}

void FollowAll::stop() {
  active_ = false;
  fetcher_.cancel_all(Purpose::portion);
  planner_.clear();
  deferred_.clear();
  refused_since_.clear();
}

void FollowAll::defer(const FetchWant& want) {
  Peer* peer = core_.find(want.ask().peer);
  if (peer == nullptr) return;
  peer->lacking.add(want.ask().begin, want.ask().end);
  deferred_.push_back(
      {want.ask().peer, {BlockIndex{want.ask().begin}, BlockIndex{want.ask().end}}, core_.now() + kBusyRetry});
  refused_since_.try_emplace(want.ask().begin, core_.now());
}

void FollowAll::resume_deferred() {
  std::erase_if(deferred_, [&](const Deferred& one) {
    if (one.until > core_.now()) return false;
    if (Peer* peer = core_.find(one.peer)) peer->lacking.remove(one.range.begin.value(), one.range.end.value());
    return true;
  });
  std::erase_if(refused_since_, [&](const auto& one) { return planner_.held().contains(one.first); });
}

std::uint64_t FollowAll::goal(std::uint64_t tree_size) const {
  const std::uint64_t end = std::min(tree_size, core_.reader().fork_limit().value_or(tree_size));
  return follow_.live ? end : std::min(end, follow_.until);
}

RequestPlanner::Offer FollowAll::offer(const Peer& peer, std::uint64_t tree_size) {
  return {peer.have.complete, std::min(peer.head_size(), tree_size), &peer.held, &peer.lacking};
}

/// The head under which the peer can prove blocks to us.
std::optional<feed::Checkpoint> FollowAll::proof_with(const Peer& peer, const feed::Checkpoint& ours) const {
  if (!peer.view.head || !core_.may_ask(peer)) return std::nullopt;
  if (peer.head_size() >= ours.tree_size) return ours;
  // It is behind: its own head serves once it is known to be a prefix of ours.
  if (peer.view.head->epoch == ours.epoch && core_.mirror()->knows_edge(peer.head_size())) return peer.view.head;
  return std::nullopt;
}

void FollowAll::plan() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!active_ || !ours) return;
  resume_deferred();
  const base::MonoTime now = core_.now();
  // Peers that stalled are asked only for what is left when all others have their share.
  // Not always the same peer first: those that have the same share the work.
  std::vector<PeerId> order;
  for (const auto& [id, peer] : core_.peers()) order.push_back(id);
  if (!order.empty()) {
    const auto first = static_cast<std::ptrdiff_t>(core_.fresh_id() % order.size());
    std::rotate(order.begin(), order.begin() + first, order.end());
    // First those that have given something before: they are no pretenders.
    std::stable_partition(order.begin(), order.end(), [&](PeerId id) {
      const Peer* peer = core_.find(id);
      return peer != nullptr && peer->view.blocks_in > 0;
    });
  }
  for (const bool slow : {false, true}) {
    for (const PeerId id : order) {
      const Peer* peer = core_.find(id);
      if (peer == nullptr || (peer->slow_until > now) != slow) continue;
      while (fetcher_.outstanding(id, Purpose::portion) < kPortionsPerPeer && plan_for(id, *peer, *ours)) {
      }
    }
  }
}

bool FollowAll::plan_for(PeerId id, const Peer& peer, const feed::Checkpoint& ours) {
  const std::optional<feed::Checkpoint> proof = proof_with(peer, ours);
  if (!proof) return false;
  std::uint64_t to = goal(proof->tree_size);
  if (const FetchWant* push = fetcher_.bringing(ours.tree_size)) to = std::min(to, push->front());
  const UnixMs oldest = follow_.oldest ? follow_.oldest() : kNoTime;
  const bool bounded = oldest > kNoTime;
  const std::uint64_t portion = planner_.portion(kPortionBytes);
  auto range = planner_.next(offer(peer, proof->tree_size), to, bounded ? std::max(portion, kHeaderPortion) : portion);
  bool headers_only = false;
  while (bounded && range) {
    if (const auto step = step_of(*range, oldest)) {
      range = step->range;
      headers_only = step->headers_only;
      if (!headers_only) range->end = std::min(range->end, range->begin + portion);
      break;
    }
    range = planner_.next(offer(peer, proof->tree_size), to, std::max(portion, kHeaderPortion));
  }
  if (!range) return false;
  FetchWant::Ask ask;
  ask.headers_only = headers_only;
  ask.peer = id;
  ask.purpose = Purpose::portion;
  ask.proof = *proof;
  ask.base = std::min(core_.reader().header_prefix(), range->begin.value());
  ask.begin = range->begin.value();
  ask.end = range->end.value();
  ask.window = core_.options().credit_bytes / kPortionsPerPeer;
  const auto refused = refused_since_.find(ask.begin);
  if (refused != refused_since_.end() && core_.now() - refused->second > kMissed) ask.urgency = Urgency::missed;
  if (only_peer(id)) ask.urgency = Urgency::alone;
  if (fetcher_.ask(std::move(ask)) == 0) return false;
  planner_.assign(*range);
  return true;
}

std::optional<feed::BlockHeader> FollowAll::held_header(std::uint64_t block) const {
  Result<feed::BlockHeader> header = core_.reader().header(BlockIndex{block});
  return header ? std::optional<feed::BlockHeader>(*std::move(header)) : std::nullopt;
}

std::optional<FollowAll::Step> FollowAll::step_of(const BlockRange& missing, UnixMs oldest) {
  if (pass_over_old(missing, oldest)) return std::nullopt;
  if (const auto first = held_header(missing.begin.value())) {
    // A manifest is always wanted, however old: topics cannot be followed without it. What follows it may be too old.
    const bool recent = first->append_time >= oldest;
    return Step{recent ? missing : BlockRange{missing.begin, missing.begin + 1}, false};
  }
  // Blocks are appended one after the other: behind one that is recent all are.
  if (missing.begin.value() > 0) {
    const auto before = held_header(missing.begin.value() - 1);
    if (before && before->append_time >= oldest) return Step{missing, false};
  }
  return Step{missing, true};
}

bool FollowAll::pass_over_old(const BlockRange& missing, UnixMs oldest) {
  std::vector<BlockIndex> old;
  for (BlockIndex block = missing.begin; block < missing.end; block = block + 1) {
    const auto header = held_header(block.value());
    if (!header || header->append_time >= oldest || header->is(feed::BlockKind::manifest)) break;
    old.push_back(block);
  }
  if (old.empty()) return false;
  if (const auto pruned = core_.mirror()->prune(old); !pruned) {
    core_.log(base::LogLevel::error, pruned.error().message);
    return false;
  }
  planner_.add_held(old.front().value(), old.back().value() + 1);
  return true;
}

void FollowAll::on_run(const Data& run) {
  std::uint64_t bytes = 0;
  // Headers alone say nothing of how large blocks are on their way.
  const bool whole = std::any_of(run.blocks.begin(), run.blocks.end(),
                                 [](const DataBlock& block) { return block.form != PayloadForm::absent; });
  if (!whole) return;
  for (const DataBlock& block : run.blocks) {
    bytes += block.header.size() + block.payload.size();
    const std::uint64_t index = block.index.value();
    // What every connected holder pruned is not waited for; its header is here.
    const bool gone = block.form == PayloadForm::pruned && !anybody_has(index);
    if (block.form == PayloadForm::with_block || gone) planner_.add_held(index, index + 1);
  }
  planner_.measured(run.blocks.size(), bytes);
}

void FollowAll::on_payload(BlockIndex block) {
  planner_.add_held(block.value(), block.value() + 1);
  if (const Result<feed::BlockHeader> header = core_.reader().header(block)) planner_.measured(0, header->payload_size);
}

void FollowAll::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  if (reason == EndReason::busy) defer(want);
  planner_.release({BlockIndex{want.ask().begin}, BlockIndex{want.ask().end}});
}

/// There is nobody else to ask, now or soon.
bool FollowAll::only_peer(PeerId id) const {
  return std::all_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    return item.first == id || item.second->gone || item.second->suspect || !item.second->view.head;
  });
}

bool FollowAll::anybody_has(std::uint64_t block) const {
  return std::any_of(core_.peers().begin(), core_.peers().end(),
                     [&](const auto& item) { return !item.second->gone && item.second->may_give(block); });
}

bool FollowAll::has_alternative(const FetchWant& want) const {
  const base::MonoTime now = core_.now();
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != want.ask().peer && !peer.gone && peer.slow_until <= now && peer.may_give(want.next());
  });
}

bool FollowAll::complete(const feed::Checkpoint& head) const { return planner_.complete(goal(head.tree_size)); }

}  // namespace shoal::replication
