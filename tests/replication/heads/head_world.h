#pragma once

#include "replication/core_world.h"
#include "replication/heads/head_exchange.h"

#include <chrono>

namespace shoal::replication::testing {

/// The answer of somebody who holds the tree.
inline GrowthReply reply_of(const feed::FeedReader& reader, const Growth& question) {
  GrowthReply reply{question.request, true, question.from, question.to, {}, {}};
  reply.edge = reader.tree().read(merkle::cover(0, question.from)).value();
  reply.cover = merkle::build_cover(reader.tree(), question.from, question.to, {}).value();
  return reply;
}

struct HeadWorld : CoreWorld {
  explicit HeadWorld(std::uint64_t blocks = 20, bool own = false)
      : CoreWorld(blocks, 16, own),
        heads(
            core, [this] { ++accepted; }, [this] { return push_expected; }) {}

  /// A peer that said nothing yet.
  PeerId stranger() {
    const PeerId id = join();
    peer(id).view.head.reset();
    return id;
  }
  void announce(PeerId id) { heads.on_head(id, peer(id), head()); }
  /// An honest answer to the newest question.
  void answer(PeerId id) { answer(id, reply_of(publisher, sent<Growth>(id).back())); }
  void answer(PeerId id, const GrowthReply& reply) { heads.on_growth_reply(id, peer(id), reply); }
  void pass(base::MonoTime time_to_pass) {
    for (; time_to_pass > base::MonoTime{0}; time_to_pass -= std::chrono::milliseconds(100)) {
      time.run_for(std::chrono::milliseconds(100));
      heads.tick();
    }
  }

  int accepted = 0;
  bool push_expected = false;
  HeadExchange heads;
};

}  // namespace shoal::replication::testing
