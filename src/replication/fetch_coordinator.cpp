#include "replication/fetch_coordinator.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <utility>

namespace shoal::replication {
namespace {

/// A payload this close to the end of the feed is announced at once: other peers wait for it.
constexpr std::uint64_t kNewBlocks = 64;

}  // namespace

FetchCoordinator::FetchCoordinator(ReplicatorCore& core, HeadExchange& heads, const TreePeers& peers, Hooks hooks)
    : core_(core),
      heads_(heads),
      hooks_(std::move(hooks)),
      topics_(core, heads),
      blocks_(core, heads, fetch_hooks()),
      full_(core, blocks_),
      sparse_(core, blocks_, topics_),
      live_(core, peers, blocks_, live_hooks()),
      offsets_(core, blocks_, topics_) {}

BlockFetcher::Hooks FetchCoordinator::fetch_hooks() {
  BlockFetcher::Hooks hooks;
  hooks.on_run = [this](const FetchWant& want, const Data& run) { on_run(want, run); };
  hooks.on_payload = [this](const FetchWant& want, BlockIndex block) { on_payload(want, block); };
  hooks.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) { on_want_end(want, reason); };
  hooks.on_new_blocks = [this] { hooks_.on_new_blocks(); };
  hooks.has_alternative = [this](const FetchWant& want) {
    if (want.ask().purpose == Purpose::full) return full_.has_alternative(want);
    return want.ask().purpose == Purpose::sparse && sparse_.has_alternative(want);
  };
  return hooks;
}

LiveFetcher::Hooks FetchCoordinator::live_hooks() {
  LiveFetcher::Hooks hooks;
  hooks.streams = [this] { return follow_->everything ? std::vector<TopicPartition>{} : sparse_.streams(); };
  hooks.growing = [this] { return heads_.growing(); };
  hooks.pull = [this](PeerId id) { heads_.pull(id); };
  return hooks;
}

void FetchCoordinator::follow(Follow follow) {
  stop_following();
  if (core_.mirror() == nullptr) return;
  follow_ = std::move(follow);
  reported_synced_.reset();
  if (follow_->everything) {
    full_.start(*follow_);
  } else {
    sparse_.start(*follow_);
  }
  if (follow_->live && !paused_) live_.start();
  plan_soon();
}

void FetchCoordinator::stop_following() {
  follow_.reset();
  full_.stop();
  sparse_.stop();
  live_.stop();
}

void FetchCoordinator::on_lost(BlockIndex block) {
  if (!follow_) return;
  reported_synced_.reset();
  if (follow_->everything) {
    full_.on_lost(block);
  } else {
    sparse_.start(Follow(*follow_));  // it looks at what is held when it begins
  }
  plan_soon();
}

void FetchCoordinator::fetch_topics(std::vector<std::string> names, base::MonoTime timeout,
                                    std::function<void(Result<void>)> done) {
  if (core_.mirror() == nullptr) return core_.later([done = std::move(done)] { done({}); });
  if (names.empty()) names.push_back(std::string());
  struct Progress {
    std::size_t open = 0;
    Result<void> result;
    std::function<void(Result<void>)> done;
  };
  auto progress = std::make_shared<Progress>(Progress{names.size(), {}, std::move(done)});
  for (const std::string& name : names) {
    topics_.fetch(name, timeout, [progress](const Result<void>& result) {
      if (!result) progress->result = result;
      if (--progress->open == 0) progress->done(progress->result);
    });
  }
}

void FetchCoordinator::on_have(PeerId id, Peer& peer, const Have& have) {
  peer.have = have;
  peer.held.clear();
  peer.lacking.clear();
  for (const BlockRange& range : have.ranges) {
    if (range.begin >= range.end) return core_.blame(peer, "it holds a run that ends before it begins");
    peer.held.add(range);
  }
  sparse_.on_have(id);
  full_.holders_changed();
  plan_soon();
}

void FetchCoordinator::on_accepted() {
  sparse_.on_accepted();
  live_.on_accepted();
}

void FetchCoordinator::end_wants(PeerId id) {
  blocks_.forget(id);
  sparse_.forget(id);
  topics_.forget(id);
  offsets_.forget(id);
}

