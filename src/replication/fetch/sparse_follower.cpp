#include "replication/fetch/sparse_follower.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kEntriesTimeout = std::chrono::seconds(30);
/// Topics whose entries are asked for at a time.
constexpr std::size_t kTopicsAsked = 64;

}  // namespace

template <typename Call>
void SparseFollower::for_specs_of(const StreamParts::Part& part, Call&& call) {
  for (const TopicPartition& stream : part.streams) {
    const auto spec = std::lower_bound(specs_.begin(), specs_.end(), stream,
                                       [](const Spec& one, const TopicPartition& key) { return one.stream < key; });
    if (spec != specs_.end() && spec->stream == stream) call(*spec);
  }
}

void SparseFollower::start(const Follow& follow) {
  stop();
  from_ = follow.from;
  oldest_ = follow.oldest;
  chains_.start(follow.from);
  const std::set<TopicPartition> streams(follow.topics.begin(), follow.topics.end());
  for (const TopicPartition& stream : streams) {
    Spec spec;
    spec.stream = stream;
    spec.complete_to = follow.from;
    specs_.push_back(std::move(spec));
  }
}

void SparseFollower::stop() {
  specs_.clear();
  parts_.clear();
}

std::vector<TopicPartition> SparseFollower::wanted() const {
  std::vector<TopicPartition> out;
  for (const Spec& spec : specs_) out.push_back(spec.stream);
  if (out.size() > kMaxWantStreams) out.resize(kMaxWantStreams);
  return out;
}

void SparseFollower::plan() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || specs_.empty()) return;
  for (bool more = true; more;) {
    more = false;
    for (auto& [peers, specs] : collect_missing(*ours)) more = ask(peers, specs) || more;
  }
  share(*ours);
}

SparseFollower::Missing SparseFollower::collect_missing(const feed::Checkpoint& ours) {
  Missing missing;
  std::vector<Spec*> stale;
  for (Spec& spec : specs_) {
    if (spec.checked && spec.checked->same_history(ours)) continue;
    if (!topics_.is_fresh(spec.stream.topic)) {
      stale.push_back(&spec);
    } else if (spec.unasked) {
      look_at(spec, ours, missing);
    }
  }
  if (!stale.empty()) ask_entries(stale, ours);
  return missing;
}

void SparseFollower::look_at(Spec& spec, const feed::Checkpoint& ours, Missing& missing) {
  const std::vector<StreamChains::Gap> gaps = gaps_of(spec);
  if (gaps.empty()) {
    spec.checked = ours;
    spec.complete_to = ours.tree_size;
    spec.given.clear();
    spec.claims.clear();
    spec.refused.clear();
    spec.reported = false;
  } else if (!find_missing(spec, gaps, ours)) {
    spec.unasked = false;
  } else if (const std::vector<PeerId> peers = best_peers(spec, ours); !peers.empty()) {
    missing[peers].push_back(&spec);
  } else {
    report(spec);
  }
}

void SparseFollower::report(Spec& spec) {
  if (spec.reported || spec.refused.empty() || core_.reader().fork_limit()) return;
  spec.reported = true;
  core_.log(base::LogLevel::warning,
            "topic " + spec.stream.topic + ": the connected peers withhold or lack blocks that the head signs");
}

void SparseFollower::ask_entries(const std::vector<Spec*>& specs, const feed::Checkpoint& ours) {
  // A question brings the topic's neighbour too, so all entries together are not more.
  if (2 * specs.size() >= ours.topic_count) return ask_entries(std::string());
  for (const Spec* spec : specs) ask_entries(spec->stream.topic);
}

void SparseFollower::ask_entries(const std::string& topic) {
  if (asking_entries_.size() >= kTopicsAsked || !asking_entries_.insert(topic).second) return;
  topics_.fetch(topic, kEntriesTimeout, [this, topic](const Result<void>&) {
    asking_entries_.erase(topic);
    plan();
  });
}

std::vector<StreamChains::Gap> SparseFollower::gaps_of(const Spec& spec) {
  std::vector<StreamChains::Gap> gaps;
  for (const feed::TopicStateEntry& entry : topics_.known(spec.stream.topic)->entries) {
    const bool ours = spec.stream.partition == kAllPartitions || spec.stream.partition == entry.stream.partition;
    if (auto gap = ours ? chains_.gap(entry) : std::nullopt) gaps.push_back(std::move(*gap));
  }
  return gaps;
}

bool SparseFollower::find_missing(Spec& spec, const std::vector<StreamChains::Gap>& gaps,
                                  const feed::Checkpoint& ours) {
  const std::uint64_t limit = std::min(ours.tree_size, core_.reader().fork_limit().value_or(ours.tree_size));
  HaveSet covered = parts_.asked(spec.stream);
  Start start{false, limit, 0};
  for (const StreamChains::Gap& gap : gaps) {
    start.begin = std::min(start.begin, std::max(gap.begin, spec.complete_to));
    start.end = std::max(start.end, std::min(gap.end.value_or(limit), limit));
    start.headers_only = start.headers_only || wants_headers_only(gap.stream);
    const bool on_its_way = gap.end ? covered.contains(gap.missing) : !covered.empty();
    if (!on_its_way && spec.given.contains(gap.missing)) refute(spec, gap);
  }
  for (const BlockRange& range : spec.given.ranges()) covered.add(range.begin.value(), range.end.value());
  std::optional<BlockRange> unasked = covered.first_gap(start.begin, start.end);
  // Held blocks that others follow are not asked for again; behind them it goes on.
  if (!unasked) unasked = covered.first_gap(start.begin, limit);
  if (!unasked) return false;
  spec.start = Start{start.headers_only, unasked->begin.value(), unasked->end.value()};
  return true;
}

