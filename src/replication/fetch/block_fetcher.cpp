#include "replication/fetch/block_fetcher.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// A want without progress for this time stalls.
constexpr base::MonoTime kStall = std::chrono::seconds(5);
/// A live want without progress for this time is no longer expected to bring the rest of its head.
constexpr base::MonoTime kPushing = std::chrono::seconds(1);
/// Deadline for the first byte of a want; a want of at most kFew blocks has the shorter one.
constexpr base::MonoTime kFirstByte = std::chrono::seconds(2);
constexpr base::MonoTime kFirstByteOfFew = std::chrono::seconds(1);
constexpr std::uint64_t kFew = 16;
/// A peer below this rate (bytes a second), or below this share of the best peer's rate, stalls after this time and two
/// round trips: a few bytes now and then must not keep a want alive.
constexpr base::MonoTime kDribbling = std::chrono::seconds(3);
constexpr double kLeastRate = 4096;
constexpr double kLeastShare = 0.01;
/// Time for which a peer that stalled is not asked while others can give; doubles with each stall in a row.
constexpr base::MonoTime kSlowPenalty = std::chrono::seconds(5);
constexpr unsigned kMaxDoublings = 4;
/// One want gets at most this fraction of its peer's credit, so that a second one can run.
constexpr std::uint64_t kShares = 2;

/// The want is unanswered although nothing earlier was still in transit.
bool unanswered(const FetchWant& want, const PathEstimate& path, base::MonoTime now) {
  const bool few = want.ask().end - want.ask().begin <= kFew;
  return !want.begun() && now - std::max(want.asked(), path.last_delivered()) >= (few ? kFirstByteOfFew : kFirstByte);
}

}  // namespace

std::uint64_t BlockFetcher::ask(FetchWant::Ask ask) {
  Peer* peer = core_.find(ask.peer);
  const feed::FeedMirror& mirror = *core_.mirror();
  if (peer == nullptr || core_.store_closed() || !mirror.knows_edge(ask.base)) return 0;
  const PeerId from = ask.peer;
  if (ask.window == 0) ask.window = window(from, *peer, 0);
  const std::uint64_t id = core_.fresh_id();
  const FetchWant& want = wants_.emplace(id, FetchWant(id, std::move(ask), core_.now())).first->second;
  core_.send(*peer, want.message());
  update_owing(from);
  return id;
}

std::uint64_t BlockFetcher::window(PeerId id, const Peer& peer, std::uint64_t want) const {
  std::uint64_t granted = 0;
  for (const auto& [other, one] : wants_) {
    if (one.ask().peer == id && !one.live() && other != want) granted += one.credit();
  }
  const std::uint64_t all = peer.credit.bytes();
  return std::max(PeerCredit::kFloor, std::min(all / kShares, all - std::min(all, granted)));
}

void BlockFetcher::measure(Peer& peer, const FetchWant& want, std::size_t wire_size) {
  if (want.live()) return;
  peer.path.delivered(wire_size, core_.now());
  if (want.finished()) update_owing(want.ask().peer);
}

void BlockFetcher::update_owing(PeerId id) {
  Peer* peer = core_.find(id);
  if (peer == nullptr) return;
  const bool owing = std::any_of(wants_.begin(), wants_.end(), [&](const auto& item) {
    return item.second.ask().peer == id && !item.second.live() && !item.second.finished();
  });
  peer->path.set_owing(owing, core_.now());
}

void BlockFetcher::cancel(std::uint64_t want) {
  const auto found = wants_.find(want);
  if (found == wants_.end()) return;
  if (Peer* peer = core_.find(found->second.ask().peer)) core_.send(*peer, Cancel{want});
  end(want, std::nullopt);
}

void BlockFetcher::cancel_all(Purpose purpose) {
  std::vector<std::uint64_t> ids;
  for (const auto& [id, want] : wants_) {
    if (want.ask().purpose == purpose) ids.push_back(id);
  }
  for (const std::uint64_t id : ids) cancel(id);
}

