#pragma once

#include "replication/core_world.h"
#include "replication/fetch/block_fetcher.h"

#include <algorithm>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::replication::testing {

/// A fetcher whose hooks record, and whose wants are answered by hand.
struct FetchWorld : CoreWorld {
  explicit FetchWorld(std::uint64_t blocks = 20, std::size_t value_size = 16)
      : CoreWorld(blocks, value_size),
        heads(
            core, [this] { ++accepted; }, [] { return false; }),
        fetcher(core, heads, hooks()) {}

  BlockFetcher::Hooks hooks() {
    BlockFetcher::Hooks out;
    out.on_run = [this](const FetchWant&, const Data& run) { runs.push_back(run.blocks.size()); };
    out.on_payload = [this](const FetchWant&, BlockIndex block) { payloads.push_back(block.value()); };
    out.on_end = [this](const FetchWant& want, std::optional<EndReason> reason) {
      ends.emplace_back(want.id(), reason);
    };
    out.on_new_blocks = [this] { ++new_blocks; };
    out.has_alternative = [this](const FetchWant&) { return alternative; };
    return out;
  }

  /// What a reader without blocks asks; take_head() came before.
  FetchWant::Ask blocks(PeerId id, std::uint64_t begin, std::uint64_t end) const {
    FetchWant::Ask out;
    out.peer = id;
    out.proof = *reader.head();
    out.base = std::min(reader.header_prefix(), begin);
    out.begin = begin;
    out.end = end;
    return out;
  }
  FetchWant::Ask live(PeerId id) const {
    FetchWant::Ask out;
    out.peer = id;
    out.purpose = Purpose::live;
    out.proof = *reader.head();
    out.base = out.begin = out.proof.tree_size;
    out.window = 1 << 20;
    return out;
  }
  /// The newest want that was sent to the peer.
  Want want_of(PeerId id) { return sent<Want>(id).back(); }
  void give(PeerId id, Body body) {
    const std::size_t size = wire_size(body);
    Peer& from = peer(id);
    if (auto* data = std::get_if<Data>(&body)) fetcher.on_data(id, from, *data, size);
    if (auto* push = std::get_if<Push>(&body)) fetcher.on_push(id, from, std::move(*push), size);
    if (auto* piece = std::get_if<Piece>(&body)) fetcher.on_piece(id, from, std::move(*piece), size);
    if (auto* end = std::get_if<WantEnd>(&body)) fetcher.on_end(id, from, *end);
  }
  void give_all(PeerId id) {
    for (Body& body : serve(want_of(id))) give(id, std::move(body));
  }
  /// The first message of an honest answer, which the test spoils.
  Data first_run(PeerId id) { return std::get<Data>(serve(want_of(id)).front()); }

  int accepted = 0;
  int new_blocks = 0;
  bool alternative = true;
  std::vector<std::size_t> runs;
  std::vector<std::uint64_t> payloads;
  std::vector<std::pair<std::uint64_t, std::optional<EndReason>>> ends;
  HeadExchange heads;
  BlockFetcher fetcher;
};

using Ended = std::pair<std::uint64_t, std::optional<EndReason>>;

}  // namespace shoal::replication::testing