void SparseFollower::refute(Spec& spec, const StreamChains::Gap& gap) {
  bool known = false;
  for (auto& [id, claimed] : spec.claims) {
    if (!claimed.contains(gap.missing)) continue;
    known = true;
    std::uint64_t at = gap.begin;
    while (const auto untrue = claimed.first_run(at, gap.missing + 1)) {
      at = untrue->end.value();
      claimed.remove(untrue->begin.value(), at);
      spec.given.remove(untrue->begin.value(), at);
      spec.refused[id].add(untrue->begin.value(), at);
    }
  }
  if (!known) spec.given.remove(gap.begin, gap.missing + 1);
}

bool SparseFollower::may_ask(const Peer& peer, const feed::Checkpoint& ours) const {
  return !peer.gone && peer.head_size() >= ours.tree_size && core_.may_ask(peer);
}

std::vector<PeerId> SparseFollower::best_peers(const Spec& spec, const feed::Checkpoint& ours) const {
  std::vector<PeerId> best;
  std::tuple<bool, bool, bool> best_rank;
  for (const auto& [id, peer] : core_.peers()) {
    const auto refused = spec.refused.find(id);
    const bool refuses = refused != spec.refused.end();
    if ((refuses && refused->second.contains(spec.start.begin)) || !may_ask(*peer, ours)) continue;
    const std::tuple rank{peer->slow(core_.now()), !peer->may_give(spec.stream), refuses};
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

bool SparseFollower::ask(const std::vector<PeerId>& peers, std::vector<Spec*> specs) {
  std::stable_sort(specs.begin(), specs.end(), [](const Spec* a, const Spec* b) { return a->start < b->start; });
  std::set<Start> starts;
  for (const Spec* spec : specs) starts.insert(spec->start);
  // Rather a few blocks twice than more wants than there is room for.
  const bool together = starts.size() > kPortionsPerPeer * peers.size();
  const auto rate_of = [&](PeerId id) { return core_.find(id)->path.expected_rate(core_.now()); };
  double all_rates = 0;
  for (const PeerId id : peers) all_rates += rate_of(id);
  bool more = false;
  for (auto at = specs.begin(); at != specs.end();) {
    const std::optional<PeerId> id = least_busy(peers);
    if (!id) return false;
    const Start& start = (*at)->start;
    StreamParts::Part part{{}, start.begin, start.end, start.headers_only};
    const auto fits = [&](const Spec& spec) {
      const bool alike = together && spec.start.headers_only == start.headers_only;
      return part.streams.size() < kMaxWantStreams && (alike || spec.start == start);
    };
    for (; at != specs.end() && fits(**at); ++at) {
      part.end = std::max(part.end, (*at)->start.end);
      part.bytes_per_block = std::max(part.bytes_per_block, (*at)->bytes_per_block);
      part.streams.push_back((*at)->stream);
    }
    std::sort(part.streams.begin(), part.streams.end());
    const std::optional<std::uint64_t> end = parts_.ask(*id, part, all_rates > 0 ? rate_of(*id) / all_rates : 1);
    const bool all = end == part.end;
    if (all) for_specs_of(part, [](Spec& spec) { spec.unasked = false; });
    more = more || (end && !all);
  }
  return more;
}

void SparseFollower::share(const feed::Checkpoint& ours) {
  std::vector<PeerId> ready;
  for (const auto& [id, peer] : core_.peers()) {
    if (may_ask(*peer, ours) && !peer->slow(core_.now())) ready.push_back(id);
  }
  parts_.share(ready, [&](PeerId id, const StreamParts::Part& part) {
    bool able = true;
    for_specs_of(part, [&](const Spec& spec) {
      able = able && core_.find(id)->may_give(spec.stream) && !spec.refused.contains(id);
    });
    return able;
  });
}

/// Blocks from where the chain ends on may be too old for their payloads.
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
    const std::optional<StreamParts::Part> cut = parts_.on_run(want, run);
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
  // From here on payloads are wanted too.
  if (recent) fetcher_.cancel(want.id());
}

void SparseFollower::note_missing(const StreamParts::Part& part) {
  for_specs_of(part, [&](Spec& spec) {
    spec.unasked = true;
    if (part.bytes_per_block > 0) spec.bytes_per_block = part.bytes_per_block;
  });
}

void SparseFollower::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  const FetchWant::Ask& ask = want.ask();
  const std::optional<StreamParts::Part> part = parts_.on_end(want);
  if (!part) return;
  const bool done = reason == EndReason::done;
  if (Peer* peer = core_.find(ask.peer); peer != nullptr && done) peer->stalls = 0;
  note_missing(*part);
  // Blocks come in order, so what lies below the next one was given too.
  const std::uint64_t given_to = done ? ask.end : want.front();
  for_specs_of(*part, [&](Spec& spec) {
    if (done || !ask.headers_only) {
      spec.given.add(ask.begin, given_to);
      spec.claims[ask.peer].add(ask.begin, given_to);
    }
    if (reason && !done) spec.refused[ask.peer].add(given_to, ask.end);
  });
}

void SparseFollower::on_have(PeerId id) {
  forget(id);
  for (Spec& spec : specs_) {
    spec.reported = false;
    spec.unasked = true;
  }
}

void SparseFollower::forget(PeerId id) {
  for (Spec& spec : specs_) {
    spec.claims.erase(id);
    spec.refused.erase(id);
  }
}

void SparseFollower::on_accepted() {
  for (Spec& spec : specs_) {
    spec.refused.clear();
    spec.unasked = true;
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
  return std::all_of(specs_.begin(), specs_.end(),
                     [&](const Spec& spec) { return spec.checked && spec.checked->same_history(head); });
}

}  // namespace shoal::replication