void BlockFetcher::cancel_all() {
  while (!wants_.empty()) cancel(wants_.begin()->first);
}

FetchWant* BlockFetcher::expected(PeerId id, Peer& peer, std::uint64_t want, std::size_t wire_size) {
  const auto found = wants_.find(want);
  if (found != wants_.end() && found->second.ask().peer == id) return &found->second;
  const bool late = peer.given_up.wants.contains(want);
  const base::MonoTime now = core_.now();
  if (!late) {
    core_.blame(peer, "data that nobody asked for");
  } else if (peer.slow_until > now && wire_size > 0) {
    // The peer is alive: each late message of a cancelled want halves the rest of its penalty.
    peer.slow_until -= (peer.slow_until - now) / 2;
  }
  return nullptr;
}

/// Whether our side still knows the edges that the run is proven from and under. If our head moved on by other blocks,
/// it may not, and then a run that does not prove says nothing about the peer.
bool BlockFetcher::provable(const FetchWant& want, const Data& data) const {
  const feed::FeedMirror& mirror = *core_.mirror();
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  if (!mirror.knows_edge(data.base)) return false;
  if (!ours) return true;
  const std::uint64_t size = want.ask().proof.tree_size;
  if (size < ours->tree_size) return mirror.knows_edge(size);
  return size == ours->tree_size || data.base == ours->tree_size;
}

void BlockFetcher::on_data(PeerId id, Peer& peer, const Data& data, std::size_t wire_size) {
  FetchWant* want = expected(id, peer, data.want, wire_size);
  if (want == nullptr) return;
  if (Result<void> due = want->check_run(data, wire_size); !due) return core_.blame(peer, due.error().message);
  if (!provable(*want, data)) {
    // The run carried the peer's new head, which the peer will not announce again.
    if (data.with_head && heads_.check_signature(peer, data.head)) peer.view.head = data.head;
    return cancel(data.want);
  }
  store_run(peer, *want, data, wire_size);
}

/// Whether only payloads above the want's push limit are absent. The headers are verified already.
bool BlockFetcher::payloads_due(const FetchWant& want, const Data& data) {
  if (want.ask().headers_only) return true;
  return std::all_of(data.blocks.begin(), data.blocks.end(), [&](const DataBlock& block) {
    if (block.form != PayloadForm::absent) return true;
    const Result<feed::BlockHeader> header = feed::decode_header(block.header);
    return header && header->payload_size > want.ask().push_limit;
  });
}

void BlockFetcher::store_run(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size) {
  std::vector<feed::IncomingBlock> blocks;
  blocks.reserve(data.blocks.size());
  for (const DataBlock& block : data.blocks) {
    feed::IncomingBlock incoming{block.index, block.header, std::nullopt};
    if (block.form == PayloadForm::with_block) incoming.payload = ByteView(block.payload);
    blocks.push_back(incoming);
  }
  const feed::Checkpoint proof = want.ask().proof;
  Result<feed::AcceptResult> result = core_.mirror()->accept(proof, data.base, blocks, data.cover);
  if (!result && result.error().code == Code::unverified) {
    // A signed head that does not extend ours may be a fork.
    if (data.with_head && !heads_.check_signature(peer, data.head)) return;
    if (data.with_head && data.head.tree_size >= peer.head_size()) peer.view.head = data.head;
    heads_.dispute(want.ask().peer, peer, "a run of blocks does not prove: " + result.error().message);
    return peer.gone ? void() : cancel(want.id());
  }
  if (!result) return fail(peer, want.id(), result.error(), "cannot store a run of blocks");
  if (!payloads_due(want, data)) return core_.blame(peer, "a block without its payload");
  run_taken(peer, want, data, wire_size, result->head_advanced);
}

