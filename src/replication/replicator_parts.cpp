#include "replication/replicator_parts.h"

#include <algorithm>

namespace shoal::replication {
namespace {

/// Payloads this close to the end of the feed are told of at once when they are here.
constexpr std::uint64_t kNewBlocks = 64;

template <class... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};
template <class... Calls>
Overloaded(Calls...) -> Overloaded<Calls...>;

}  // namespace

Replicator::Impl::Impl(ReplicatorContext context, ReplicatorOptions options)
    : core(std::move(context), options),
      tree_peers(core),
      heads(
          core, [this] { on_accepted(); }, [this] { return live.expects_push(); }),
      topics(core, heads),
      fetcher(core, heads, fetch_hooks()),
      all(core, fetcher),
      streams(core, fetcher, topics),
      live(core, tree_peers, fetcher, live_hooks()),
      offsets(core, fetcher, topics),
      wants(core, tree_peers),
      announcer(tree_peers, core.mirror() == nullptr),
      requests(core),
      receipts(core, [this] { return heads.forked(); }),
      duplicates(core, [this](PeerId id) { after_message(id); }) {}

BlockFetcher::Hooks Replicator::Impl::fetch_hooks() {
  BlockFetcher::Hooks hooks;
  hooks.on_run = [this](const FetchWant& want, const Data& run) { on_run(want, run); };
  hooks.on_payload = [this](const FetchWant& want, BlockIndex block) {
    // Each may end the want.
    if (want.ask().purpose == Purpose::sparse) {
      streams.on_payload(want);
    } else {
      offsets.on_payload(want, block);
    }
    if (all.active()) all.on_payload(block);
    const std::optional<feed::Checkpoint> ours = core.reader().head();
    // Others wait for somebody who has it.
    if (ours && block.value() + kNewBlocks >= ours->tree_size) report_held();
  };
  hooks.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) { on_want_end(want, reason); };
  hooks.on_new_blocks = [this] { on_new_blocks(); };
  hooks.has_alternative = [this](const FetchWant& want) {
    if (want.ask().purpose == Purpose::full) return all.has_alternative(want);
    return want.ask().purpose == Purpose::sparse && streams.has_alternative(want);
  };
  return hooks;
}

LiveFetcher::Hooks Replicator::Impl::live_hooks() {
  LiveFetcher::Hooks hooks;
  hooks.streams = [this] { return follow_->everything ? std::vector<TopicPartition>{} : streams.streams(); };
  hooks.growing = [this] { return heads.growing(); };
  hooks.pull = [this](PeerId id) { heads.pull(id); };
  return hooks;
}

PeerId Replicator::Impl::add_peer(const PeerAddress& address, const PublicKey& node_key,
                                  std::shared_ptr<Outbox> outbox) {
  const PeerId id{++last_peer_};
  auto peer = std::make_unique<Peer>();
  peer->view.id = id;
  peer->view.address = address;
  peer->view.node_key = node_key;
  peer->outbox = std::move(outbox);
  peer->last_heard = peer->joined = peer->view.since = core.now();
  peer->credit = PeerCredit(core.options().credit_bytes, core.credit_pool());
  Peer& added = *core.peers().emplace(id, std::move(peer)).first->second;
  duplicates.on_added(added);
  if (!added.gone) heads.on_peer_added(added);
  if (!added.gone) receipts.on_peer_added(added);
  if (!added.gone) tick_peer(added);
  core.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  arm();
  return id;
}

void Replicator::Impl::remove_peer(PeerId id) {
  const auto found = core.peers().find(id);
  if (found == core.peers().end()) return;
  found->second->gone = true;
  end_wants(id);
  core.peers().erase(found);
  heads.forget(id);
  live.forget(id);
  all.holders_changed();
  core.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  plan_soon();
}

void Replicator::Impl::end_wants(PeerId id) {
  fetcher.forget(id);
  streams.forget(id);
  topics.forget(id);
  offsets.forget(id);
  wants.forget(id);
  requests.forget(id);
  receipts.forget(id);
}

