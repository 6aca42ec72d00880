#include "replication/follow_streams.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kEntriesTimeout = std::chrono::seconds(30);
/// Topics whose entries are asked for at a time.
constexpr std::size_t kTopicsAsked = 64;
constexpr std::size_t kWantsPerPeer = 4;

}  // namespace

void FollowStreams::start(const Follow& follow) {
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

void FollowStreams::stop() {
  specs_.clear();
  parts_.clear();
}

std::vector<TopicPartition> FollowStreams::wanted() const {
  std::vector<TopicPartition> out;
  for (const Spec& spec : specs_) out.push_back(spec.stream);
  if (out.size() > kMaxWantStreams) out.resize(kMaxWantStreams);
  return out;
}

void FollowStreams::plan() {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || specs_.empty()) return;
  std::map<std::vector<PeerId>, std::vector<Spec*>> missing;
  std::vector<Spec*> stale;
  for (Spec& spec : specs_) {
    if (spec.checked && spec.checked->same_history(*ours)) continue;
    if (!topics_.is_fresh(spec.stream.topic)) {
      stale.push_back(&spec);
    } else if (spec.unasked) {
      look_at(spec, *ours, missing);
    }
  }
  if (!stale.empty()) ask_entries(stale, *ours);
  for (auto& [peers, specs] : missing) ask(peers, std::move(specs));
  share(*ours);
}

void FollowStreams::look_at(Spec& spec, const feed::Checkpoint& ours,
                            std::map<std::vector<PeerId>, std::vector<Spec*>>& missing) {
  if (is_complete(spec)) {
    spec.checked = ours;
    spec.complete_to = ours.tree_size;
    spec.gave_all.clear();
    spec.reported = false;
  } else if (!find_missing(spec, ours)) {
    spec.unasked = false;
  } else if (const std::vector<PeerId> peers = best_peers(spec, ours); !peers.empty()) {
    missing[peers].push_back(&spec);
  } else {
    report(spec);
  }
}

void FollowStreams::report(Spec& spec) {
  if (spec.reported || spec.gave_all.empty() || core_.reader().fork_limit()) return;
  spec.reported = true;
  core_.log(base::LogLevel::warning,
            "topic " + spec.stream.topic + ": the connected peers withhold or lack blocks that the head signs");
}

void FollowStreams::ask_entries(const std::vector<Spec*>& specs, const feed::Checkpoint& ours) {
  // A question brings the topic's neighbour too, so all entries together are not more.
  if (2 * specs.size() >= ours.topic_count) return ask_entries(std::string());
  for (const Spec* spec : specs) ask_entries(spec->stream.topic);
}

void FollowStreams::ask_entries(const std::string& topic) {
  if (asking_entries_.size() >= kTopicsAsked || !asking_entries_.insert(topic).second) return;
  topics_.fetch(topic, kEntriesTimeout, [this, topic](const Result<void>&) {
    asking_entries_.erase(topic);
    plan();
  });
}

bool FollowStreams::concerns(const Spec& spec, const feed::TopicStateEntry& entry) const {
  return spec.stream.partition == kAllPartitions || spec.stream.partition == entry.stream.partition;
}

bool FollowStreams::is_complete(const Spec& spec) {
  const TopicExchange::Known* known = topics_.known(spec.stream.topic);
  return std::all_of(known->entries.begin(), known->entries.end(), [&](const feed::TopicStateEntry& entry) {
    return !concerns(spec, entry) || chains_.complete(entry);
  });
}

bool FollowStreams::find_missing(Spec& spec, const feed::Checkpoint& ours) {
  const std::uint64_t limit = std::min(ours.tree_size, core_.reader().fork_limit().value_or(ours.tree_size));
  Start all{false, limit, spec.complete_to};
  spec.withheld.clear();
  for (const feed::TopicStateEntry& entry : topics_.known(spec.stream.topic)->entries) {
    if (!concerns(spec, entry) || chains_.complete(entry)) continue;
    const StreamChains::Gap gap = chains_.gap(entry);
    all.begin = std::min(all.begin, std::max(gap.begin, spec.complete_to));
    all.end = std::max(all.end, std::min(gap.end.value_or(limit), limit));
    all.headers_only = all.headers_only || wants_headers_only(entry);
    spec.withheld.push_back(gap.missing);
  }
  spec.start = all;
  HaveSet asked = parts_.asked(spec.stream);
  const bool waiting = !asked.empty();
  // What grew since waits for what is on its way.
  if (waiting) all.end = std::min(all.end, asked.ranges().back().end.value());
  for (const auto& [id, given] : spec.gave_all) {
    for (const BlockRange& range : given.ranges()) asked.add(range.begin.value(), range.end.value());
  }
  const std::optional<BlockRange> unasked = asked.first_gap(all.begin, all.end);
  if (!unasked) return !waiting;
  spec.start.begin = unasked->begin.value();
  spec.start.end = unasked->end.value();
  spec.withheld.clear();
  return true;
}

bool FollowStreams::may_ask(const Peer& peer, const feed::Checkpoint& ours) const {
  return !peer.gone && peer.head_size() >= ours.tree_size && core_.may_ask(peer);
}

