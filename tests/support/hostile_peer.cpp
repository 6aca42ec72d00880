/// Attacks a real node over real sockets, from below libtorrent: for tests and scripts/attack.sh; never installed.
///
///     hostile_peer ATTACK FEED VICTIM [--source HOST:PORT] [--rounds N] [--seed N] [--threads N]
///
/// FEED is a feed id: the attacker knows it, as any reader does. VICTIM is HOST:PORT. Attacks:
///
///     mutate   N sessions that begin with the truth of --source and end with one message changed at random
///     alter    N sessions in which one sealed record is changed, cut, doubled, left out or moved
///     flood    N questions over sessions that never read; a new one whenever the node ends it
///     hold     N connections of each kind: that say nothing, BitTorrent's handshake only, half a hello, a whole
///     session
///              that says no head, a whole session; kept until stdin ends
///     prefix   N connections that announce messages of a gibibyte and more
///     probe    no attack: N look-ups, one after the other, and how long answers take
///     visit    no attack: N newcomers, one after the other, and how long it takes from dialling to the first block;
///     one
///              that is turned away tries again
///
/// Prints what it did as `name value` lines. Exit code 0 when the attack could be made.

#include "support/honest_answers.h"
#include "support/mutator.h"

#include <sys/resource.h>
#include <unistd.h>

#include <atomic>
#include <cstdio>
#include <memory>
#include <thread>

