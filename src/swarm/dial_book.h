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

/// Decides when the known addresses of each joined feed are dialled. Addresses that a user named (`--peer`, a link) are
/// dialled while the feed is joined; those remembered from earlier runs only while the feed has no peer, or wants more.
/// Exponential backoff: a fixed interval for the first tries, so that two nodes that start together meet soon, then
/// doubling. Without it a node dials a dead address all the time, or never again an address that comes back.
/// Pure state; the caller passes the time. Each call takes logarithmic time, except restart(). Confined to its caller.
class DialBook {
 public:
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(5);  ///< between dials of any two feeds
  static constexpr base::MonoTime kLonelyInterval = std::chrono::seconds(2);
  static constexpr int kLonelyTries = 15;  ///< tries at that interval; then it doubles
  static constexpr base::MonoTime kLonelyIntervalMax = std::chrono::seconds(30);
  static constexpr base::MonoTime kConnectedInterval =
      std::chrono::seconds(30);  ///< of a feed with a peer; doubles up to kIntervalMax
  static constexpr base::MonoTime kIntervalMax = std::chrono::minutes(10);
  static constexpr base::MonoTime kNeedPace = std::chrono::seconds(5);
  /// Addresses of one feed; more are ignored.
  static constexpr std::size_t kMaxAddresses = 64;

  enum class Source : std::uint8_t { named, remembered };

  struct Dial {
    crypto::Digest feed;
    std::vector<std::string> addresses;  ///< `host:port`
  };

  /// Adds an address, which is dialled at once. A remembered address becomes named when it is added as named.
  void add(const crypto::Digest& feed, const std::string& address, Source source, base::MonoTime now);
  void remove(const crypto::Digest& feed);
  void found_peer(const crypto::Digest& feed, base::MonoTime now);
  /// The feed's last peer left: dials at once.
  void lost_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The feed has peers and wants more: dials all its addresses once more.
  void need_peers(const crypto::Digest& feed, base::MonoTime now);
  /// The network changed: dials all addresses again. Takes linear time.
  void restart(base::MonoTime now);
  /// The feed and addresses to dial now; they count as dialled.
  [[nodiscard]] std::optional<Dial> next(base::MonoTime now);
  /// The earliest time at which next() can return something, if no other call comes before; nullopt when never.
  [[nodiscard]] std::optional<base::MonoTime> wake_at() const;

 private:
  struct Entry {
    std::map<std::string, Source> addresses;
    bool has_peer = false;
    bool wants_more = false;
    int tries = 0;  ///< since the feed had a peer or an address was added
    base::MonoTime connected_interval = kConnectedInterval;
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
