#include "replication/follow_streams.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kEntriesTimeout = std::chrono::seconds(30);
constexpr std::size_t kWantsPerPeer = 4;

}  // namespace

void FollowStreams::start(const Follow& follow) {
  stop();
  from_ = follow.from;
  oldest_ = follow.oldest;
  for (const TopicPartition& stream : follow.topics) {
    Spec spec;
    spec.stream = stream;
    spec.complete_to = follow.from;
    specs_.push_back(std::move(spec));
  }
}

void FollowStreams::stop() {
  fetcher_.cancel_all(Purpose::streams);
  specs_.clear();
  chains_.clear();
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
  std::vector<Spec*> missing;
  for (Spec& spec : specs_) {
    if (spec.checked && spec.checked->same_history(*ours)) continue;
    if (!topics_.is_fresh(spec.stream.topic)) {
      ask_entries(spec);
    } else if (is_complete(spec)) {
      spec.checked = ours;
      spec.complete_to = ours->tree_size;
      spec.tried.clear();
      spec.reported = false;
    } else if (spec.want == 0) {
      missing.push_back(&spec);
    }
  }
  if (!missing.empty()) assign(missing, *ours);
}

void FollowStreams::ask_entries(Spec& spec) {
  if (spec.asking_entries) return;
  spec.asking_entries = true;
  const TopicPartition stream = spec.stream;
  topics_.fetch(stream.topic, kEntriesTimeout, [this, stream](const Result<void>&) {
    for (Spec& one : specs_) {
      if (one.stream == stream) one.asking_entries = false;
    }
    plan();
  });
}

bool FollowStreams::is_complete(const Spec& spec) {
  const TopicExchange::Known* known = topics_.known(spec.stream.topic);
  return std::all_of(known->entries.begin(), known->entries.end(), [&](const feed::TopicStateEntry& entry) {
    const bool ours = spec.stream.partition == kAllPartitions || spec.stream.partition == entry.stream.partition;
    return !ours || is_complete(entry);
  });
}

bool FollowStreams::is_complete(const feed::TopicStateEntry& entry) {
  if (!entry.last_block || entry.last_block->value() < from_) return true;
  return reaches(entry.stream, entry.last_block);
}

/// Walks on along the chain of held blocks, each naming the one before it.
bool FollowStreams::reaches(const TopicPartition& stream, std::optional<BlockIndex> target) {
  const feed::FeedReader& reader = core_.reader();
  std::optional<BlockIndex>& last = chains_[stream];
  while (last != target) {
    std::optional<BlockIndex> after = last;
    if (!after && from_ > 0) after = BlockIndex{from_ - 1};
    const Result<std::optional<BlockIndex>> next = reader.next_block(stream, after);
    if (!next || !*next) return false;
    const Result<feed::BlockHeader> header = reader.header(**next);
    if (!header) return false;
    const bool begins = !last && (!header->previous || header->previous->value() < from_);
    if (!begins && header->previous != last) return false;
    const Result<bool> payload = reader.has_payload(**next);
    if (!payload ||
        (!*payload && reader.payload(**next).ok() == false && reader.payload(**next).error().code != Code::pruned)) {
      return false;
    }
    last = *next;
  }
  return true;
}

void FollowStreams::assign(const std::vector<Spec*>& missing, const feed::Checkpoint& ours) {
  std::map<PeerId, std::vector<Spec*>> load;
  for (Spec* spec : missing) {
    if (const std::optional<PeerId> id = choose(*spec, ours, load)) {
      load[*id].push_back(spec);
    } else if (!spec->reported && !spec->tried.empty() && !core_.reader().fork_limit()) {
      spec->reported = true;
      core_.log(base::LogLevel::warning,
                "topic " + spec->stream.topic + ": the connected peers withhold or lack blocks that the head signs");
    }
  }
  for (const auto& [id, specs] : load) {
    std::map<Start, std::vector<Spec*>> by_start;
    for (Spec* spec : specs) by_start[start_of(*spec)].push_back(spec);
    for (const auto& [start, group] : by_start) ask(id, group, start, ours);
  }
}