void Replicator::Impl::on_message(PeerId id, Message message) {
  Peer* peer = core.find(id);
  if (peer == nullptr) return;
  peer->view.bytes_in += message.wire_size;
  peer->in_rate.add(message.wire_size, core.now());
  peer->last_heard = core.now();
  // Questions wait for their turn where they are answered.
  if (RequestServer::answers(message.body) || peer->budget.spend(message.body, core.now())) {
    dispatch(id, *peer, message);
  } else {
    core.flood(*peer, std::string("floods with ") + message_name(message.body));
  }
  after_message(id);
}

/// A peer that was blamed on the way loses its wants at once, so that others are asked without waiting for its end.
void Replicator::Impl::after_message(PeerId id) {
  const auto found = core.peers().find(id);
  if (found == core.peers().end() || !found->second->gone) return;
  end_wants(id);
  plan_soon();
}

void Replicator::Impl::dispatch(PeerId id, Peer& peer, Message& message) {
  const bool greeting = std::holds_alternative<Head>(message.body) || std::holds_alternative<NoHead>(message.body) ||
                        std::holds_alternative<Fork>(message.body);
  if (!peer.first_head_came && !greeting) return core.blame(peer, "it does not begin with its head");
  const bool answers = !std::holds_alternative<Fork>(message.body);
  const bool asks_us = core.mirror() != nullptr;
  std::visit(Overloaded{
                 [&](const Head& head) {
                   peer.view.answered = true;
                   heads.on_head(id, peer, head.head);
                   if (!peer.gone) live.on_head(id);
                   plan_soon();
                 },
                 [&](const NoHead&) {
                   peer.view.answered = true;
                   heads.on_no_head(id, peer);
                   plan_soon();
                 },
                 [&](const Fork& fork) { heads.on_fork(peer, fork); },
                 [&](const AskHead&) { heads.announce(peer); },
                 [&](const Have& have) { on_have(id, peer, have); },
                 [&](const Ping& ping) { requests.on_request(id, peer, ping); },
                 [&](const Growth& growth) { requests.on_request(id, peer, growth); },
                 [&](const TopicStateRequest& request) { requests.on_request(id, peer, request); },
                 [&](const Lookup& lookup) { requests.on_request(id, peer, lookup); },
                 [&](const Pong& pong) { on_pong(peer, pong); },
                 [&](const GrowthReply& reply) { heads.on_growth_reply(id, peer, reply); },
                 [&](const TopicStateReply& reply) {
                   topics.on_reply(id, peer, reply);
                   plan_soon();
                 },
                 [&](const LookupReply& reply) { offsets.on_lookup_reply(id, peer, reply); },
                 [&](const Want& want) { wants.on_want(id, peer, want); },
                 [&](const Credit& credit) { wants.on_credit(id, peer, credit); },
                 [&](const Cancel& cancel) { wants.on_cancel(id, cancel); },
                 [&](const Data& data) {
                   asks_us ? fetcher.on_data(id, peer, data, message.wire_size)
                           : core.blame(peer, "blocks of our own feed");
                 },
                 [&](Push& push) {
                   asks_us ? fetcher.on_push(id, peer, std::move(push), message.wire_size)
                           : core.blame(peer, "blocks of our own feed");
                 },
                 [&](Piece& piece) {
                   asks_us ? fetcher.on_piece(id, peer, std::move(piece), message.wire_size)
                           : core.blame(peer, "blocks of our own feed");
                 },
                 [&](const WantEnd& end) { fetcher.on_end(id, peer, end); },
                 [&](const ReceiptMessage& receipt) { receipts.on_message(id, peer, receipt); },
                 // The session keeps these to itself.
                 [&](const Unknown&) {},
                 [&](const Open&) {},
                 [&](const Identity&) {},
                 [&](const Close&) {},
             },
             message.body);
  peer.first_head_came = peer.first_head_came || answers;
}

void Replicator::Impl::on_have(PeerId id, Peer& peer, const Have& have) {
  peer.have = have;
  peer.held.clear();
  peer.lacking.clear();
  for (const BlockRange& range : have.ranges) {
    if (range.begin >= range.end) return core.blame(peer, "it holds a run that ends before it begins");
    peer.held.add(range);
  }
  streams.on_have(id);
  all.holders_changed();
  plan_soon();
}

