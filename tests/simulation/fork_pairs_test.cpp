#include "feed/feed_world.h"
#include "simulation/direct_link.h"
#include "simulation/map_store.h"
#include "simulation/swarm_world.h"

#include <cstdlib>

// Two nodes meet that hold what one key signed: two histories, or one. scripts/forks.sh plays many such pairs.
namespace shoal::simulation {
namespace {

using namespace std::chrono_literals;
using feed::testing::batch_of;
using feed::testing::stream;
using feed::testing::test_key;

enum class Kind : std::uint8_t { equal, shorter, longer, topics, honest };

/// How many pairs are played.
std::uint64_t pairs_wanted() {
  const char* wanted = std::getenv("SHOAL_FORK_PAIRS");
  return wanted == nullptr ? 400 : std::strtoull(wanted, nullptr, 10);
}

/// The owner's writer, or one of the owner's writers.
struct History {
  explicit History(const std::shared_ptr<SharedValues>& values) : store(values) {
    log = feed::FeedLog::open({&store, &store}, FeedId{test_key().public_key()}).value();
    writer = feed::FeedWriter::open(*log, store, *journal, test_key(), clock, sink, {}).value();
  }
  /// Blocks that depend on their place and on `salt` alone, so that equal calls make equal histories.
  void grow(std::size_t blocks, std::int64_t salt) {
    std::vector<feed::PendingBatch> group;
    for (std::size_t i = 0; i < blocks; ++i) {
      const auto place = static_cast<std::int64_t>(made++);
      group.push_back(batch_of(stream("t" + std::to_string(place % 4)), {salt * 1'000'000 + place}));
    }
    if (!group.empty()) {
      ASSERT_TRUE(writer->commit(std::move(group)).ok());
    }
  }
  [[nodiscard]] feed::Checkpoint head() const { return *log->head(); }

  MapStore store;
  std::unique_ptr<store::Journal> journal = store::make_memory_journal();
  feed::testing::HandClock clock;
  base::NullLogSink sink;
  std::unique_ptr<feed::FeedLog> log;
  std::unique_ptr<feed::FeedWriter> writer;
  std::size_t made = 0;
};

/// A node that holds a history: as its owner, as a mirror, or of which it knows the head alone.
class Holder {
 public:
  Holder(VirtualTime& time, const std::shared_ptr<SharedValues>& values, std::uint8_t seed)
      : executor_(time), random_(seed), key_(test_key(seed)), store_(values), time_(time) {}

  void own(const History& history) {
    reader_.emplace(*history.log);
    start(nullptr);
  }
  void copy(const History& history) {
    open_mirror(history.log->id());
    const feed::FeedReader from(*history.log);
    const feed::Checkpoint head = history.head();
    const auto all = feed::testing::span(0, head.tree_size);
    const auto done = feed::testing::deliver(from, head, 0, all).to(*mirror_);
    ASSERT_TRUE(done.ok()) << done.error().message;
    start(mirror_.get());
  }
  void know(const FeedId& feed, const feed::Checkpoint& head) {
    open_mirror(feed);
    ASSERT_TRUE(mirror_->accept(head, 0, {}, {}).ok());
    start(mirror_.get());
  }
  [[nodiscard]] DirectLink::Side side() { return {replicator_.get(), key_.public_key(), {}, {}}; }
  /// What it can show to others, stored or (an owner) notified of.
  [[nodiscard]] std::optional<feed::ForkProof> proof() const {
    const auto stored = reader_->fork_proof();
    if (!mirror_) return events.proof;
    if (!stored || stored->size() > feed::kMaxForkProofSize) return std::nullopt;
    const auto decoded = feed::decode_fork_proof(*stored);
    return decoded ? std::optional(*decoded) : std::nullopt;
  }

  EventLog events;

 private:
  void open_mirror(const FeedId& feed) {
    log_ = feed::FeedLog::open({&store_, &store_}, feed).value();
    mirror_ = feed::FeedMirror::open(*log_, sink_).value();
    reader_.emplace(*log_);
  }
  void start(feed::FeedMirror* mirror) {
    replication::ReplicatorContext parts;
    parts.reader = &*reader_;
    parts.mirror = mirror;
    parts.executor = &executor_;
    parts.clock = &time_;
    parts.random = &random_;
    parts.log = &sink_;
    parts.events = &events;
    replicator_ = std::make_unique<replication::Replicator>(parts, replication::ReplicatorOptions{});
  }

