#pragma once

#include "base/clock.h"
#include "base/due_queue.h"
#include "crypto/hash.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

namespace shoal::swarm {

/// Where joined feeds are dialled, and when again. Addresses that somebody named (`--peer`, a link) are dialled as long
/// as the feed is joined; those remembered from former runs only while it has no peer, or wants more. Tries become
/// rarer the longer they bring nothing. Pure state on times it is told; each call takes logarithmic time. Confined to
/// its caller.
class DialBook {
 public:
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(5);  ///< between any two feeds
  static constexpr base::MonoTime kLonelyInterval = std::chrono::seconds(2);
  static constexpr int kLonelyTries = 15;  ///< at that interval; from then on it doubles
  static constexpr base::MonoTime kLonelyIntervalMax = std::chrono::seconds(30);
  static constexpr base::MonoTime kSettledInterval = std::chrono::seconds(30);  ///< doubles too
  static constexpr base::MonoTime kIntervalMax = std::chrono::minutes(10);
  static constexpr base::MonoTime kNeedPace = std::chrono::seconds(5);
  /// Of one feed; more are not taken.
  static constexpr std::size_t kMaxAddresses = 64;

  enum class Source : std::uint8_t { named, remembered };

  struct Dial {
    crypto::Digest feed;
    std::vector<std::string> addresses;  ///< `host:port`
  };

  /// Dialled at once. A name for what was remembered makes it named.
  void add(const crypto::Digest& feed, const std::string& address, Source source, base::MonoTime now);
  void remove(const crypto::Digest& feed);
  void found_peer(const crypto::Digest& feed, base::MonoTime now);
  /// The last peer left: dials at once.
  void lost_peers(const crypto::Digest& feed, base::MonoTime now);
  /// It has peers and wants others: everything known is dialled once more.
  void need_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The network changed: everything is worth a new try. Linear in the feeds.
  void restart(base::MonoTime now);
  /// What to dial now; it counts as dialled.
  [[nodiscard]] std::optional<Dial> next(base::MonoTime now);
  /// Before this next() gives nothing, unless something is told meanwhile; nullopt when nothing is due ever.
  [[nodiscard]] std::optional<base::MonoTime> wake_at() const;

 private:
  struct Entry {
    std::map<std::string, Source> addresses;
    bool has_peer = false;
    bool wants_more = false;
    int tries = 0;  ///< since the last change
    base::MonoTime settled_interval = kSettledInterval;
    std::optional<base::MonoTime> dialled;  ///< the last time
  };

  [[nodiscard]] static bool dials(const Entry& entry, Source source);
  [[nodiscard]] static bool has_named(const Entry& entry);
  [[nodiscard]] static base::MonoTime interval_after(Entry& entry);
  void begin_again(const crypto::Digest& feed, Entry& entry, base::MonoTime due);

  std::map<crypto::Digest, Entry> entries_;  ///< feeds that have addresses
  base::DueQueue<crypto::Digest> due_;
  std::optional<base::MonoTime> last_;
};

}  // namespace shoal::swarm
