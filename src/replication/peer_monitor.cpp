#include "replication/peer_monitor.h"

#include <chrono>

namespace shoal::replication {
namespace {

/// An honest peer says its head, or that it has none, with its first message.
constexpr base::MonoTime kFirstHead = std::chrono::seconds(15);

}  // namespace

void PeerMonitor::check(Peer& peer) {
  const base::MonoTime now = core_.now();
  const base::MonoTime trip = std::chrono::microseconds(peer.view.round_trip_us);
  const FailureDetector::Verdict verdict =
      failure_detector_.assess({peer.last_heard, peer.ping_sent, peer.ping_nonce != 0, trip}, now);
  if (verdict.dead) return close(peer, "silent for too long");
  if (!peer.first_head_came && now - peer.joined > kFirstHead) return close(peer, "it does not say its head");
  if (peer.view.blocks_in != peer.given_blocks) {
    peer.given_blocks = peer.view.blocks_in;
    peer.outbox->note_given(peer.given_blocks);
  }
  if (peer.suspect != verdict.suspect) core_.tell([](ReplicatorEvents& events) { events.on_peers_changed(); });
  peer.suspect = peer.view.suspect = verdict.suspect;
  if (verdict.ping && peer.first_head_came) core_.ping(peer);
}

void PeerMonitor::close(Peer& peer, std::string_view reason) {
  peer.gone = true;
  peer.outbox->close(reason);
}

void PeerMonitor::on_pong(Peer& peer, const Pong& pong) {
  if (peer.ping_nonce == 0 || pong.nonce != peer.ping_nonce) return core_.blame(peer, "a pong to no ping");
  peer.ping_nonce = 0;
  const base::MonoTime trip = core_.now() - peer.ping_sent;
  peer.view.round_trip_us = std::chrono::duration_cast<std::chrono::microseconds>(trip).count();
  peer.path.measured_trip(trip, core_.now());
}

}  // namespace shoal::replication