/// The run's shape needs no check: FeedMirror computes headers and root from our own state, so it is growth of our head
/// that the feed's key signed, or a lie.
void BlockFetcher::on_push(PeerId id, Peer& peer, Push push, std::size_t wire_size) {
  FetchWant* want = expected(id, peer, push.want, wire_size);
  if (want == nullptr) return;
  if (Result<void> due = want->check_push(wire_size); !due) return core_.blame(peer, due.error().message);
  feed::FeedMirror& mirror = *core_.mirror();
  // Our head moved on by other blocks: whether this push proves can no longer be computed.
  if (!mirror.complete_at(want->ask().proof.tree_size)) return cancel(push.want);
  feed::CompactRun run{push.time, push.signature, {}};
  run.blocks.reserve(push.blocks.size());
  for (const Push::Block& block : push.blocks) run.blocks.push_back({block.header, block.payload});
  Result<feed::FeedMirror::Expanded> taken = mirror.accept_compact(run);
  if (!taken) return fail(peer, push.want, taken.error(), "a push does not prove");
  Data data;
  data.want = push.want;
  data.with_head = true;
  data.head = taken->head;
  data.base = want->ask().proof.tree_size;
  data.tree_size = taken->head.tree_size;
  for (std::size_t i = 0; i < push.blocks.size(); ++i) {
    data.blocks.push_back({BlockIndex{data.base + i}, std::move(taken->headers[i]), PayloadForm::with_block,
                           std::move(push.blocks[i].payload)});
  }
  want->begin_head(data.head);
  run_taken(peer, *want, data, wire_size, true);
}

void BlockFetcher::run_taken(Peer& peer, FetchWant& want, const Data& data, std::size_t wire_size, bool head_advanced) {
  const feed::Checkpoint proof = want.ask().proof;
  peer.view.blocks_in += data.blocks.size();
  if (data.with_head && data.head.tree_size >= peer.head_size()) peer.view.head = data.head;
  want.run_taken(data, core_.now());
  measure(peer, want, wire_size);
  renew(peer, want);
  hooks_.on_run(want, data);
  if (!data.blocks.empty()) hooks_.on_new_blocks();
  if (head_advanced) heads_.accepted(proof);
}

void BlockFetcher::on_piece(PeerId id, Peer& peer, Piece piece, std::size_t wire_size) {
  FetchWant* want = expected(id, peer, piece.want, wire_size);
  if (want == nullptr) return;
  if (Result<void> due = want->check_piece(piece, wire_size); !due) return core_.blame(peer, due.error().message);
  const BlockIndex block = piece.block;
  const std::optional<Bytes> payload = want->piece_taken(std::move(piece), core_.now());
  measure(peer, *want, wire_size);
  if (payload) {
    if (Result<void> stored = core_.mirror()->add_payload(block, *payload); !stored) {
      return fail(peer, want->id(), stored.error(), "a payload does not prove");
    }
  }
  renew(peer, *want);
  if (!payload) return;
  hooks_.on_payload(*want, block);
  hooks_.on_new_blocks();
}

void BlockFetcher::fail(Peer& peer, std::uint64_t want, const Error& error, std::string_view what) {
  if (error.code == Code::fork) {
    cancel(want);
    return heads_.fork_found();
  }
  core_.refused(peer, error, what);
  // Trouble of our own: what was requested cannot be stored.
  if (!peer.gone) cancel(want);
}

void BlockFetcher::renew(Peer& peer, FetchWant& want) {
  const std::uint64_t most = want.live() ? want.ask().window : window(want.ask().peer, peer, want.id());
  const std::uint64_t more = want.renew(most);
  const bool able =
      want.live() && want.ask().streams.empty() && core_.mirror()->complete_at(want.ask().proof.tree_size);
  const bool compact = able && want.begin_compact();
  if (more > 0 || compact) core_.send(peer, Credit{want.id(), more, compact});
}

void BlockFetcher::on_end(PeerId id, Peer& peer, const WantEnd& end_message) {
  FetchWant* want = expected(id, peer, end_message.want, 0);
  if (want == nullptr) return;
  if (end_message.reason == EndReason::done) {
    if (want->live()) return core_.blame(peer, "a live want that is done");
    const bool all_there = !want->ask().streams.empty() || want->finished();
    if (!all_there) return core_.blame(peer, "it says done and left blocks out");
  } else if (want->finished()) {
    return core_.blame(peer, "it gave everything and says that it does not hold it");
  }
  end(end_message.want, end_message.reason);
}

