#include "replication/fetch/sparse_follower.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kEntriesTimeout = std::chrono::seconds(30);
/// Topics whose entries are requested at a time.
constexpr std::size_t kTopicsAsked = 64;

}  // namespace

template <typename Call>
void SparseFollower::for_targets_of(const StreamRequests::Request& request, Call&& call) {
  for (const TopicPartition& stream : request.streams) {
    const auto target = std::lower_bound(targets_.begin(), targets_.end(), stream,
                                         [](const Target& one, const TopicPartition& key) { return one.stream < key; });
    if (target != targets_.end() && target->stream == stream) call(*target);
  }
}

void SparseFollower::start(const Follow& follow) {
  stop();
  from_ = follow.from;
  oldest_ = follow.oldest;
  chains_.start(follow.from);
  const std::set<TopicPartition> streams(follow.topics.begin(), follow.topics.end());
  for (const TopicPartition& stream : streams) {
    Target target;
    target.stream = stream;
    target.complete_to = follow.from;
    targets_.push_back(std::move(target));
  }
}

void SparseFollower::stop() {
  targets_.clear();
  requests_.clear();
}

std::vector<TopicPartition> SparseFollower::streams() const {
  std::vector<TopicPartition> out;
  for (const Target& target : targets_) out.push_back(target.stream);
  if (out.size() > kMaxWantStreams) out.resize(kMaxWantStreams);
  return out;
}

void SparseFollower::plan() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || targets_.empty() || core_.store_closed()) return;
  for (bool more = true; more;) {
    more = false;
    for (auto& [peers, targets] : collect_missing(*ours)) more = ask(peers, targets) || more;
  }
  share(*ours);
}

SparseFollower::Missing SparseFollower::collect_missing(const feed::Checkpoint& ours) {
  Missing missing;
  std::vector<Target*> stale;
  for (Target& target : targets_) {
    if (target.checked && target.checked->same_history(ours)) continue;
    if (!topics_.is_fresh(target.stream.topic)) {
      stale.push_back(&target);
    } else if (target.unasked) {
      check(target, ours, missing);
    }
  }
  if (!stale.empty()) ask_entries(stale, ours);
  return missing;
}

void SparseFollower::check(Target& target, const feed::Checkpoint& ours, Missing& missing) {
  const std::vector<StreamChains::Gap> gaps = gaps_of(target);
  if (gaps.empty()) {
    target.checked = ours;
    target.complete_to = ours.tree_size;
    target.given.clear();
    target.claims.clear();
    target.refused.clear();
    target.reported = false;
  } else if (!find_missing(target, gaps, ours)) {
    target.unasked = false;
  } else if (const std::vector<PeerId> peers = best_peers(target, ours); !peers.empty()) {
    missing[peers].push_back(&target);
  } else {
    report(target);
  }
}

void SparseFollower::report(Target& target) {
  if (target.reported || target.refused.empty() || core_.reader().fork_limit()) return;
  target.reported = true;
  core_.log(base::LogLevel::warning,
            "topic " + target.stream.topic + ": the connected peers withhold or lack blocks that the head signs");
}

void SparseFollower::ask_entries(const std::vector<Target*>& targets, const feed::Checkpoint& ours) {
  // A request for one topic brings its neighbour's entry too; at half of all topics it is no more to request all.
  if (2 * targets.size() >= ours.topic_count) return ask_entries(std::string());
  for (const Target* target : targets) ask_entries(target->stream.topic);
}

void SparseFollower::ask_entries(const std::string& topic) {
  if (asking_entries_.size() >= kTopicsAsked || !asking_entries_.insert(topic).second) return;
  topics_.fetch(topic, kEntriesTimeout, [this, topic](const Result<void>&) {
    asking_entries_.erase(topic);
    plan();
  });
}

std::vector<StreamChains::Gap> SparseFollower::gaps_of(const Target& target) {
  std::vector<StreamChains::Gap> gaps;
  for (const feed::TopicStateEntry& entry : topics_.known(target.stream.topic)->entries) {
    const bool ours = target.stream.partition == kAllPartitions || target.stream.partition == entry.stream.partition;
    if (auto gap = ours ? chains_.gap(entry) : std::nullopt) gaps.push_back(std::move(*gap));
  }
  return gaps;
}

