#include "support/attacks.h"

#include <algorithm>
#include <thread>

namespace shoal::testing {
namespace {

using namespace replication;
using namespace std::chrono_literals;

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

}  // namespace

void probe(const Arguments& arguments) {
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
}

void visit(const Arguments& arguments) {
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
}

}  // namespace shoal::testing
