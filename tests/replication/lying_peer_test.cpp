#include "replication/wire/message_fields.h"
#include "simulation/direct_link.h"
#include "simulation/swarm_world.h"

#include <tuple>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;
using simulation::DirectLink;
using simulation::SwarmNode;
using simulation::SwarmWorld;
using testing::Field;
using testing::fields_of;

/// Flips one bit in a named field, in the first message of ours that has it, and counts what was there to flip.
struct Liar {
  std::string target;
  unsigned bit = 0;
  std::map<std::string, int> seen;
  bool lied = false;

  simulation::Tamper tamper() {
    return [this](const Message& message, Bytes& bytes) {
      for (const Field& field : fields_of(message)) {
        ++seen[field.name];
        if (field.name != target || lied) continue;
        lied = true;
        const std::size_t at = field.offset + field.size - 1;  // big-endian: the smallest change of a number
        bytes[at] = static_cast<std::uint8_t>(bytes[at] ^ 1U << bit);
      }
    };
  }
};

/// A feed that needs every message: many topics, large payloads, growth while it is read.
class LyingPeer : public ::testing::TestWithParam<std::tuple<bool, unsigned>> {
 protected:
  LyingPeer() : liar_(world_.time, "liar", 66) {
    world_.publish_many(40, 5, 300);
    world_.publish({batch_of(stream("big"), {1}, 150'000)});
    world_.publish_many(30, 5, 300);
    liar_.mirror(world_.producer.id());
    liar_.follow_all();
    liar_.connect(world_.publisher);
    EXPECT_TRUE(world_.wait([&] { return liar_.held() == world_.size(); }));
  }

  struct Outcome {
    bool complete = false;  ///< the reader got everything in the end, byte for byte
    bool named = false;     ///< the liar was blamed
    bool innocent = true;   ///< nobody else was
  };

  /// One reader beside the liar, and the honest publisher that comes a little later.
  Outcome read_beside(Liar& liar, bool whole_feed) {
    SwarmNode reader(world_.time, "reader", 1);
    reader.mirror(world_.producer.id(), {.serve = true, .credit_bytes = 400'000});
    const auto lying = DirectLink::join(world_.time, 1ms, {&reader.replicator(), reader.node_key(), {}, {}},
                                        {&liar_.replicator(), liar_.node_key(), liar.tamper(), {}});
    std::optional<Result<BlockIndex>> fetched;
    reader.replicator().fetch_offset(stream("t3"), Offset{4}, 60s, [&](Result<BlockIndex> got) { fetched = got; });
    world_.time.run_for(100ms);
    whole_feed ? reader.follow_all() : reader.follow_topics({stream("t1"), stream("big")});
    world_.time.run_for(300ms);
    // The liar learns of new blocks as any mirror does, and pushes them.
    world_.publish({batch_of(stream("t1"), {world_.time.mono_now().count()})});
    world_.time.run_for(350ms);
    world_.publish({batch_of(stream("t1"), {world_.time.mono_now().count()})});
    world_.time.run_for(350ms);
    reader.replicator().ask_heads(10ms, 1s, [](bool) {});
    const auto honest = DirectLink::join(world_.time, 1ms, {&reader.replicator(), reader.node_key(), {}, {}},
                                         {&world_.publisher.replicator(), world_.publisher.node_key(), {}, {}});
    Outcome outcome;
    outcome.complete = world_.wait(
        [&] {
          return fetched && !reader.events.synced.empty() &&
                 reader.events.synced.back() == world_.publisher.reader().head();
        },
        40s);
    outcome.complete = outcome.complete && fetched->ok() && all_true(reader);
    // A look at what comes late: pings and their answers.
    world_.time.run_for(16s);
    for (const auto& blame : reader.events.blames) {
      outcome.named = outcome.named || blame.node == liar_.node_key();
      outcome.innocent = outcome.innocent && blame.node != world_.publisher.node_key();
    }
    lying->close();
    honest->close();
    world_.time.run_for(10ms);
    return outcome;
  }

  /// Every payload that the reader holds is the publisher's, under the publisher's head.
  bool all_true(const SwarmNode& reader) const {
    const feed::FeedReader& truth = world_.publisher.reader();
    if (reader.reader().head() != truth.head()) return false;
    for (const feed::BlockRange& run : reader.reader().held_payloads()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) {
        if (*reader.reader().payload(block) != *truth.payload(block)) return false;
        if (*reader.reader().header_bytes(block) != *truth.header_bytes(block)) return false;
      }
    }
    return true;
  }

  /// Fields that carry no claim which anything signed or said before could contradict: a flip makes another legal
  /// message. What it must not do is harm.
  static bool has_no_truth(const std::string& field) {
    static const std::set<std::string> kFree = {
        "have.complete",  // a peer may say that it holds less, or hope to hold more
        "have.ranges.begin",
        "have.ranges.end",
        "ping.nonce",       // its own business: our answer will not fit
        "want_end.reason",  // of some topics: "all I have" and "I lack some" differ by what we compare ourselves
        // What the liar asks of us:
        "want.want",
        "want.tree_size",
        "want.base",
        "want.begin",
        "want.end",
        "want.live",
        "want.headers_only",
        "want.credit",
        "want.urgency",
        "want.push_limit",
        "credit.want",
        "credit.bytes",
        "credit.compact",
        "cancel.want",
        "growth.request",
        "growth.from",
        "growth.to",
    };
    return kFree.count(field) > 0;
  }

  SwarmWorld world_;
  SwarmNode liar_;
};

TEST_P(LyingPeer, IsNamedForAFlippedBitInAnyFieldOfAnyMessage) {
  const auto [whole_feed, bit] = GetParam();
  Liar honest;
  const Outcome fine = read_beside(honest, whole_feed);
  ASSERT_TRUE(fine.complete);
  ASSERT_FALSE(fine.named);
  for (const char* name :
       {"head.head.root", "have.complete", "growth_reply.cover.hash", "data.blocks.payload", "data.cover.hash",
        "lookup_reply.block", "want_end.reason", "pong.nonce", "topic_state_reply.entries.path.hash", "piece.bytes",
        "piece.path.hash", "data.head.signature"}) {
    EXPECT_GT(honest.seen.count(name), 0U) << "the scenario never sends " << name;
  }
  // Readers of some topics do not have what pushes leave out.
  EXPECT_EQ(honest.seen.count("push.blocks.payload"), whole_feed ? 1U : 0U);
  for (const auto& [field, count] : honest.seen) {
    Liar liar;
    liar.target = field;
    liar.bit = bit;
    const Outcome outcome = read_beside(liar, whole_feed);
    EXPECT_TRUE(liar.lied) << field;
    EXPECT_TRUE(outcome.complete) << field;
    EXPECT_TRUE(outcome.innocent) << field;
    if (!has_no_truth(field)) {
      EXPECT_TRUE(outcome.named) << field;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(WholeFeedOrTopicsAndBit, LyingPeer,
                         ::testing::Combine(::testing::Values(true, false), ::testing::Values(0U, 5U)));

}  // namespace
}  // namespace shoal::replication