std::optional<PeerId> FollowStreams::choose(const Spec& spec, const feed::Checkpoint& ours,
                                            const std::map<PeerId, std::vector<Spec*>>& load) const {
  std::optional<PeerId> best;
  std::tuple<bool, bool, std::size_t> best_rank;
  const base::MonoTime now = core_.now();
  for (const auto& [id, peer] : core_.peers()) {
    if (peer->gone || peer->head_size() < ours.tree_size || spec.tried.contains(id) || !core_.may_ask(*peer)) continue;
    if (fetcher_.outstanding(id, Purpose::streams) >= kWantsPerPeer) continue;
    const auto mine = load.find(id);
    const std::tuple rank{peer->slow(now), !peer->may_give(spec.stream),
                          mine == load.end() ? std::size_t{0} : mine->second.size()};
    if (!best || rank < best_rank) {
      best = id;
      best_rank = rank;
    }
  }
  return best;
}

/// Where payloads may have been dropped, they are not fetched again: from the first block that is missing. Headers
/// alone when blocks from there on may be too old.
FollowStreams::Start FollowStreams::start_of(const Spec& spec) const {
  if (!oldest_) return Start{spec.complete_to, false};
  std::optional<Start> start;
  const TopicExchange::Known* known = topics_.known(spec.stream.topic);
  for (const feed::TopicStateEntry& entry : known->entries) {
    const bool ours = spec.stream.partition == kAllPartitions || spec.stream.partition == entry.stream.partition;
    const auto chain = chains_.find(entry.stream);
    const bool whole = chain != chains_.end() && chain->second == entry.last_block;
    if (!ours || whole || !entry.last_block || entry.last_block->value() < from_) continue;
    const Start one = start_of(entry);
    if (!start) {
      start = one;
    } else {
      start = Start{std::min(start->begin, one.begin), start->headers_only || one.headers_only};
    }
  }
  return start.value_or(Start{spec.complete_to, false});
}

FollowStreams::Start FollowStreams::start_of(const feed::TopicStateEntry& entry) const {
  const auto chain = chains_.find(entry.stream);
  const std::optional<BlockIndex> last = chain == chains_.end() ? std::nullopt : chain->second;
  Start start{last ? last->value() + 1 : from_, false};
  if (oldest() == kNoTime) return start;
  const auto next = core_.reader().next_block(entry.stream, last);
  if (next && *next) {
    const auto header = core_.reader().header(**next);
    if (header && header->previous == last) {
      start.headers_only = header->append_time < oldest();
      return start;
    }
  }
  start.headers_only = is_old(last);
  return start;
}

bool FollowStreams::is_old(std::optional<BlockIndex> block) const {
  if (!block) return true;
  const auto header = core_.reader().header(*block);
  return !header || header->append_time < oldest();
}

void FollowStreams::on_run(const FetchWant& want, const Data& run) {
  if (want.ask().purpose != Purpose::streams || !want.ask().headers_only) return;
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

void FollowStreams::ask(PeerId id, const std::vector<Spec*>& specs, const Start& start, const feed::Checkpoint& ours) {
  for (std::size_t at = 0; at < specs.size(); at += kMaxWantStreams) {
    const std::size_t end = std::min(specs.size(), at + kMaxWantStreams);
    FetchWant::Ask ask;
    ask.peer = id;
    ask.purpose = Purpose::streams;
    ask.proof = ours;
    ask.begin = start.begin;
    ask.end = std::min(ours.tree_size, core_.reader().fork_limit().value_or(ours.tree_size));
    if (ask.end <= ask.begin) continue;
    ask.headers_only = start.headers_only;
    ask.base = core_.mirror()->knows_edge(ask.begin) ? ask.begin : std::min(core_.reader().header_prefix(), ask.begin);
    for (std::size_t i = at; i < end; ++i) ask.streams.push_back(specs[i]->stream);
    const std::uint64_t want = fetcher_.ask(std::move(ask));
    for (std::size_t i = at; i < end; ++i) specs[i]->want = want;
  }
}

void FollowStreams::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  // What ended under a head that is not ours any more says nothing of the blocks that came since.
  const bool current = ours && want.ask().proof.tree_size >= ours->tree_size;
  for (Spec& spec : specs_) {
    if (spec.want != want.id()) continue;
    spec.want = 0;
    if (reason && current) spec.tried.insert(want.ask().peer);
  }
}

void FollowStreams::on_have(PeerId id) {
  for (Spec& spec : specs_) {
    spec.tried.erase(id);
    spec.reported = false;
  }
}

void FollowStreams::on_accepted() {
  for (Spec& spec : specs_) spec.tried.clear();
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
