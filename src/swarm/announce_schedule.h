#pragma once

#include "base/clock.h"
#include "base/due_queue.h"
#include "crypto/hash.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

namespace shoal::swarm {

/// When each joined feed is announced to the DHT. libtorrent's own timer serves one torrent a second and leaves one
/// that was added too early alone for 15 minutes; so we ask for announcements: soon and often until a feed has a peer,
/// then rarely, and never more than a burst the DHT drops. Pure state on times it is told; each call takes logarithmic
/// time but restart(). Confined to its caller.
class AnnounceSchedule {
 public:
  /// Between any two, in a network of our own and in the public one, whose nodes drop more of a burst. 2,000 feeds are
  /// out in 20 s and in 200 s.
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(10);
  static constexpr base::MonoTime kPublicPace = std::chrono::milliseconds(100);
  static constexpr base::MonoTime kSameFeedPace = std::chrono::milliseconds(1000);  ///< between two of one feed
  static constexpr base::MonoTime kLookingInterval = std::chrono::milliseconds(1500);
  static constexpr base::MonoTime kLookingIntervalMax = std::chrono::seconds(60);  ///< doubles up to this
  static constexpr base::MonoTime kSettledInterval = std::chrono::minutes(10);
  /// Of very many feeds without peers together one is looked for so often: from a hundred on each waits longer than a
  /// minute, and never longer than a settled feed.
  static constexpr base::MonoTime kLookingLoad = std::chrono::milliseconds(600);
  /// A feed whose peers are few or suspect is looked for at once, but not again within this.
  static constexpr base::MonoTime kNeedPace = std::chrono::seconds(5);

  explicit AnnounceSchedule(base::MonoTime pace = kPace) : pace_(pace) {}

  void add(const crypto::Digest& feed, base::MonoTime now);
  void remove(const crypto::Digest& feed);
  /// The feed has a first peer: look rarely.
  void found_peer(const crypto::Digest& feed, base::MonoTime now);
  /// The feed's last peer left: look often again, at once unless it was announced just now.
  void lost_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The feed has peers, and wants others: look once more, soon.
  void need_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The DHT came up or the network changed: everything is announced again. Linear in the feeds.
  void restart(base::MonoTime now);
  /// The feed to announce now, if one is due and the pace allows; it counts as announced.
  [[nodiscard]] std::optional<crypto::Digest> next(base::MonoTime now);
  /// Before this next() gives nothing, unless something is told meanwhile; nullopt without feeds.
  [[nodiscard]] std::optional<base::MonoTime> wake_at() const;
  /// Feeds that were announced at least once since they were added or everything began again.
  [[nodiscard]] std::size_t announced() const { return announced_; }

 private:
  struct Entry {
    base::MonoTime interval = kLookingInterval;
    std::optional<base::MonoTime> announced;  ///< the last time
    bool counted = false;                     ///< in announced_
    [[nodiscard]] bool looking() const { return interval < kSettledInterval; }
  };

  void look_again(const crypto::Digest& feed, Entry& entry, base::MonoTime now, base::MonoTime pace);
  void set_interval(Entry& entry, base::MonoTime interval);
  [[nodiscard]] base::MonoTime looking_max() const;

  base::MonoTime pace_;
  std::map<crypto::Digest, Entry> entries_;
  base::DueQueue<crypto::Digest> due_;
  std::size_t looking_ = 0;  ///< entries without a peer
  std::size_t announced_ = 0;
  std::optional<base::MonoTime> last_;
};

}  // namespace shoal::swarm