bool SparseFollower::find_missing(Target& target, const std::vector<StreamChains::Gap>& gaps,
                                  const feed::Checkpoint& ours) {
  const std::uint64_t limit = std::min(ours.tree_size, core_.reader().fork_limit().value_or(ours.tree_size));
  RangeSet covered = requests_.pending(target.stream);
  Start start{false, limit, 0};
  for (const StreamChains::Gap& gap : gaps) {
    start.begin = std::min(start.begin, std::max(gap.begin, target.complete_to));
    start.end = std::max(start.end, std::min(gap.end.value_or(limit), limit));
    start.headers_only = start.headers_only || wants_headers_only(gap.stream);
    const bool on_its_way = gap.end ? covered.contains(gap.missing) : !covered.empty();
    if (!on_its_way && target.given.contains(gap.missing)) refute(target, gap);
  }
  for (const BlockRange& range : target.given.runs()) covered.add(range);
  std::optional<BlockRange> unasked = covered.first_gap(start.begin, start.end);
  // All gaps were requested: go on behind the held blocks.
  if (!unasked) unasked = covered.first_gap(start.begin, limit);
  if (!unasked) return false;
  target.start = Start{start.headers_only, unasked->begin.value(), unasked->end.value()};
  return true;
}

void SparseFollower::refute(Target& target, const StreamChains::Gap& gap) {
  bool known = false;
  for (auto& [id, claimed] : target.claims) {
    if (!claimed.contains(gap.missing)) continue;
    known = true;
    std::uint64_t at = gap.begin;
    while (const auto untrue = claimed.first_run(at, gap.missing + 1)) {
      at = untrue->end.value();
      claimed.remove(untrue->begin.value(), at);
      target.given.remove(untrue->begin.value(), at);
      target.refused[id].add(untrue->begin.value(), at);
    }
  }
  if (!known) target.given.remove(gap.begin, gap.missing + 1);
}

bool SparseFollower::may_ask(const Peer& peer, const feed::Checkpoint& ours) const {
  return !peer.gone && peer.head_size() >= ours.tree_size && core_.may_ask(peer);
}

std::vector<PeerId> SparseFollower::best_peers(const Target& target, const feed::Checkpoint& ours) const {
  std::vector<PeerId> best;
  std::tuple<bool, bool, bool> best_rank;
  for (const auto& [id, peer] : core_.peers()) {
    const auto refused = target.refused.find(id);
    const bool refuses = refused != target.refused.end();
    if ((refuses && refused->second.contains(target.start.begin)) || !may_ask(*peer, ours)) continue;
    const std::tuple rank{peer->slow(core_.now()), !peer->may_give(target.stream), refuses};
    if (!best.empty() && rank > best_rank) continue;
    if (best.empty() || rank < best_rank) best.clear();
    best_rank = rank;
    best.push_back(id);
  }
  return best;
}

std::optional<PeerId> SparseFollower::least_busy(const std::vector<PeerId>& peers) const {
  std::optional<PeerId> best;
  std::size_t fewest = kPortionsPerPeer;
  for (const PeerId id : peers) {
    const std::size_t wants = fetcher_.outstanding(id, Purpose::sparse);
    if (wants >= fewest) continue;
    best = id;
    fewest = wants;
  }
  return best;
}

bool SparseFollower::ask(const std::vector<PeerId>& peers, std::vector<Target*> targets) {
  std::stable_sort(targets.begin(), targets.end(),
                   [](const Target* a, const Target* b) { return a->start < b->start; });
  std::set<Start> starts;
  for (const Target* target : targets) starts.insert(target->start);
  // Joining targets fetches a few blocks twice; more wants than there is room for would leave targets waiting.
  const bool together = starts.size() > kPortionsPerPeer * peers.size();
  const auto rate_of = [&](PeerId id) { return core_.find(id)->path.expected_rate(core_.now()); };
  double all_rates = 0;
  for (const PeerId id : peers) all_rates += rate_of(id);
  bool more = false;
  for (auto at = targets.begin(); at != targets.end();) {
    const std::optional<PeerId> id = least_busy(peers);
    if (!id) return false;
    const Start& start = (*at)->start;
    StreamRequests::Request request{{}, start.begin, start.end, start.headers_only};
    const auto fits = [&](const Target& target) {
      const bool alike = together && target.start.headers_only == start.headers_only;
      return request.streams.size() < kMaxWantStreams && (alike || target.start == start);
    };
    for (; at != targets.end() && fits(**at); ++at) {
      request.end = std::max(request.end, (*at)->start.end);
      request.bytes_per_block = std::max(request.bytes_per_block, (*at)->bytes_per_block);
      request.streams.push_back((*at)->stream);
    }
    std::sort(request.streams.begin(), request.streams.end());
    const std::optional<std::uint64_t> end = requests_.ask(*id, request, all_rates > 0 ? rate_of(*id) / all_rates : 1);
    const bool all = end == request.end;
    if (all) for_targets_of(request, [](Target& target) { target.unasked = false; });
    more = more || (end && !all);
  }
  return more;
}

