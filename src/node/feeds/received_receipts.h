#pragma once

#include "feed/format/receipt.h"
#include "feed/log/feed_log.h"
#include "node/api/acks_text.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <set>
#include <vector>

namespace shoal::node {

/// The newest receipt of each mirror of one feed, for a bounded number of mirrors. Those of own feeds stay over
/// restarts. Thread-safe.
class ReceivedReceipts {
 public:
  /// Mirrors beyond it push out those not heard of for longest.
  static constexpr std::size_t kMaxMirrors = kMaxAckMirrors;

  struct Parts {
    store::KvStore* store = nullptr;  ///< null: kept in memory only
    store::FeedNumber feed{0};
    /// A mirror that the user named is pushed out by named ones only. May be empty. Not called under a lock of ours.
    std::function<bool(const PublicKey&)> is_named;
  };
  /// Code::corrupt for a malformed row.
  [[nodiscard]] static Result<std::unique_ptr<ReceivedReceipts>> open(Parts parts);

  /// A receipt that was verified. False when there is no room for its mirror.
  bool put(const feed::Receipt& receipt);
  /// In the order of their node keys.
  [[nodiscard]] std::vector<feed::Receipt> all() const;
  /// Writes what changed since the last call. One thread at a time.
  [[nodiscard]] Result<void> save();

 private:
  struct Kept {
    feed::Receipt receipt;
    std::uint64_t heard = 0;  ///< counts receipts
    bool named = false;
  };

  explicit ReceivedReceipts(Parts parts) : parts_(std::move(parts)) {}
  [[nodiscard]] Result<void> load();
  /// False when the mirror has none here.
  bool replace(const feed::Receipt& receipt);
  /// Under mutex_.
  [[nodiscard]] bool make_room(bool named);

  const Parts parts_;
  mutable std::mutex mutex_;
  std::map<PublicKey, Kept> kept_;
  std::set<PublicKey> changed_;  ///< since save(), dropped ones included
  std::uint64_t heard_ = 0;
};

}  // namespace shoal::node
