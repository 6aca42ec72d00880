#include "replication/fetch/stream_parts.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// A part of more than so many portions is cut.
constexpr std::uint64_t kTooMuch = 4;

}  // namespace

bool StreamParts::send(PeerId id, const Part& part) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || part.end <= part.begin) return false;
  FetchWant::Ask ask;
  ask.peer = id;
  ask.purpose = Purpose::sparse;
  ask.proof = *ours;
  ask.begin = part.begin;
  ask.end = part.end;
  ask.headers_only = part.headers_only;
  ask.base = core_.mirror()->knows_edge(ask.begin) ? ask.begin : std::min(core_.reader().header_prefix(), ask.begin);
  ask.streams = part.streams;
  const std::uint64_t want = fetcher_.ask(std::move(ask));
  if (want != 0) asked_.emplace(want, Asked{part, id});
  return want != 0;
}

std::uint64_t StreamParts::suitable_end(PeerId id, const Part& part, std::uint64_t most_bytes) const {
  const auto peer = core_.peers().find(id);
  if (part.headers_only || part.bytes_per_block <= 0 || peer == core_.peers().end()) return part.end;
  const std::uint64_t bytes = std::min(peer->second->portion_bytes(core_.now()), most_bytes);
  const double blocks = static_cast<double>(std::max(bytes, kMinPortionBytes)) / part.bytes_per_block;
  // The feed may be sparser than any number of blocks.
  if (blocks >= static_cast<double>(part.end - part.begin)) return part.end;
  return part.begin + std::max<std::uint64_t>(static_cast<std::uint64_t>(blocks), 1);
}

std::optional<std::uint64_t> StreamParts::ask(PeerId id, Part part, double share) {
  const double bytes = static_cast<double>(part.end - part.begin) * part.bytes_per_block;
  part.end = suitable_end(id, part, static_cast<std::uint64_t>(bytes * share / kPortionsToGo));
  return send(id, part) ? std::optional(part.end) : std::nullopt;
}

void StreamParts::clear() {
  asked_.clear();
  fetcher_.cancel_all(Purpose::sparse);
}

HaveSet StreamParts::asked(const TopicPartition& stream) const {
  HaveSet out;
  for (const auto& [want, asked] : asked_) {
    const std::vector<TopicPartition>& streams = asked.part.streams;
    const bool has = std::binary_search(streams.begin(), streams.end(), stream);
    if (has) out.add(asked.part.begin, asked.part.end);
  }
  return out;
}

std::optional<StreamParts::Part> StreamParts::on_run(const FetchWant& want, const Data& run) {
  const auto found = asked_.find(want.id());
  if (found == asked_.end()) return std::nullopt;
  Asked& asked = found->second;
  for (const DataBlock& block : run.blocks) asked.bytes += BlockFetcher::bytes_of(block);
  asked.part.bytes_per_block = bytes_per_block(asked, want);
  std::optional<Part> cut;
  if (want.front() < asked.part.end) {
    Part rest = asked.part;
    rest.begin = want.front();
    const std::uint64_t suitable = suitable_end(asked.peer, rest, kMaxPortionBytes);
    // What is on its way past the new end comes twice, so not for little.
    if (rest.end - rest.begin > kTooMuch * (suitable - rest.begin)) {
      asked.part.end = suitable;
      cut = asked.part;
    }
  }
  end_if_done(want);
  return cut;
}

void StreamParts::end_if_done(const FetchWant& want) {
  const auto found = asked_.find(want.id());
  if (found == asked_.end() || found->second.part.end == want.ask().end) return;
  if (want.front() >= found->second.part.end) fetcher_.cancel(want.id());
}

std::optional<StreamParts::Part> StreamParts::on_end(const FetchWant& want) {
  const auto found = asked_.find(want.id());
  if (found == asked_.end()) return std::nullopt;
  Part part = std::move(found->second.part);
  asked_.erase(found);
  return part;
}

double StreamParts::bytes_per_block(const Asked& asked, const FetchWant& want) {
  const std::uint64_t walked = want.next() - want.ask().begin;
  if (walked == 0 || asked.bytes == 0) return asked.part.bytes_per_block;
  return static_cast<double>(asked.bytes) / static_cast<double>(walked);
}

std::vector<Outstanding> StreamParts::outstanding() const {
  std::map<PeerId, double> owed;
  std::vector<Outstanding> out;
  for (const auto& [id, asked] : asked_) {
    const FetchWant* want = fetcher_.find(id);
    if (want == nullptr || asked.part.headers_only || want->front() >= asked.part.end) continue;
    Outstanding one;
    one.want = id;
    one.peer = asked.peer;
    one.rest = {BlockIndex{want->front()}, BlockIndex{asked.part.end}};
    one.bytes_per_block = asked.part.bytes_per_block;
    owed[one.peer] += static_cast<double>(one.rest.end - one.rest.begin) * one.bytes_per_block;
    if (one.bytes_per_block > 0) out.push_back(one);
  }
  for (Outstanding& one : out) {
    const auto peer = core_.peers().find(one.peer);
    one.seconds_left = owed[one.peer] / (peer == core_.peers().end() ? 0 : peer->second->counted_rate(core_.now()));
  }
  return out;
}

void StreamParts::share(const std::vector<PeerId>& ready, const Able& able) {
  const base::MonoTime now = core_.now();
  if (asked_.empty() || now - shared_at_ < kShareEvery) return;
  shared_at_ = now;
  for (const PeerId id : ready) {
    if (fetcher_.outstanding(id, Purpose::sparse) == 0) help(id, able);
  }
}

void StreamParts::help(PeerId id, const Able& able) {
  const Peer& peer = *core_.find(id);
  std::vector<Outstanding> askable = outstanding();
  std::erase_if(askable, [&](const Outstanding& one) { return !able(id, asked_.at(one.want).part); });
  const auto split = pick_split(askable, {id, peer.counted_rate(core_.now()), peer.path.round_trip()});
  const FetchWant* want = split ? fetcher_.find(split->want) : nullptr;
  if (want == nullptr) return;
  Asked& owner = asked_.at(split->want);
  Part part = owner.part;
  part.begin = split->part.begin.value();
  if (!send(id, part)) return;
  owner.part.end = split->part.begin.value();
  end_if_done(*want);
}

}  // namespace shoal::replication
