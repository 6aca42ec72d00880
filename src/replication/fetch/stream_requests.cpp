#include "replication/fetch/stream_requests.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// A request is cut when it is more than this many portions.
constexpr std::uint64_t kPortionsBeforeCut = 4;

}  // namespace

bool StreamRequests::send(PeerId id, const Request& request) {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!ours || request.end <= request.begin) return false;
  FetchWant::Ask ask;
  ask.peer = id;
  ask.purpose = Purpose::sparse;
  ask.proof = *ours;
  ask.begin = request.begin;
  ask.end = request.end;
  ask.headers_only = request.headers_only;
  ask.base = core_.mirror()->knows_edge(ask.begin) ? ask.begin : std::min(core_.reader().header_prefix(), ask.begin);
  ask.streams = request.streams;
  const std::uint64_t want = fetcher_.ask(std::move(ask));
  if (want != 0) sent_.emplace(want, Sent{request, id});
  return want != 0;
}

std::uint64_t StreamRequests::suitable_end(PeerId id, const Request& request, std::uint64_t most_bytes) const {
  const auto peer = core_.peers().find(id);
  if (request.headers_only || request.bytes_per_block <= 0 || peer == core_.peers().end()) return request.end;
  const std::uint64_t bytes = std::min(peer->second->portion_bytes(core_.now()), most_bytes);
  const double blocks = static_cast<double>(std::max(bytes, kMinPortionBytes)) / request.bytes_per_block;
  // The quotient may be larger than any block index.
  if (blocks >= static_cast<double>(request.end - request.begin)) return request.end;
  return request.begin + std::max<std::uint64_t>(static_cast<std::uint64_t>(blocks), 1);
}

std::optional<std::uint64_t> StreamRequests::ask(PeerId id, Request request, double share) {
  const double bytes = static_cast<double>(request.end - request.begin) * request.bytes_per_block;
  request.end = suitable_end(id, request, static_cast<std::uint64_t>(bytes * share / kPortionsToGo));
  return send(id, request) ? std::optional(request.end) : std::nullopt;
}

void StreamRequests::clear() {
  sent_.clear();
  fetcher_.cancel_all(Purpose::sparse);
}

RangeSet StreamRequests::pending(const TopicPartition& stream) const {
  RangeSet out;
  for (const auto& [want, sent] : sent_) {
    const std::vector<TopicPartition>& streams = sent.request.streams;
    const bool has = std::binary_search(streams.begin(), streams.end(), stream);
    if (has) out.add(sent.request.begin, sent.request.end);
  }
  return out;
}

std::optional<StreamRequests::Request> StreamRequests::on_run(const FetchWant& want, const Data& run) {
  const auto found = sent_.find(want.id());
  if (found == sent_.end()) return std::nullopt;
  Sent& sent = found->second;
  for (const DataBlock& block : run.blocks) sent.bytes += BlockFetcher::bytes_of(block);
  sent.request.bytes_per_block = bytes_per_block(sent, want);
  std::optional<Request> cut;
  if (want.front() < sent.request.end) {
    Request rest = sent.request;
    rest.begin = want.front();
    const std::uint64_t suitable = suitable_end(sent.peer, rest, kMaxPortionBytes);
    // Blocks past the new end that are already in transit come twice, so a small excess is not worth a cut.
    if (rest.end - rest.begin > kPortionsBeforeCut * (suitable - rest.begin)) {
      sent.request.end = suitable;
      cut = sent.request;
    }
  }
  end_if_done(want);
  return cut;
}

void StreamRequests::end_if_done(const FetchWant& want) {
  const auto found = sent_.find(want.id());
  if (found == sent_.end() || found->second.request.end == want.ask().end) return;
  if (want.front() >= found->second.request.end) fetcher_.cancel(want.id());
}

std::optional<StreamRequests::Request> StreamRequests::on_end(const FetchWant& want) {
  const auto found = sent_.find(want.id());
  if (found == sent_.end()) return std::nullopt;
  Request request = std::move(found->second.request);
  sent_.erase(found);
  return request;
}

double StreamRequests::bytes_per_block(const Sent& sent, const FetchWant& want) {
  const std::uint64_t walked = want.next() - want.ask().begin;
  if (walked == 0 || sent.bytes == 0) return sent.request.bytes_per_block;
  return static_cast<double>(sent.bytes) / static_cast<double>(walked);
}

std::vector<Outstanding> StreamRequests::outstanding() const {
  std::map<PeerId, double> owed;
  std::vector<Outstanding> out;
  for (const auto& [id, sent] : sent_) {
    const FetchWant* want = fetcher_.find(id);
    if (want == nullptr || sent.request.headers_only || want->front() >= sent.request.end) continue;
    Outstanding one;
    one.want = id;
    one.peer = sent.peer;
    one.rest = {BlockIndex{want->front()}, BlockIndex{sent.request.end}};
    one.bytes_per_block = sent.request.bytes_per_block;
    owed[one.peer] += static_cast<double>(one.rest.end - one.rest.begin) * one.bytes_per_block;
    if (one.bytes_per_block > 0) out.push_back(one);
  }
  for (Outstanding& one : out) {
    const auto peer = core_.peers().find(one.peer);
    one.seconds_left = owed[one.peer] / (peer == core_.peers().end() ? 0 : peer->second->counted_rate(core_.now()));
  }
  return out;
}

void StreamRequests::share(const std::vector<PeerId>& ready, const Able& able) {
  const base::MonoTime now = core_.now();
  if (sent_.empty() || now - shared_at_ < kShareEvery) return;
  shared_at_ = now;
  for (const PeerId id : ready) {
    if (fetcher_.outstanding(id, Purpose::sparse) == 0) help(id, able);
  }
}

void StreamRequests::help(PeerId id, const Able& able) {
  const Peer& peer = *core_.find(id);
  std::vector<Outstanding> askable = outstanding();
  std::erase_if(askable, [&](const Outstanding& one) { return !able(id, sent_.at(one.want).request); });
  const auto split = pick_split(askable, {id, peer.counted_rate(core_.now()), peer.path.round_trip()});
  const FetchWant* want = split ? fetcher_.find(split->want) : nullptr;
  if (want == nullptr) return;
  Sent& owner = sent_.at(split->want);
  Request request = owner.request;
  request.begin = split->part.begin.value();
  if (!send(id, request)) return;
  owner.request.end = split->part.begin.value();
  end_if_done(*want);
}

}  // namespace shoal::replication
