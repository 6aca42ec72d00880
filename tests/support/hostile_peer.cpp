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
///     starve   sixteen wants with too little credit for their blocks, then N credits of nothing; kept until stdin ends
///     wide     N wants, 128 at most, of all partitions of the topic `wide`, on eight sessions, each second one without
///              credit; kept until stdin ends
///     heads    N heads on each of eight sessions, at the rate that one peer may have: two heads of one size in turn
///     prefix   N connections that announce messages of a gibibyte and more
///     probe    no attack: N look-ups, one after the other, and how long answers take
///     visit    no attack: N newcomers, one after the other, and how long it takes from dialling to the first block;
///     one
///              that is turned away tries again
///
/// Prints what it did as `name value` lines. Exit code 0 when the attack could be made.

#include "support/attacks.h"

#include <sys/resource.h>

#include <atomic>
#include <chrono>
#include <cstdio>
#include <map>
#include <thread>

namespace shoal::testing {

void fail(const std::string& text) {
  std::fprintf(stderr, "hostile_peer: %s\n", text.c_str());
  std::exit(1);
}

void say(const char* name, std::uint64_t value) {
  std::printf("%s %llu\n", name, static_cast<unsigned long long>(value));
  std::fflush(stdout);
}

void in_threads(const Arguments& arguments, const std::function<void(Mutator&)>& round) {
  std::atomic<std::uint64_t> next{0};
  std::vector<std::thread> threads;
  for (unsigned t = 0; t < arguments.threads; ++t) {
    threads.emplace_back([&, t] {
      Mutator mutator(arguments.seed * 1000 + t);
      while (next++ < arguments.rounds) round(mutator);
    });
  }
  for (std::thread& thread : threads) thread.join();
}

bool meet(RawPeer& peer, const Arguments& arguments) {
  return peer.connect(arguments.victim) && peer.join(arguments.feed) && peer.open_session(arguments.feed);
}

void meet_first(RawPeer& peer, const Arguments& arguments) {
  // A node says its address before it has opened its feeds, and until then turns away who asks for one.
  const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(30);
  while (!meet(peer, arguments)) {
    if (std::chrono::steady_clock::now() >= end) fail("cannot meet the victim");
    std::this_thread::sleep_for(std::chrono::milliseconds(100));
  }
}

Bytes encoded(const replication::Body& body) {
  Bytes plain;
  replication::encode_message({.channel = 1, .body = body}, plain);
  return plain;
}

}  // namespace shoal::testing

namespace {

using namespace shoal;
using testing::Arguments;
using testing::fail;

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

void raise_descriptor_limit() {
  rlimit limit{};
  if (getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

}  // namespace

int main(int argc, char** argv) {
  crypto::init();
  raise_descriptor_limit();
  const Arguments arguments = parse(argc, argv);
  const std::map<std::string, void (*)(const Arguments&)> attacks = {
      {"mutate", testing::mutate}, {"alter", testing::alter},   {"flood", testing::flood}, {"hold", testing::hold},
      {"prefix", testing::prefix}, {"starve", testing::starve}, {"wide", testing::wide},   {"heads", testing::heads},
      {"probe", testing::probe},   {"visit", testing::visit},
  };
  const auto attack = attacks.find(arguments.attack);
  if (attack == attacks.end()) testing::fail("no such attack: " + arguments.attack);
  attack->second(arguments);
  return 0;
}