std::vector<PeerId> FollowStreams::best_peers(const Spec& spec, const feed::Checkpoint& ours) const {
  std::vector<PeerId> best;
  std::pair<bool, bool> best_rank;
  for (const auto& [id, peer] : core_.peers()) {
    const auto given = spec.gave_all.find(id);
    const bool withholds =
        given != spec.gave_all.end() && std::any_of(spec.withheld.begin(), spec.withheld.end(),
                                                    [&](std::uint64_t block) { return given->second.contains(block); });
    if (withholds || !may_ask(*peer, ours)) continue;
    const std::pair rank{peer->slow(core_.now()), !peer->may_give(spec.stream)};
    if (!best.empty() && rank > best_rank) continue;
    if (best.empty() || rank < best_rank) best.clear();
    best_rank = rank;
    best.push_back(id);
  }
  return best;
}

std::optional<PeerId> FollowStreams::least_busy(const std::vector<PeerId>& peers) const {
  std::optional<PeerId> best;
  std::size_t fewest = kWantsPerPeer;
  for (const PeerId id : peers) {
    const std::size_t wants = fetcher_.outstanding(id, Purpose::streams);
    if (wants >= fewest) continue;
    best = id;
    fewest = wants;
  }
  return best;
}

void FollowStreams::ask(const std::vector<PeerId>& peers, std::vector<Spec*> specs) {
  std::stable_sort(specs.begin(), specs.end(), [](const Spec* a, const Spec* b) { return a->start < b->start; });
  std::set<Start> starts;
  for (const Spec* spec : specs) starts.insert(spec->start);
  // Rather a few blocks twice than more wants than there is room for.
  const bool together = starts.size() > kWantsPerPeer * peers.size();
  for (auto at = specs.begin(); at != specs.end();) {
    const std::optional<PeerId> id = least_busy(peers);
    if (!id) return;
    const Start& start = (*at)->start;
    StreamParts::Part part{{}, start.begin, start.end, start.headers_only};
    const auto fits = [&](const Spec& spec) {
      const bool alike = together && spec.start.headers_only == start.headers_only;
      return part.streams.size() < kMaxWantStreams && (alike || spec.start == start);
    };
    for (; at != specs.end() && fits(**at); ++at) {
      part.end = std::max(part.end, (*at)->start.end);
      part.streams.push_back((*at)->stream);
      (*at)->unasked = false;
    }
    std::sort(part.streams.begin(), part.streams.end());
    if (!parts_.ask(*id, part)) for_specs_of(part, [](Spec& spec) { spec.unasked = true; });
  }
}

void FollowStreams::share(const feed::Checkpoint& ours) {
  std::vector<PeerId> ready;
  for (const auto& [id, peer] : core_.peers()) {
    if (may_ask(*peer, ours) && !peer->slow(core_.now())) ready.push_back(id);
  }
  parts_.share(ready, [&](PeerId id, const StreamParts::Part& part) {
    const Peer& peer = *core_.find(id);
    return std::all_of(part.streams.begin(), part.streams.end(),
                       [&](const TopicPartition& stream) { return peer.may_give(stream); });
  });
}

template <typename Call>
void FollowStreams::for_specs_of(const StreamParts::Part& part, Call&& call) {
  for (const TopicPartition& stream : part.streams) {
    const auto spec = std::lower_bound(specs_.begin(), specs_.end(), stream,
                                       [](const Spec& one, const TopicPartition& key) { return one.stream < key; });
    if (spec != specs_.end() && spec->stream == stream) call(*spec);
  }
}

/// Blocks from where the chain ends on may be too old for their payloads.
bool FollowStreams::wants_headers_only(const feed::TopicStateEntry& entry) const {
  if (oldest() == kNoTime) return false;
  const std::optional<BlockIndex> last = chains_.last(entry.stream);
  const auto next = core_.reader().next_block(entry.stream, last);
  if (next && *next) {
    const auto header = core_.reader().header(**next);
    if (header && header->previous == last) return header->append_time < oldest();
  }
  return is_old(last);
}

bool FollowStreams::is_old(std::optional<BlockIndex> block) const {
  if (!block) return true;
  const auto header = core_.reader().header(*block);
  return !header || header->append_time < oldest();
}

void FollowStreams::on_run(const FetchWant& want, const Data& run) {
  if (!want.ask().headers_only) return parts_.on_run(want, run);
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

void FollowStreams::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  const PeerId id = want.ask().peer;
  const std::uint64_t given_from = reason == EndReason::done ? want.ask().begin : want.front();
  const std::optional<StreamParts::Part> part = parts_.on_end(want);
  if (!part) return;
  if (Peer* peer = core_.find(id); peer != nullptr && reason == EndReason::done) peer->stalls = 0;
  for_specs_of(*part, [&](Spec& spec) {
    spec.unasked = true;
    if (reason) spec.gave_all[id].add(given_from, want.ask().end);
  });
}

void FollowStreams::on_have(PeerId id) {
  for (Spec& spec : specs_) {
    spec.gave_all.erase(id);
    spec.reported = false;
    spec.unasked = true;
  }
}

void FollowStreams::on_accepted() {
  for (Spec& spec : specs_) {
    spec.gave_all.clear();
    spec.unasked = true;
  }
}

bool FollowStreams::has_alternative(const FetchWant& want) const {
  const base::MonoTime now = core_.now();
  return std::any_of(core_.peers().begin(), core_.peers().end(), [&](const auto& item) {
    const Peer& peer = *item.second;
    return item.first != want.ask().peer && !peer.gone && !peer.slow(now) &&
           peer.head_size() >= want.ask().proof.tree_size && peer.may_give(want.ask().streams.front());
  });
}

bool FollowStreams::complete(const feed::Checkpoint& head) const {
  return std::all_of(specs_.begin(), specs_.end(),
                     [&](const Spec& spec) { return spec.checked && spec.checked->same_history(head); });
}

}  // namespace shoal::replication
