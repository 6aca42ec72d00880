#pragma once

#include "base/clock.h"
#include "base/due_queue.h"
#include "crypto/hash.h"

#include <chrono>
#include <cstddef>
#include <map>
#include <optional>

namespace shoal::swarm {

/// Decides when each joined feed is announced to the DHT (BEP 5 announce_peer). A feed without a peer is announced at
/// once and then with exponential backoff; a feed with peers every ten minutes. The pace bounds the rate over all
/// feeds.
///
/// It replaces libtorrent's own timer (libtorrent 2.0, settings_pack::dht_announce_interval), which announces one
/// torrent a second and leaves one that was added before the DHT was up alone for 15 minutes: without this a node with
/// thousands of feeds needs an hour to be found, and a faster burst is dropped by the rate limits of DHT nodes.
///
/// Pure state; the caller passes the time. Each call takes logarithmic time, except restart(). Confined to its caller.
class AnnounceSchedule {
 public:
  /// Time between any two announcements, in a private network and in the public one, whose nodes drop larger bursts.
  /// 2,000 feeds take 20 s and 200 s.
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(10);
  static constexpr base::MonoTime kPublicPace = std::chrono::milliseconds(100);
  static constexpr base::MonoTime kSameFeedPace =
      std::chrono::milliseconds(1000);  ///< between two announcements of one feed
  static constexpr base::MonoTime kLookingInterval = std::chrono::milliseconds(1500);
  static constexpr base::MonoTime kLookingIntervalMax = std::chrono::seconds(60);  ///< doubles up to this
  static constexpr base::MonoTime kConnectedInterval = std::chrono::minutes(10);   ///< of a feed that has peers
  /// With many feeds without peers, one announcement of any of them per this time: from a hundred feeds on each waits
  /// longer than a minute, but never longer than a feed with peers.
  static constexpr base::MonoTime kLookingLoad = std::chrono::milliseconds(600);
  /// Time between two announcements of a feed because its peers are few or suspect.
  static constexpr base::MonoTime kNeedPace = std::chrono::seconds(5);

  explicit AnnounceSchedule(base::MonoTime pace = kPace) : pace_(pace) {}

  void add(const crypto::Digest& feed, base::MonoTime now);
  void remove(const crypto::Digest& feed);
  /// The feed has a first peer: announce it rarely.
  void found_peer(const crypto::Digest& feed, base::MonoTime now);
  /// The feed's last peer left: announce it often again, the first time now or kSameFeedPace after the last time.
  void lost_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The feed has peers and wants more: announce it once more.
  void need_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The DHT came up or the network changed: announces all feeds again. Takes linear time.
  void restart(base::MonoTime now);
  /// The feed to announce now, if one is due and the pace allows it; it counts as announced.
  [[nodiscard]] std::optional<crypto::Digest> next(base::MonoTime now);
  /// The earliest time at which next() can return a feed, if no other call comes before; nullopt without feeds.
  [[nodiscard]] std::optional<base::MonoTime> wake_at() const;
  /// Number of feeds that were announced since they were added or since restart().
  [[nodiscard]] std::size_t announced() const { return announced_; }

 private:
  struct Entry {
    base::MonoTime interval = kLookingInterval;
    std::optional<base::MonoTime> announced;  ///< the last time
    bool counted = false;                     ///< in announced_
    [[nodiscard]] bool looking() const { return interval < kConnectedInterval; }
  };

  void look_again(const crypto::Digest& feed, Entry& entry, base::MonoTime now, base::MonoTime pace);
  void set_interval(Entry& entry, base::MonoTime interval);
  [[nodiscard]] base::MonoTime looking_max() const;

  base::MonoTime pace_;
  std::map<crypto::Digest, Entry> entries_;
  base::DueQueue<crypto::Digest> due_;
  std::size_t looking_ = 0;  ///< number of entries without a peer
  std::size_t announced_ = 0;
  std::optional<base::MonoTime> last_;
};

}  // namespace shoal::swarm
