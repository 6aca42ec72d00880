#pragma once

#include <shoal/result.h>
#include <shoal/types.h>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace shoal::node {

/// Where peers of one feed were met, kept over restarts (docs/FORMAT.md, "Store"): a start without any DHT finds them
/// again. Each start counts as a failure until the peer is met. A peer is forgotten after kMaxFailures in a row, or
/// when it was last met kMaxAge ago. Pure state; the caller passes the time; confined to its caller.
class PeerBook {
 public:
  static constexpr std::size_t kMaxPeers = 32;  ///< the most promising ones stay
  static constexpr std::uint8_t kMaxFailures = 8;
  static constexpr std::chrono::hours kMaxAge{30 * 24};

  struct Peer {
    std::string address;        ///< `host:port` where it can be dialled
    PublicKey node_key;         ///< what answered there
    UnixMs met{0};              ///< the last time
    std::uint8_t failures = 0;  ///< starts since then
    auto operator<=>(const Peer&) const = default;
  };

  /// A session with the node at this address is open. False when that is not worth a write: it was met here within the
  /// last hour.
  bool note_met(const std::string& address, const PublicKey& node_key, UnixMs now);
  /// The node starts: counts a failure for each peer, and forgets those with too many or from too long ago.
  void begin_run(UnixMs now);
  /// The most promising first.
  [[nodiscard]] std::vector<std::string> addresses() const;
  [[nodiscard]] const std::vector<Peer>& peers() const { return peers_; }

  [[nodiscard]] Bytes encode() const;
  /// Code::corrupt for a malformed row.
  [[nodiscard]] static Result<PeerBook> decode(ByteView row);

 private:
  /// Puts the most promising first, and keeps kMaxPeers of them.
  void sort_and_trim();

  std::vector<Peer> peers_;  ///< the most promising first
};

}  // namespace shoal::node
