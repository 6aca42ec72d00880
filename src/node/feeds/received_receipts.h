#pragma once

#include "feed/format/receipt.h"
#include "node/api/acks_text.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <mutex>
#include <set>
#include <utility>
#include <vector>

namespace shoal::node {

/// The newest receipt of each mirror of one feed, for a bounded number of mirrors. Pure state, which ReceiptInbox keeps
/// over restarts. Thread-safe.
class ReceivedReceipts {
 public:
  /// Beyond this number a new mirror replaces the one whose last receipt is the oldest.
  static constexpr std::size_t kMaxMirrors = kMaxAckMirrors;

  /// `is_named`: the user gave the mirror a name, so only other named ones replace it. May be empty. Not called under a
  /// lock of ours.
  explicit ReceivedReceipts(std::function<bool(const PublicKey&)> is_named = {}) : is_named_(std::move(is_named)) {}

  /// A receipt that was verified. False when there is no room for its mirror.
  bool put(const feed::Receipt& receipt);
  /// In the order of their node keys.
  [[nodiscard]] std::vector<feed::Receipt> all() const;

  /// What put() changed since the last call.
  struct Changes {
    std::vector<feed::Receipt> kept;
    std::vector<PublicKey> dropped;
  };
  [[nodiscard]] Changes take_changes();

 private:
  struct Kept {
    feed::Receipt receipt;
    std::uint64_t heard = 0;  ///< counts receipts
    bool named = false;
  };

  /// False when the mirror has none here.
  bool replace(const feed::Receipt& receipt);
  /// Under mutex_.
  [[nodiscard]] bool make_room(bool named);

  const std::function<bool(const PublicKey&)> is_named_;
  mutable std::mutex mutex_;
  std::map<PublicKey, Kept> kept_;
  std::set<PublicKey> changed_;  ///< since take_changes(), dropped ones included
  std::uint64_t heard_ = 0;
};

}  // namespace shoal::node
