#include "support/attacks.h"

#include <unistd.h>
#include <atomic>
#include <chrono>
#include <memory>
#include <optional>
#include <thread>

namespace shoal::testing {
namespace {

using namespace replication;
using namespace std::chrono_literals;

std::unique_ptr<RawPeer> held(const Arguments& arguments, std::uint64_t kind) {
  auto peer = std::make_unique<RawPeer>();
  if (!peer->connect(arguments.victim)) return nullptr;
  if (kind == 0) return peer;
  if (kind == 1) return peer->send_bytes(bittorrent_handshake(arguments.feed)) ? std::move(peer) : nullptr;
  if (!peer->join(arguments.feed, 1s)) return nullptr;
  if (kind == 2) return peer->send_bytes(Bytes{0, 0, 0, 41}) ? std::move(peer) : nullptr;
  if (!peer->open_session(arguments.feed, 1s)) return nullptr;
  if (kind == 3) return peer;
  return peer->send(NoHead{}) ? std::move(peer) : nullptr;
}

/// The next head that the peer shows.
feed::Checkpoint next_head(RawPeer& peer, std::chrono::milliseconds timeout) {
  const auto end = std::chrono::steady_clock::now() + timeout;
  while (std::chrono::steady_clock::now() < end) {
    const auto message = peer.receive(timeout);
    if (!message) break;
    if (const auto* shown = std::get_if<Head>(&message->body)) return shown->head;
  }
  fail("the victim shows no head");
}

/// Meets the victim, and says that there is no head here; its head.
feed::Checkpoint met_head(RawPeer& peer, const Arguments& arguments) {
  meet_first(peer, arguments);
  if (!peer.send(NoHead{})) fail("the victim turns strangers away");
  return next_head(peer, 5s);
}

void wait_for_end() {
  char byte = 0;
  while (read(STDIN_FILENO, &byte, 1) > 0) {
  }
}

}  // namespace

void flood(const Arguments& arguments) {
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
}

void hold(const Arguments& arguments) {
  std::vector<std::unique_ptr<RawPeer>> peers;
  for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
    if (auto peer = held(arguments, i % 5)) peers.push_back(std::move(peer));
  }
  say("holding", peers.size());
  wait_for_end();
}

void starve(const Arguments& arguments) {
  RawPeer peer;
  const feed::Checkpoint head = met_head(peer, arguments);
  constexpr std::uint64_t kWants = 16;
  for (std::uint64_t i = 0; i < kWants; ++i) {
    Want want;
    want.want = 1000 + i;
    want.tree_size = head.tree_size;
    want.begin = i % head.tree_size;
    want.end = want.begin + 1;
    want.credit = 4096;  // the header, and not the first piece
    want.urgency = Urgency::alone;
    if (!peer.send(want)) fail("the victim refuses wants");
  }
  std::uint64_t sent = 0;
  // Below the rate that no peer may pass.
  while (sent < arguments.rounds && peer.send(Credit{1000 + sent % kWants, 0, false})) {
    if (++sent % 100 == 0) std::this_thread::sleep_for(100ms);
  }
  say("credits", sent);
  wait_for_end();
}

void wide(const Arguments& arguments) {
  constexpr std::uint64_t kSessions = 8;
  constexpr std::uint64_t kWants = 16;
  std::vector<std::unique_ptr<RawPeer>> peers;
  std::uint64_t sent = 0;
  for (std::uint64_t i = 0; i < kSessions; ++i) {
    auto peer = std::make_unique<RawPeer>();
    const feed::Checkpoint head = met_head(*peer, arguments);
    for (std::uint64_t number = 0; number < kWants && sent < arguments.rounds; ++number, ++sent) {
      Want want;
      want.want = 1000 + number;
      want.tree_size = head.tree_size;
      want.end = head.tree_size;
      want.all_topics = false;
      want.streams = {{"wide", kAllPartitions}};
      want.credit = number % 2 == 0 ? 0 : 100'000;
      want.urgency = Urgency::alone;
      if (!peer->send(want)) fail("the victim refuses wants");
    }
    peers.push_back(std::move(peer));
  }
  say("wants", sent);
  wait_for_end();
}

void heads(const Arguments& arguments) {
  constexpr std::uint64_t kSessions = 8;
  // Two heads of one size are said in turn: each is a signature to check, and none goes back.
  RawPeer first;
  const feed::Checkpoint one = met_head(first, arguments);
  const feed::Checkpoint other = next_head(first, 60s);
  if (one.tree_size != other.tree_size) fail("the victim's feed grows");
  say("begun", kSessions);
  std::atomic<std::uint64_t> sent{0};
  std::vector<std::thread> sessions;
  for (std::uint64_t i = 0; i < kSessions; ++i) {
    sessions.emplace_back([&] {
      RawPeer peer;
      bool open = meet(peer, arguments);
      const auto begin = std::chrono::steady_clock::now();
      for (std::uint64_t number = 0; open && number < arguments.rounds; ++number) {
        open = peer.send(Head{number % 2 == 0 ? one : other});
        sent += open ? 1U : 0U;
        // Just below the rate that no peer may pass.
        std::this_thread::sleep_until(begin + number * 2100us);
      }
    });
  }
  for (std::thread& session : sessions) session.join();
  say("heads", sent);
}

void prefix(const Arguments& arguments) {
  std::uint64_t ended = 0;
  for (std::uint64_t i = 0; i < arguments.rounds; ++i) {
    RawPeer peer;
    if (!peer.connect(arguments.victim)) continue;
    const std::uint32_t length = i % 2 == 0 ? (1U << 30) : 0x7fffffffU;
    bool begun = true;
    if (i % 4 < 2) {
      begun = peer.send_bytes(bittorrent_handshake(arguments.feed));
    } else {
      begun = peer.join(arguments.feed, 5s);
    }
    // A message of ours below libtorrent's own limit, too.
    const Bytes frame =
        i % 3 == 0 ? extension_frame(42, Bytes(1000, 7), 900'000) : extension_frame(42, Bytes(1000, 7), length);
    if (begun && !peer.send_bytes(frame))
      ++ended;
    else if (peer.wait_closed(15s))
      ++ended;
  }
  say("announced", arguments.rounds);
  say("ended", ended);
}

}  // namespace shoal::testing
