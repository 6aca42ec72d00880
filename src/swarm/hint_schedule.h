#pragma once

#include "base/clock.h"
#include "base/due_queue.h"
#include "base/random.h"

#include <shoal/types.h>

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>

namespace shoal::swarm {

/// Decides when a feed's head hint is stored in the DHT again, or looked up. A node that holds the newest head stores
/// it about hourly, because DHT nodes drop an item after two hours (BEP 44); a node without a peer looks it up with
/// exponential backoff. Random jitter spreads the nodes that store the same hint. Without it hints expire, or all
/// mirrors of a feed store them at the same moment and the DHT drops the burst.
/// Pure state; the caller passes the time. Each call takes logarithmic time. Confined to its caller.
class HintSchedule {
 public:
  /// Time between any two, in a private network and in the public one. One takes about fifty datagrams.
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(50);
  static constexpr base::MonoTime kPublicPace = std::chrono::milliseconds(500);
  /// Delay after joining, in which the node enters the DHT.
  static constexpr base::MonoTime kFirst = std::chrono::milliseconds(1500);
  /// First interval of look-ups by a node without a peer.
  static constexpr base::MonoTime kLonely = std::chrono::seconds(3);
  static constexpr base::MonoTime kLonelyMax = std::chrono::minutes(10);  ///< doubles up to this
  /// Interval of storing; jitter of up to a quarter more or less.
  static constexpr base::MonoTime kStored = std::chrono::minutes(55);
  /// Delay of the second store: at the first one the node may not have entered the DHT yet.
  static constexpr base::MonoTime kConfirm = std::chrono::seconds(30);
  /// Shortest time between two stores of an own feed whose head changes.
  static constexpr base::MonoTime kChanged = std::chrono::minutes(5);

  /// `random` outlives it.
  HintSchedule(base::MonoTime pace, base::Random& random) : pace_(pace), random_(&random) {}

  void add(const FeedId& feed, base::MonoTime now);
  void remove(const FeedId& feed);
  /// The head differs from the stored one.
  void changed(const FeedId& feed, base::MonoTime now);
  /// The feed's last peer left: look up soon.
  void lonely(const FeedId& feed, base::MonoTime now);
  /// The feed that is due now, if the pace allows it. The caller then calls done().
  [[nodiscard]] std::optional<FeedId> next(base::MonoTime now);
  enum class Need : std::uint8_t {
    keep,  ///< keep the stored hint alive
    look,  ///< no peer is there that could announce a newer head: look up again
  };
  /// The feed that next() returned was stored or looked up; `need` says when it is due again.
  void done(const FeedId& feed, Need need, base::MonoTime now);
  /// The earliest time at which next() can return a feed, if no other call comes before; nullopt without feeds.
  [[nodiscard]] std::optional<base::MonoTime> wake_at() const;

 private:
  struct Entry {
    base::MonoTime interval = kLonely;
    std::optional<base::MonoTime> done;
  };

  base::MonoTime pace_;
  base::Random* random_;
  std::map<FeedId, Entry> entries_;
  base::DueQueue<FeedId> due_;
  std::optional<base::MonoTime> last_;
};

}  // namespace shoal::swarm