void Replicator::Impl::on_pong(Peer& peer, const Pong& pong) {
  if (peer.ping_nonce == 0 || pong.nonce != peer.ping_nonce) return core.blame(peer, "a pong to no ping");
  peer.ping_nonce = 0;
  const base::MonoTime trip = core.now() - peer.ping_sent;
  peer.view.round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(trip).count();
  peer.path.measured_trip(trip, core.now());
}

void Replicator::Impl::on_run(const FetchWant& want, const Data& run) {
  if (Peer* peer = core.find(want.ask().peer)) {
    for (const DataBlock& block : run.blocks) {
      if (block.form == PayloadForm::pruned) peer->lacking.add(block.index.value(), block.index.value() + 1);
    }
  }
  const bool announced = std::any_of(run.blocks.begin(), run.blocks.end(),
                                     [](const DataBlock& block) { return block.form == PayloadForm::absent; });
  // Before the head goes on: what it stands for is not all here yet.
  if (announced && !want.ask().headers_only) report_held();
  // Whoever is told of the run may end the want.
  const Purpose purpose = want.ask().purpose;
  if (all.active()) all.on_run(run);
  switch (purpose) {
    case Purpose::sparse: return streams.on_run(want, run);
    case Purpose::single: return offsets.on_run(want, run);
    case Purpose::live: return live.on_run(want);
    case Purpose::full: return;
  }
}

void Replicator::Impl::on_want_end(const FetchWant& want, std::optional<EndReason> reason) {
  Peer* peer = core.find(want.ask().peer);
  if (peer != nullptr && reason == EndReason::not_held) {
    if (!want.live() && want.ask().streams.empty()) peer->lacking.add(want.next(), want.next() + 1);
  }
  switch (want.ask().purpose) {
    case Purpose::full: all.on_end(want, reason); break;
    case Purpose::sparse: streams.on_end(want, reason); break;
    case Purpose::single: offsets.on_end(want, reason); break;
    case Purpose::live: live.on_end(want, reason); break;
  }
  plan_soon();
}

void Replicator::Impl::on_accepted() {
  streams.on_accepted();
  live.on_accepted();
  wants.pump_all();
  announce_head();
  receipts.on_accepted();
  held_changed_ = true;
  plan_soon();
}

void Replicator::Impl::on_new_blocks() {
  held_changed_ = true;
  // Passed on at once, before our own flush.
  wants.pump_all();
  plan_soon();
  if (std::exchange(blocks_told_, true)) return;
  core.later([this] { blocks_told_ = false; });
  core.tell([](ReplicatorEvents& events) { events.on_blocks(); });
}

void Replicator::Impl::follow(Follow wanted) {
  stop_following();
  if (core.mirror() == nullptr) return;
  follow_ = std::move(wanted);
  told_synced_.reset();
  if (follow_->everything) {
    all.start(*follow_);
  } else {
    streams.start(*follow_);
  }
  if (follow_->live) live.start();
  plan_soon();
}

void Replicator::Impl::stop_following() {
  follow_.reset();
  all.stop();
  streams.stop();
  live.stop();
}

void Replicator::Impl::fetch_topics(std::vector<std::string> names, base::MonoTime timeout,
                                    std::function<void(Result<void>)> done) {
  if (core.mirror() == nullptr) return core.later([done = std::move(done)] { done({}); });
  if (names.empty()) names.push_back(std::string());
  struct Progress {
    std::size_t open = 0;
    Result<void> result;
    std::function<void(Result<void>)> done;
  };
  auto progress = std::make_shared<Progress>(Progress{names.size(), {}, std::move(done)});
  for (const std::string& name : names) {
    topics.fetch(name, timeout, [progress](const Result<void>& result) {
      if (!result) progress->result = result;
      if (--progress->open == 0) progress->done(progress->result);
    });
  }
  arm();
}

}  // namespace shoal::replication