void BlockFetcher::end(std::uint64_t id, std::optional<EndReason> reason) {
  const auto found = wants_.find(id);
  const FetchWant want = std::move(found->second);
  wants_.erase(found);
  if (!reason) {
    if (Peer* peer = core_.find(want.ask().peer)) peer->given_up.wants.add(id);
  }
  update_owing(want.ask().peer);
  hooks_.on_end(want, reason);
}

void BlockFetcher::forget(PeerId id) {
  std::vector<std::uint64_t> lost;
  for (const auto& [want_id, want] : wants_) {
    if (want.ask().peer == id) lost.push_back(want_id);
  }
  for (const std::uint64_t want_id : lost) end(want_id, std::nullopt);
}

void BlockFetcher::tick() {
  for (const auto& [id, peer] : core_.peers()) {
    peer->credit.update(peer->path);
  }
  drop_stalled();
}

bool BlockFetcher::stalls(const FetchWant& want, double best_rate) const {
  const base::MonoTime now = core_.now();
  const auto peer = core_.peers().find(want.ask().peer);
  if (peer == core_.peers().end()) return false;
  const PathEstimate& path = peer->second->path;
  if (now - want.progress() >= kStall || unanswered(want, path, now)) return true;
  if (path.owing_for(now) < kDribbling + 2 * path.round_trip()) return false;
  return path.recent_rate(now) < std::max(kLeastRate, kLeastShare * best_rate);
}

void BlockFetcher::drop_stalled() {
  const base::MonoTime now = core_.now();
  double best_rate = 0;
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone) best_rate = std::max(best_rate, peer->path.recent_rate(now));
  }
  std::vector<std::uint64_t> stalled;
  for (const auto& [id, want] : wants_) {
    if (want.live() || want.finished() || !stalls(want, best_rate)) continue;
    if (hooks_.has_alternative(want)) stalled.push_back(id);
  }
  for (const std::uint64_t id : stalled) {
    const auto found = wants_.find(id);
    if (found == wants_.end()) continue;
    Peer* peer = core_.find(found->second.ask().peer);
    if (peer != nullptr && peer->slow_until <= now) {
      peer->slow_until = now + kSlowPenalty * (1U << std::min(peer->stalls++, kMaxDoublings));
      peer->path.forget_rate();
      core_.log(base::LogLevel::info,
                "peer at " + peer->view.address.host_port + " stalls; its blocks are asked elsewhere");
    }
    cancel(id);
  }
}

std::uint64_t BlockFetcher::bytes_of(const DataBlock& block) {
  std::uint64_t bytes = block.header.size() + block.payload.size();
  if (block.form == PayloadForm::pieces) {
    if (const auto header = feed::decode_header(block.header)) bytes += header->payload_size;
  }
  return bytes;
}

std::size_t BlockFetcher::outstanding(PeerId id, Purpose purpose) const {
  return static_cast<std::size_t>(std::count_if(wants_.begin(), wants_.end(), [&](const auto& item) {
    return item.second.ask().peer == id && item.second.ask().purpose == purpose && !item.second.finished();
  }));
}

std::vector<const FetchWant*> BlockFetcher::unfinished(Purpose purpose) const {
  std::vector<const FetchWant*> out;
  for (const auto& [id, want] : wants_) {
    if (want.ask().purpose == purpose && !want.finished()) out.push_back(&want);
  }
  return out;
}

const FetchWant* BlockFetcher::bringing(std::uint64_t tree_size) const {
  for (const auto& [id, want] : wants_) {
    const bool moving = want.unfinished_run() && core_.now() - want.progress() < kPushing;
    if (moving && want.ask().proof.tree_size == tree_size) return &want;
  }
  return nullptr;
}

const FetchWant* BlockFetcher::find(std::uint64_t want) const {
  const auto found = wants_.find(want);
  return found == wants_.end() ? nullptr : &found->second;
}

}  // namespace shoal::replication
