#include "support/attacks.h"
#include "support/honest_answers.h"

#include <atomic>

namespace shoal::testing {
namespace {

using namespace replication;
using namespace std::chrono_literals;

class MutateAttack {
 public:
  MutateAttack(const Arguments& arguments, HonestAnswers& honest) : arguments_(arguments), honest_(honest) {}

  void round(Mutator& mutator) {
    RawPeer peer;
    if (!meet(peer, arguments_)) {
      ++refused_;
      return;
    }
    const std::optional<Bytes> lie = lead_on(peer, mutator);
    if (!lie || !peer.send_plain(*lie)) {
      ++lost_;
      return;
    }
    ++sent_;
    if (peer.wait_closed(20ms)) ++ended_;
  }

  void report() const {
    say("mutated", sent_);
    say("ended", ended_);
    say("refused", refused_);
    say("lost", lost_);
  }

 private:
  /// Behaves until the message that is to be changed; returns it, changed.
  std::optional<Bytes> lead_on(RawPeer& peer, Mutator& mutator) {
    const Body head = Head{honest_.head()};
    const std::uint64_t stage = mutator.below(8);
    if (stage == 0) return mutator.mutate(encoded(head));
    Have have;
    have.complete = true;
    have.ranges = {{BlockIndex{0}, BlockIndex{honest_.head().tree_size}}};
    if (!peer.send(head)) return std::nullopt;
    if (stage == 1) return mutator.mutate(encoded(have));
    if (!peer.send(have)) return std::nullopt;
    if (stage == 2) return mutator.mutate(encoded(question(mutator)));
    // It asks for what it lacks, and pings.
    while (const auto message = peer.receive(stage == 3 ? 20ms : 100ms)) {
      const auto answer = honest_.answer(message->body);
      if (!answer) continue;
      const bool blocks = std::holds_alternative<Data>(*answer);
      // Blocks are never sent unchanged: whatever the node holds in the end came of a lie.
      if (blocks || mutator.below(4) == 0) return mutator.mutate(encoded(*answer));
      if (!peer.send(*answer)) return std::nullopt;
    }
    if (peer.closed()) return std::nullopt;
    return mutator.mutate(encoded(question(mutator)));
  }

  Body question(Mutator& mutator) const {
    const std::uint64_t size = honest_.head().tree_size;
    switch (mutator.below(8)) {
      case 0: return Growth{1 + mutator.below(100), mutator.below(size), size};
      case 1: return TopicStateRequest{1 + mutator.below(100), "", 0, 100};
      case 2: return Lookup{1 + mutator.below(100), {"us", Partition{0}}, LookupBy::offset, 5};
      case 3: return Ping{mutator.below(1000)};
      case 4: return AskHead{};
      case 5: return Credit{mutator.below(10), 1000};
      case 6: return WantEnd{mutator.below(10), EndReason::done};
      default: {
        Want want;
        want.want = 1 + mutator.below(100);
        want.tree_size = want.end = size;
        want.credit = 1000;
        return want;
      }
    }
  }

  const Arguments& arguments_;
  HonestAnswers& honest_;
  std::atomic<std::uint64_t> sent_{0};
  std::atomic<std::uint64_t> ended_{0};
  std::atomic<std::uint64_t> refused_{0};
  std::atomic<std::uint64_t> lost_{0};
};

Bytes sealed(RawPeer& peer, const Body& body) {
  Bytes record;
  peer.session().seal(encoded(body), record);
  return record;
}

/// What somebody on the way can do to records: each must end the session.
void send_altered(RawPeer& peer, Mutator& mutator) {
  const Bytes first = sealed(peer, NoHead{});
  const Bytes second = sealed(peer, AskHead{});
  std::vector<Bytes> records;
  switch (mutator.below(4)) {
    case 0: records = {mutator.mutate(first)}; break;
    case 1: records = {first, first}; break;   // replayed
    case 2: records = {second, first}; break;  // moved
    default: records = {second}; break;        // one left out
  }
  for (const Bytes& record : records) {
    if (!peer.send_frame(record)) return;
  }
}

}  // namespace

void mutate(const Arguments& arguments) {
  HonestAnswers honest(arguments.feed, arguments.source);
  if (!honest.start()) fail("the source does not answer");
  MutateAttack attack(arguments, honest);
  in_threads(arguments, [&](Mutator& mutator) { attack.round(mutator); });
  attack.report();
}

void alter(const Arguments& arguments) {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> refused{0};
  in_threads(arguments, [&](Mutator& mutator) {
    RawPeer peer;
    if (!meet(peer, arguments)) {
      ++refused;
      return;
    }
    send_altered(peer, mutator);
    ++sent;
    if (peer.wait_closed(10s)) ++ended;
  });
  say("altered", sent);
  say("ended", ended);
  say("refused", refused);
}

}  // namespace shoal::testing