void FetchCoordinator::forget(PeerId id) {
  live_.forget(id);
  full_.holders_changed();
}

void FetchCoordinator::on_run(const FetchWant& want, const Data& run) {
  if (Peer* peer = core_.find(want.ask().peer)) {
    for (const DataBlock& block : run.blocks) {
      if (block.form == PayloadForm::pruned) peer->lacking.add(block.index.value(), block.index.value() + 1);
    }
  }
  const bool announced = std::any_of(run.blocks.begin(), run.blocks.end(),
                                     [](const DataBlock& block) { return block.form == PayloadForm::absent; });
  // The head of this run is announced next, and not all payloads below it are here: peers have to know that first.
  if (announced && !want.ask().headers_only) hooks_.send_have();
  // Each of these calls may end the want.
  const Purpose purpose = want.ask().purpose;
  if (full_.active()) full_.on_run(run);
  switch (purpose) {
    case Purpose::sparse: return sparse_.on_run(want, run);
    case Purpose::single: return offsets_.on_run(want, run);
    case Purpose::live: return live_.on_run(want);
    case Purpose::full: return;
  }
}

void FetchCoordinator::on_payload(const FetchWant& want, BlockIndex block) {
  // Each of these calls may end the want.
  if (want.ask().purpose == Purpose::sparse) {
    sparse_.on_payload(want);
  } else {
    offsets_.on_payload(want, block);
  }
  if (full_.active()) full_.on_payload(block);
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (ours && block.value() + kNewBlocks >= ours->tree_size) hooks_.send_have();
}

void FetchCoordinator::on_want_end(const FetchWant& want, std::optional<EndReason> reason) {
  Peer* peer = core_.find(want.ask().peer);
  if (peer != nullptr && reason == EndReason::not_held) {
    if (!want.live() && want.ask().streams.empty()) peer->lacking.add(want.next(), want.next() + 1);
  }
  switch (want.ask().purpose) {
    case Purpose::full: full_.on_end(want, reason); break;
    case Purpose::sparse: sparse_.on_end(want, reason); break;
    case Purpose::single: offsets_.on_end(want, reason); break;
    case Purpose::live: live_.on_end(want, reason); break;
  }
  plan_soon();
}

void FetchCoordinator::plan_soon() {
  if (std::exchange(plan_pending_, true)) return;
  core_.later([this] {
    plan_pending_ = false;
    plan();
  });
}

void FetchCoordinator::plan() {
  const bool paused = pause_for_store();
  topics_.resume();
  offsets_.resume();
  if (core_.reader().contradicted()) {
    live_.stop();
    blocks_.cancel_all();  // what comes would be refused
    return;
  }
  if (!follow_) return;
  if (!paused) {
    if (!heads_.forked()) live_.plan();
    full_.plan();
    sparse_.plan();
  }
  if (!heads_.forked()) check_synced();
}

bool FetchCoordinator::pause_for_store() {
  const bool closed = core_.store_closed().has_value();
  if (std::exchange(paused_, closed) == closed) return closed;
  if (closed) {
    live_.stop();
    // Blocks that come would be dropped.
    blocks_.cancel_all();
  } else if (follow_ && follow_->live) {
    live_.start();
  }
  return closed;
}

void FetchCoordinator::check_synced() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  const std::optional<std::uint64_t> newest = heads_.newest_announced();
  if (!ours || !newest || reported_synced_ == ours) return;
  const bool reached = ours->tree_size >= *newest || (!follow_->live && ours->tree_size >= follow_->until);
  const bool complete = follow_->everything ? full_.complete(*ours) : sparse_.complete(*ours);
  if (!reached || !complete) return;
  reported_synced_ = ours;
  core_.tell([head = *ours](ReplicatorEvents& events) { events.on_synced(head); });
}

void FetchCoordinator::tick_requests() {
  topics_.tick();
  offsets_.tick();
  blocks_.tick();
}

void FetchCoordinator::tick_live() { heads_.frozen() ? live_.stop() : live_.tick(); }

}  // namespace shoal::replication
