#include "node/directory/peer_book.h"

#include "base/bytes.h"
#include "base/wire.h"

#include <algorithm>
#include <tuple>

namespace shoal::node {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kMaxAddress = 64;  // `[v6 with a scope]:port`
constexpr std::int64_t kFresh = 3600 * 1000;

}  // namespace

bool PeerBook::note_met(const std::string& address, const PublicKey& node_key, UnixMs now) {
  if (address.empty() || address.size() > kMaxAddress) return false;
  const auto known =
      std::find_if(peers_.begin(), peers_.end(), [&](const Peer& peer) { return peer.address == address; });
  if (known != peers_.end() && known->node_key == node_key && known->failures == 0 &&
      now.value() - known->met.value() < kFresh) {
    return false;
  }
  if (known != peers_.end()) {
    *known = {address, node_key, now, 0};
  } else {
    // A node that moved is not kept at its former address, which is likely to be somebody else's by now.
    std::erase_if(peers_, [&](const Peer& peer) { return peer.node_key == node_key && peer.failures > 0; });
    peers_.push_back({address, node_key, now, 0});
  }
  sort_and_trim();
  return true;
}

void PeerBook::begin_run(UnixMs now) {
  const std::int64_t oldest = now.value() - std::chrono::milliseconds(kMaxAge).count();
  for (Peer& peer : peers_) {
    ++peer.failures;
    // A clock that was ahead meanwhile must not make it live for ever.
    peer.met = std::min(peer.met, now);
  }
  std::erase_if(peers_, [&](const Peer& peer) { return peer.failures > kMaxFailures || peer.met.value() < oldest; });
  sort_and_trim();
}

std::vector<std::string> PeerBook::addresses() const {
  std::vector<std::string> out;
  for (const Peer& peer : peers_) out.push_back(peer.address);
  return out;
}

Bytes PeerBook::encode() const {
  base::WireWriter out;
  out.u8(kVersion);
  out.u16(static_cast<std::uint16_t>(peers_.size()));
  for (const Peer& peer : peers_) {
    out.u8(static_cast<std::uint8_t>(peer.address.size()));
    out.bytes(base::as_bytes(peer.address));
    out.bytes(peer.node_key.bytes);
    out.i64(peer.met.value());
    out.u8(peer.failures);
  }
  return std::move(out).take();
}

Result<PeerBook> PeerBook::decode(ByteView row) {
  base::WireReader in(row);
  PeerBook book;
  const std::uint8_t version = in.u8();
  const std::uint16_t count = in.u16();
  for (std::uint16_t i = 0; i < count && in.ok() && i < kMaxPeers; ++i) {
    Peer peer;
    peer.address = std::string(base::as_text(in.bytes(in.u8())));
    peer.node_key.bytes = in.array<32>();
    peer.met = UnixMs(in.i64());
    peer.failures = std::min(in.u8(), kMaxFailures);
    book.peers_.push_back(std::move(peer));
  }
  if (version != kVersion || !in.finished()) {
    return Error{Code::corrupt, "the stored peers of a feed are malformed", ""};
  }
  book.sort_and_trim();
  return book;
}

void PeerBook::sort_and_trim() {
  std::stable_sort(peers_.begin(), peers_.end(), [](const Peer& a, const Peer& b) {
    return std::tuple(a.failures, b.met.value()) < std::tuple(b.failures, a.met.value());
  });
  if (peers_.size() > kMaxPeers) peers_.resize(kMaxPeers);
}

}  // namespace shoal::node
