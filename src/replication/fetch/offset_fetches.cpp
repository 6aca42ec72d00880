#include "replication/fetch/offset_fetches.h"

#include <algorithm>

namespace shoal::replication {
namespace {

constexpr base::MonoTime kStall = std::chrono::seconds(5);
/// Fetches that one peer is asked for at once: half of the wants that a peer serves (WantServer::kMaxWantsPerPeer), so
/// that history and live blocks go on beside them. The others wait for their turn.
constexpr std::size_t kMostOfPeer = 8;

}  // namespace

FetchId OffsetFetches::start(const TopicPartition& stream, Offset offset, base::MonoTime timeout, Done done) {
  const FetchId id{++last_id_};
  Fetch fetch;
  fetch.stream = stream;
  fetch.offset = offset;
  fetch.deadline = core_.now() + timeout;
  fetch.done = std::move(done);
  fetches_.emplace(id, std::move(fetch));
  advance(id);
  return id;
}

void OffsetFetches::cancel(FetchId id) {
  if (fetches_.contains(id)) finish(id, Error{Code::cancelled, "the fetch was cancelled"});
}

void OffsetFetches::advance(FetchId id) {
  Fetch& fetch = fetches_.at(id);
  if (fetch.lookup != 0 || fetch.want != 0) return;
  const Result<std::optional<BlockIndex>> held = core_.reader().block_of_offset(fetch.stream, fetch.offset);
  if (!held) return finish(id, held.error());
  if (*held) {
    const Result<bool> payload = core_.reader().has_payload(**held);
    if (!payload) return finish(id, payload.error());
    if (*payload) return finish(id, **held);
  }
  if (core_.mirror() == nullptr) return finish(id, Error{Code::not_found, "the feed has no such offset"});
  if (const auto note = core_.reader().contradiction()) {
    return finish(id, feed::contradiction_error(core_.reader().id(), *note));
  }
  if (const std::optional<Error> closed = core_.store_closed()) return finish(id, *closed);
  if (core_.reader().head() && check_topic_state(id, fetch)) ask_peer(id, fetch);
}

bool OffsetFetches::check_topic_state(FetchId id, Fetch& fetch) {
  const std::string& topic = fetch.stream.topic;
  const TopicExchange::Known* known = topics_.known(topic);
  if (known != nullptr) {
    for (const feed::TopicStateEntry& entry : known->entries) {
      if (entry.stream == fetch.stream && fetch.offset >= Offset{0} && fetch.offset < entry.next_offset) return true;
    }
    if (topics_.is_fresh(topic)) {
      finish(id, Error{Code::not_found, "the signed topic state has no such offset"});
      return false;
    }
  }
  if (!std::exchange(fetch.asked_topic, true)) {
    topics_.fetch(topic, fetch.deadline - core_.now(), [this, id](const Result<void>&) {
      const auto found = fetches_.find(id);
      if (found == fetches_.end()) return;
      found->second.asked_topic = false;
      if (core_.now() < found->second.deadline) advance(id);
    });
  }
  return false;
}

void OffsetFetches::ask_peer(FetchId id, Fetch& fetch) {
  const std::uint64_t size = core_.reader().head()->tree_size;
  const base::MonoTime now = core_.now();
  Peer* best = nullptr;
  bool any = false;
  bool full = false;
  for (const auto& [peer_id, peer] : core_.peers()) {
    if (peer->gone || !peer->first_head_came) continue;
    any = true;
    if (fetch.tried.contains(peer_id) || peer->head_size() < size || !core_.may_ask(*peer)) continue;
    if (asked_of(peer_id) >= kMostOfPeer) {
      full = true;
      continue;
    }
    if (best != nullptr && best->slow_until <= now) continue;
    best = peer.get();
    fetch.peer = peer_id;
  }
  if (best == nullptr) {
    if (any && !full && fetch.seen_pruned) {
      finish(id, Error{Code::pruned, "every connected peer dropped the block that holds the offset"});
    }
    return;
  }
  fetch.sent = now;
  const Result<std::optional<BlockIndex>> held = core_.reader().block_of_offset(fetch.stream, fetch.offset);
  if (held && *held) return ask_block(id, fetch, **held);  // its header is here
  fetch.lookup = core_.fresh_id();
  core_.send(*best, Lookup{fetch.lookup, fetch.stream, LookupBy::offset, fetch.offset.value()});
}

std::size_t OffsetFetches::asked_of(PeerId peer) const {
  return static_cast<std::size_t>(std::count_if(fetches_.begin(), fetches_.end(), [&](const auto& item) {
    return item.second.peer == peer && (item.second.lookup != 0 || item.second.want != 0);
  }));
}

void OffsetFetches::on_lookup_reply(PeerId id, Peer& peer, const LookupReply& reply) {
  const auto found = std::find_if(fetches_.begin(), fetches_.end(), [&](const auto& item) {
    return item.second.lookup == reply.request && item.second.peer == id;
  });
  if (found == fetches_.end()) {
    const bool late = peer.given_up.lookups.contains(reply.request);
    return late ? void() : core_.blame(peer, "a look-up's answer to no question");
  }
  Fetch& fetch = found->second;
  fetch.lookup = 0;
  const std::uint64_t size = core_.reader().head()->tree_size;
  if (!reply.block) return give_up_peer(found->first, fetch);
  // The block of an offset that the accepted head signs lies below that head's size. A peer that is ahead may know of
  // another one all the same, when the owner gave the offset twice.
  if (reply.block->value() >= size && reply.block->value() < peer.head_size()) return give_up_peer(found->first, fetch);
  if (reply.block->value() >= size) return core_.blame(peer, "a look-up that points beyond the tree");
  ask_block(found->first, fetch, *reply.block);
}

void OffsetFetches::ask_block(FetchId id, Fetch& fetch, BlockIndex block) {
  const std::optional<std::uint64_t> limit = core_.reader().fork_limit();
  if (limit && block.value() >= *limit) {
    return finish(id, Error{Code::fork, "the offset lies behind the fork of the feed"});
  }
  FetchWant::Ask ask;
  ask.peer = fetch.peer;
  ask.purpose = Purpose::single;
  ask.proof = *core_.reader().head();
  ask.begin = block.value();
  ask.end = block.value() + 1;
  ask.base = std::min(core_.reader().header_prefix(), block.value());
  fetch.want = fetcher_.ask(std::move(ask));
}

OffsetFetches::Fetches::iterator OffsetFetches::by_want(std::uint64_t want) {
  return std::find_if(fetches_.begin(), fetches_.end(), [&](const auto& item) { return item.second.want == want; });
}

void OffsetFetches::on_run(const FetchWant& want, const Data& run) {
  const auto found = by_want(want.id());
  if (found == fetches_.end() || run.blocks.empty()) return;
  Fetch& fetch = found->second;
  const DataBlock& block = run.blocks.front();
  const Result<feed::BlockHeader> header = feed::decode_header(block.header);
  const bool right = header && header->stream == fetch.stream && header->base_offset <= fetch.offset &&
                     fetch.offset < header->next_offset();
  if (!right) {
    Peer* peer = core_.find(want.ask().peer);
    give_up_peer(found->first, fetch);
    if (peer != nullptr) core_.blame(*peer, "a look-up that named another block");
    return;
  }
  if (block.form == PayloadForm::with_block) return finish(found->first, block.index);
  if (block.form != PayloadForm::pruned) return;
  fetch.seen_pruned = true;
  give_up_peer(found->first, fetch);
}

void OffsetFetches::on_payload(const FetchWant& want, BlockIndex block) {
  const auto found = by_want(want.id());
  if (found != fetches_.end()) finish(found->first, block);
}

void OffsetFetches::on_end(const FetchWant& want, std::optional<EndReason> reason) {
  const auto found = by_want(want.id());
  if (found == fetches_.end()) return;
  if (reason != EndReason::busy) return give_up_peer(found->first, found->second);
  found->second.want = 0;  // asked again with the next tick
}

void OffsetFetches::give_up_peer(FetchId id, Fetch& fetch) {
  fetch.tried.insert(fetch.peer);
  fetch.want = 0;
  give_up_lookup(fetch);
  core_.later([this, id] {
    if (fetches_.contains(id)) advance(id);
  });
}

void OffsetFetches::give_up_lookup(Fetch& fetch) {
  const std::uint64_t lookup = std::exchange(fetch.lookup, 0);
  if (Peer* peer = core_.find(fetch.peer); peer != nullptr && lookup != 0) peer->given_up.lookups.add(lookup);
}

void OffsetFetches::forget(PeerId id) {
  for (auto& [want, fetch] : fetches_) {
    if (fetch.peer == id && fetch.lookup != 0) give_up_peer(want, fetch);
  }
}

void OffsetFetches::resume() {
  std::vector<FetchId> ids;
  for (const auto& [id, fetch] : fetches_) ids.push_back(id);
  for (const FetchId id : ids) {
    if (fetches_.contains(id)) advance(id);
  }
}

void OffsetFetches::tick() {
  const base::MonoTime now = core_.now();
  std::vector<FetchId> late;
  std::vector<std::uint64_t> stalled;
  for (auto& [id, fetch] : fetches_) {
    if (now >= fetch.deadline) {
      late.push_back(id);
    } else if ((fetch.lookup != 0 || fetch.want != 0) && now - fetch.sent > kStall) {
      if (Peer* peer = core_.find(fetch.peer)) peer->slow_until = now + kStall;
      if (fetch.want != 0) stalled.push_back(fetch.want);
      if (fetch.lookup != 0) give_up_peer(id, fetch);
    }
  }
  for (const std::uint64_t want : stalled) fetcher_.cancel(want);
  for (const FetchId id : late) {
    const bool alone = core_.peers().empty();
    finish(id, alone ? Error{Code::unavailable, "no peer of the feed is connected"}
                     : Error{Code::timed_out, "no connected peer gave the block in time"});
  }
  resume();
}

void OffsetFetches::finish(FetchId id, Result<BlockIndex> result) {
  auto node = fetches_.extract(id);
  Fetch& fetch = node.mapped();
  give_up_lookup(fetch);
  if (fetch.want != 0) {
    const FetchWant* want = fetcher_.find(fetch.want);
    // A want that brought its block ends by itself.
    if (want != nullptr && !want->finished()) fetcher_.cancel(fetch.want);
  }
  core_.later([done = std::move(fetch.done), result = std::move(result)] { done(result); });
  // The next one's turn.
  if (!std::exchange(resuming_, true)) {
    core_.later([this] {
      resuming_ = false;
      resume();
    });
  }
}

}  // namespace shoal::replication