  VirtualExecutor executor_;
  base::SeededRandom random_;
  crypto::KeyPair key_;
  MapStore store_;
  VirtualTime& time_;
  base::NullLogSink sink_;
  std::unique_ptr<feed::FeedLog> log_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::optional<feed::FeedReader> reader_;
  std::unique_ptr<replication::Replicator> replicator_;
};

/// One pair, drawn from its seed.
struct Pair {
  explicit Pair(std::uint64_t pair_seed) : random(pair_seed), kind(static_cast<Kind>(pair_seed % 5)) {}
  [[nodiscard]] std::size_t below(std::uint64_t bound) { return static_cast<std::size_t>(random.next() % bound); }

  void play() {
    // Now and then a tree with whole tiles.
    const std::size_t common = below(16) == 0 ? 200 + below(200) : 1 + below(40);
    const std::size_t first_more = 1 + below(24);
    std::size_t second_more = first_more;
    if (kind == Kind::shorter) second_more = 1 + below(first_more);
    if (kind == Kind::longer) second_more = first_more + 1 + below(24);
    one.grow(common, 0);
    two.grow(common, 0);
    one.grow(first_more, 1);
    if (kind == Kind::honest) {
      two.grow(below(2) * first_more, 1);
    } else if (kind != Kind::topics) {
      two.grow(second_more, 2);
    }
    below(2) == 0 ? a.own(one) : a.copy(one);
    hold_second();
    const auto link = DirectLink::join(time, 1ms, a.side(), b.side());
    // Greetings cross; whoever can tell answers with the proof.
    time.run_for(3ms);
    link->close();
    time.run_for(1ms);
  }

  void hold_second() {
    const bool known_in_full = two.head().tree_size > one.head().tree_size;
    if (kind == Kind::topics) {
      feed::Checkpoint head = one.head();
      below(2) == 0 ? (void)(head.topic_root.bytes[below(32)] ^= 1) : (void)(head.topic_count += 1);
      head.signature = crypto::sign(test_key(), base::as_bytes(feed::note_text(one.log->id(), head)));
      b.know(one.log->id(), head);
    } else if (!known_in_full && below(3) == 0) {
      b.know(two.log->id(), two.head());
    } else if (below(2) == 0) {
      b.own(two);
    } else {
      b.copy(two);
    }
  }

  base::SeededRandom random;
  Kind kind;
  VirtualTime time;
  std::shared_ptr<SharedValues> values = std::make_shared<SharedValues>();
  History one{values};
  History two{values};
  Holder a{time, values, 101};
  Holder b{time, values, 102};
};

TEST(ForkPairs, AreFoundInOneExchangeAndHonestOnesAreNot) {
  const std::uint64_t wanted = pairs_wanted();
  std::size_t found = 0;
  std::size_t largest = 0;
  for (std::uint64_t seed = 0; seed < wanted; ++seed) {
    Pair pair(seed);
    ASSERT_NO_FATAL_FAILURE(pair.play());
    ASSERT_TRUE(pair.a.events.blames.empty() && pair.b.events.blames.empty()) << "pair " << seed;
    for (Holder* holder : {&pair.a, &pair.b}) {
      const auto proof = holder->proof();
      if (pair.kind == Kind::honest) {
        ASSERT_FALSE(proof || holder->events.forks > 0) << "pair " << seed << ": a fork of an honest owner";
        continue;
      }
      ASSERT_TRUE(proof && holder->events.forks == 1) << "pair " << seed << ": not found in one exchange";
      const Bytes bytes = feed::encode_fork_proof(*proof);
      largest = std::max(largest, bytes.size());
      const auto read = feed::decode_fork_proof(bytes);
      ASSERT_TRUE(read && feed::verify_fork_proof(*read)) << "pair " << seed << ": a proof that does not prove";
      ++found;
    }
  }
  EXPECT_LE(largest, feed::kMaxForkProofSize);
  std::printf("%llu pairs: %zu proofs, the largest of %zu bytes\n", static_cast<unsigned long long>(wanted), found,
              largest);
}

}  // namespace
}  // namespace shoal::simulation
