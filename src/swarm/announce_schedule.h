#pragma once

#include "base/clock.h"
#include "crypto/hash.h"

#include <map>
#include <optional>

namespace shoal::swarm {

/// When each joined feed is announced to the DHT. libtorrent's own timer serves one torrent a second and leaves one
/// that was added too early alone for 15 minutes; so we ask for announcements: soon and often until a feed has a peer,
/// then rarely, and never more than a burst the DHT drops. Pure state on times it is told; confined to its caller.
class AnnounceSchedule {
 public:
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(10);            ///< between any two
  static constexpr base::MonoTime kSameFeedPace = std::chrono::milliseconds(1000);  ///< between two of one feed
  static constexpr base::MonoTime kLookingInterval = std::chrono::milliseconds(1500);
  static constexpr base::MonoTime kLookingIntervalMax = std::chrono::seconds(60);  ///< doubles up to this
  static constexpr base::MonoTime kSettledInterval = std::chrono::minutes(10);

  void add(const crypto::Digest& feed, base::MonoTime now);
  void remove(const crypto::Digest& feed);
  /// The feed has a first peer: look rarely.
  void found_peer(const crypto::Digest& feed, base::MonoTime now);
  /// The feed's last peer left: look often again, at once unless it was announced just now.
  void lost_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The DHT came up or the network changed: everything is announced again.
  void restart(base::MonoTime now);
  /// The feed to announce now, if one is due and the pace allows; it counts as announced. Linear in the feeds.
  [[nodiscard]] std::optional<crypto::Digest> next(base::MonoTime now);

 private:
  struct Entry {
    base::MonoTime due{0};
    base::MonoTime interval = kLookingInterval;
    std::optional<base::MonoTime> announced;  ///< the last time
  };

  static void look_again(Entry& entry, base::MonoTime now);

  std::map<crypto::Digest, Entry> entries_;
  std::optional<base::MonoTime> last_;
};

}  // namespace shoal::swarm