namespace {

using namespace shoal;
using namespace shoal::replication;
using namespace std::chrono_literals;
using shoal::testing::HonestAnswers;
using shoal::testing::Mutator;
using shoal::testing::RawPeer;

struct Arguments {
  std::string attack;
  FeedId feed;
  std::string victim;
  std::string source;
  std::uint64_t rounds = 1000;
  std::uint64_t seed = 1;
  unsigned threads = 4;
};

[[noreturn]] void fail(const std::string& text) {
  std::fprintf(stderr, "hostile_peer: %s\n", text.c_str());
  std::exit(1);
}

Arguments parse(int argc, char** argv) {
  if (argc < 4) fail("usage: hostile_peer ATTACK FEED VICTIM [OPTION VALUE]...");
  Arguments out;
  out.attack = argv[1];
  const auto feed = FeedId::parse(argv[2]);
  if (!feed) fail("FEED is no feed id");
  out.feed = *feed;
  out.victim = argv[3];
  for (int i = 4; i + 1 < argc; i += 2) {
    const std::string option = argv[i];
    const std::string value = argv[i + 1];
    if (option == "--source") {
      out.source = value;
    } else if (option == "--rounds") {
      out.rounds = std::stoull(value);
    } else if (option == "--seed") {
      out.seed = std::stoull(value);
    } else if (option == "--threads") {
      out.threads = static_cast<unsigned>(std::stoul(value));
    } else {
      fail("unknown option " + option);
    }
  }
  return out;
}

void say(const char* name, std::uint64_t value) {
  std::printf("%s %llu\n", name, static_cast<unsigned long long>(value));
  std::fflush(stdout);
}

/// Runs `round(number, mutator)` so many times on some threads; each thread has choices of its own.
void in_threads(const Arguments& arguments, const std::function<void(std::uint64_t, Mutator&)>& round) {
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < arguments.threads; ++t) {
    threads.emplace_back([&, t] {
      Mutator mutator(arguments.seed * 1000 + t);
      for (std::uint64_t i = next++; i < arguments.rounds; i = next++) round(i, mutator);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

/// A session up to the point where messages count.
bool meet(RawPeer& peer, const Arguments& arguments) {
  return peer.connect(arguments.victim) && peer.join(arguments.feed) && peer.open_session(arguments.feed);
}

Bytes encoded(const Body& body) {
  Bytes plain;
  encode_message({.channel = 1, .body = body}, plain);
  return plain;
}

/// ---- mutate ----------------------------------------------------------------------------------------------------

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
    while (const auto message = peer.receive(stage == 3 ? 50ms : 300ms)) {
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

int mutate(const Arguments& arguments) {
  HonestAnswers honest(arguments.feed, arguments.source);
  if (!honest.start()) fail("the source does not answer");
  MutateAttack attack(arguments, honest);
  in_threads(arguments, [&](std::uint64_t, Mutator& mutator) { attack.round(mutator); });
  attack.report();
  return 0;
}

/// ---- alter -----------------------------------------------------------------------------------------------------

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

int alter(const Arguments& arguments) {
  std::atomic<std::uint64_t> sent{0};
  std::atomic<std::uint64_t> ended{0};
  std::atomic<std::uint64_t> refused{0};
  in_threads(arguments, [&](std::uint64_t, Mutator& mutator) {
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
  return 0;
}

/// ---- flood -----------------------------------------------------------------------------------------------------

int flood(const Arguments& arguments) {
  std::uint64_t asked = 0;
  std::uint64_t sessions = 0;
  std::uint64_t refused = 0;
  Mutator mutator(arguments.seed);
  while (asked < arguments.rounds && refused < arguments.rounds) {
    RawPeer peer;
    if (!meet(peer, arguments) || !peer.send(NoHead{})) {
      ++refused;
      continue;
    }
    ++sessions;
    // Each kind by itself, and mixed: another bound ends each.
    const std::uint64_t kind = sessions % 6;
    bool open = true;
    while (open && asked < arguments.rounds) {
      const std::uint64_t name = ++asked;
      switch (kind == 5 ? mutator.below(5) : kind) {
        case 0: open = peer.send(Lookup{name, {"us", Partition{0}}, LookupBy::offset, 0}); break;
        case 1: open = peer.send(Growth{name, 0, 1}); break;
        case 2: open = peer.send(TopicStateRequest{name, "", 0, 1000}); break;
        case 3: open = peer.send(Ping{name}); break;
        default: open = peer.send(AskHead{}); break;
      }
    }
  }
  say("asked", asked);
  say("sessions", sessions);
  say("refused", refused);
  return 0;
}

/// ---- hold, prefix ----------------------------------------------------------------------------------------------

std::unique_ptr<RawPeer> held(const Arguments& arguments, std::uint64_t kind) {
  auto peer = std::make_unique<RawPeer>();
  if (!peer->connect(arguments.victim)) return nullptr;
  if (kind == 0) return peer;
  if (kind == 1) return peer->send_bytes(testing::bittorrent_handshake(arguments.feed)) ? std::move(peer) : nullptr;
  if (!peer->join(arguments.feed, 1s)) return nullptr;
  if (kind == 2) return peer->send_bytes(Bytes{0, 0, 0, 41}) ? std::move(peer) : nullptr;
  if (!peer->open_session(arguments.feed, 1s)) return nullptr;
  if (kind == 3) return peer;
  return peer->send(NoHead{}) ? std::move(peer) : nullptr;
}

int hold(const Arguments& arguments) {
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
    if (auto peer = held(arguments, i % 5)) peers.push_back(std::move(peer));
  }
  say("holding", peers.size());
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
  return 0;
}

int prefix(const Arguments& arguments) {
  std::uint64_t ended = 0;
  for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
    RawPeer peer;
    if (!peer.connect(arguments.victim)) continue;
    const std::uint32_t length = i % 2 == 0 ? (1U << 30) : 0x7fffffffU;
    bool begun = true;
    if (i % 4 < 2) {
      begun = peer.send_bytes(testing::bittorrent_handshake(arguments.feed));
    } else {
      begun = peer.join(arguments.feed, 5s);
    }
    // A message of ours below libtorrent's own limit, too.
    const Bytes frame = i % 3 == 0 ? testing::extension_frame(42, Bytes(1000, 7), 900'000)
                                   : testing::extension_frame(42, Bytes(1000, 7), length);
    if (begun && !peer.send_bytes(frame))
      ++ended;
    else if (peer.wait_closed(15s))
      ++ended;
  }
  say("announced", arguments.rounds);
  say("ended", ended);
  return 0;
}

/// ---- probe -----------------------------------------------------------------------------------------------------

int probe(const Arguments& arguments) {
  RawPeer peer;
  if (!meet(peer, arguments) || !peer.send(NoHead{})) fail("cannot meet the node");
  std::vector<std::int64_t> microseconds;
  for (std::uint64_t i = 1; i <= arguments.rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    if (!peer.send(Lookup{i, {"us", Partition{0}}, LookupBy::offset, 1})) fail("the node ended the session");
    for (;;) {
      const auto message = peer.receive(10s);
      if (!message) fail("no answer");
      if (const auto* ping = std::get_if<Ping>(&message->body); ping != nullptr && !peer.send(Pong{ping->nonce})) break;
      if (std::holds_alternative<LookupReply>(message->body)) break;
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    microseconds.push_back(std::chrono::duration_cast<std::chrono::microseconds>(took).count());
    // No more than anybody may ask.
    std::this_thread::sleep_for(300us);
  }
  std::sort(microseconds.begin(), microseconds.end());
  say("p50_us", static_cast<std::uint64_t>(microseconds[microseconds.size() / 2]));
  say("p99_us", static_cast<std::uint64_t>(microseconds[microseconds.size() * 99 / 100]));
  return 0;
}

/// ---- visit -----------------------------------------------------------------------------------------------------

bool first_block(const Arguments& arguments) {
  RawPeer peer;
  if (!meet(peer, arguments) || !peer.send(NoHead{})) return false;
  while (const auto message = peer.receive(5s)) {
    if (std::holds_alternative<Data>(message->body)) return true;
    if (const auto* head = std::get_if<Head>(&message->body)) {
      Want want;
      want.want = 1;
      want.tree_size = want.end = head->head.tree_size;
      want.credit = 100'000;
      if (!peer.send(want)) return false;
    }
  }
  return false;
}

int visit(const Arguments& arguments) {
  constexpr int kTries = 200;
  std::vector<std::int64_t> milliseconds;
  for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    int tries = 0;
    while (!first_block(arguments)) {
      if (++tries == kTries) fail("never served");
      std::this_thread::sleep_for(50ms);
    }
    const auto took = std::chrono::steady_clock::now() - begin;
    milliseconds.push_back(std::chrono::duration_cast<std::chrono::milliseconds>(took).count());
  }
  std::sort(milliseconds.begin(), milliseconds.end());
  say("median_ms", static_cast<std::uint64_t>(milliseconds[milliseconds.size() / 2]));
  say("worst_ms", static_cast<std::uint64_t>(milliseconds.back()));
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  crypto::init();
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) == 0) {
    limit.rlim_cur = limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
  }
  const Arguments arguments = parse(argc, argv);
  if (arguments.attack == "mutate") return mutate(arguments);
  if (arguments.attack == "alter") return alter(arguments);
  if (arguments.attack == "flood") return flood(arguments);
  if (arguments.attack == "hold") return hold(arguments);
  if (arguments.attack == "prefix") return prefix(arguments);
  if (arguments.attack == "probe") return probe(arguments);
  if (arguments.attack == "visit") return visit(arguments);
  fail("no such attack: " + arguments.attack);
}