void SparseFollower::share(const feed::Checkpoint& ours) {
  std::vector<PeerId> ready;
  for (const auto& [id, peer] : core_.peers()) {
    if (may_ask(*peer, ours) && !peer->slow(core_.now())) ready.push_back(id);
  }
  requests_.share(ready, [&](PeerId id, const StreamRequests::Request& request) {
    bool able = true;
    for_targets_of(request, [&](const Target& target) {
      able = able && core_.find(id)->may_give(target.stream) && !target.refused.contains(id);
    });
    return able;
  });
}

/// Whether the next block of the chain, or the last known one, is older than the follow's age limit.
bool SparseFollower::wants_headers_only(const TopicPartition& stream) const {
  if (oldest() == kNoTime) return false;
  const std::optional<BlockIndex> last = chains_.last(stream);
  const auto next = core_.reader().next_block(stream, last);
  if (next && *next) {
    const auto header = core_.reader().header(**next);
    if (header && header->previous == last) return header->append_time < oldest();
  }
  return is_old(last);
}

bool SparseFollower::is_old(std::optional<BlockIndex> block) const {
  if (!block) return true;
  const auto header = core_.reader().header(*block);
  return !header || header->append_time < oldest();
}

void SparseFollower::on_run(const FetchWant& want, const Data& run) {
  if (!want.ask().headers_only) {
    const std::optional<StreamRequests::Request> cut = requests_.on_run(want, run);
    if (cut) note_missing(*cut);
    return;
  }
  std::vector<BlockIndex> old;
  bool recent = false;
  for (const DataBlock& block : run.blocks) {
    const Result<feed::BlockHeader> header = core_.reader().header(block.index);
    if (!header) continue;
    if (header->append_time < oldest()) {
      old.push_back(block.index);
    } else {
      recent = true;
    }
  }
  if (!old.empty()) {
    if (const auto pruned = core_.mirror()->prune(old); !pruned) {
      core_.log(base::LogLevel::error, pruned.error().message);
    }
  }
  // From here on blocks are recent: the next plan requests them with payloads.
  if (recent) fetcher_.cancel(want.id());
}

void SparseFollower::note_missing(const StreamRequests::Request& request) {
  for_targets_of(request, [&](Target& target) {
    target.unasked = true;
    if (request.bytes_per_block > 0) target.bytes_per_block = request.bytes_per_block;
  });
}

void SparseFollower::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  const FetchWant::Ask& ask = want.ask();
  const std::optional<StreamRequests::Request> request = requests_.on_end(want);
  if (!request) return;
  const bool done = reason == EndReason::done;
  if (Peer* peer = core_.find(ask.peer); peer != nullptr && done) peer->stalls = 0;
  note_missing(*request);
  // Blocks come in order, so everything below the next one was sent.
  const std::uint64_t given_to = done ? ask.end : want.front();
  for_targets_of(*request, [&](Target& target) {
    if (done || !ask.headers_only) {
      target.given.add(ask.begin, given_to);
      target.claims[ask.peer].add(ask.begin, given_to);
    }
    if (reason && !done) target.refused[ask.peer].add(given_to, ask.end);
  });
}

void SparseFollower::on_have(PeerId id) {
  forget(id);
  for (Target& target : targets_) {
    target.reported = false;
    target.unasked = true;
  }
}

void SparseFollower::forget(PeerId id) {
  for (Target& target : targets_) {
    target.claims.erase(id);
    target.refused.erase(id);
  }
}

void SparseFollower::on_accepted() {
  for (Target& target : targets_) {
    target.refused.clear();
    target.unasked = true;
  }
}

bool SparseFollower::has_alternative(const FetchWant& want) const {
  const base::MonoTime now = core_.now();
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != want.ask().peer && !peer.gone && !peer.slow(now) &&
           peer.head_size() >= want.ask().proof.tree_size && peer.may_give(want.ask().streams.front());
  });
}

bool SparseFollower::complete(const feed::Checkpoint& head) const {
  return std::all_of(targets_.begin(), targets_.end(),
                     [&](const Target& target) { return target.checked && target.checked->same_history(head); });
}

}  // namespace shoal::replication
