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

/// When a feed's head hint is stored in the DHT again, or looked for: hourly by those who hold the newest head, soon
/// and then less and less often by those whom nobody tells of it. Pure state on times it is told; each call takes
/// logarithmic time. Confined to its caller.
class HintSchedule {
 public:
  /// Between any two, in a network of our own and in the public one: one takes some fifty datagrams.
  static constexpr base::MonoTime kPace = std::chrono::milliseconds(50);
  static constexpr base::MonoTime kPublicPace = std::chrono::milliseconds(500);
  /// After joining, for the DHT to be entered.
  static constexpr base::MonoTime kFirst = std::chrono::milliseconds(1500);
  static constexpr base::MonoTime kLonely = std::chrono::seconds(3);
  static constexpr base::MonoTime kLonelyMax = std::chrono::minutes(10);  ///< doubles up to this
  /// Nodes of the DHT forget an item after two hours; a quarter more or less, so that mirrors do not come together.
  static constexpr base::MonoTime kStored = std::chrono::minutes(55);
  /// The first one may have come before the DHT was entered.
  static constexpr base::MonoTime kConfirm = std::chrono::seconds(30);
  /// A new head of an own feed is stored so soon after the one before at best.
  static constexpr base::MonoTime kChanged = std::chrono::minutes(5);

  /// `random` outlives it.
  HintSchedule(base::MonoTime pace, base::Random& random) : pace_(pace), random_(&random) {}

  void add(const FeedId& feed, base::MonoTime now);
  void remove(const FeedId& feed);
  /// The head is another one than what was stored.
  void changed(const FeedId& feed, base::MonoTime now);
  /// The last peer left, or wants others: look again.
  void lonely(const FeedId& feed, base::MonoTime now);
  /// The feed whose turn it is, if the pace allows.
  [[nodiscard]] std::optional<FeedId> next(base::MonoTime now);
  enum class Need : std::uint8_t {
    keep,  ///< what was stored has to stay there
    look,  ///< nobody is there who could tell of a newer head
  };
  /// What next() gave was done, and comes again as it is needed.
  void done(const FeedId& feed, Need need, base::MonoTime now);
  /// Before this next() gives nothing, unless something is told meanwhile; nullopt without feeds.
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
