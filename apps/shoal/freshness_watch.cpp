#include "freshness_watch.h"

#include "text/time_text.h"

#include <algorithm>

namespace shoal::command {
namespace {

constexpr std::chrono::seconds kLeastPatience{60};
constexpr std::chrono::hours kMostPatience{1};

}  // namespace

std::chrono::milliseconds FreshnessWatch::patience() const {
  return std::clamp<std::chrono::milliseconds>(3 * longest_gap_, kLeastPatience, kMostPatience);
}

std::optional<std::string> FreshnessWatch::look(Time now, UnixMs wall, std::optional<UnixMs> head) {
  const auto gap = std::chrono::duration_cast<std::chrono::milliseconds>(now - last_change_);
  if (head != head_) {
    // The first head may be old: its age does not show how often the owner signs.
    if (head_) longest_gap_ = std::max(longest_gap_, gap);
    head_ = head;
    last_change_ = now;
    if (head && !clocks_warned_ && wall - *head < -kClockSlackMs) {
      clocks_warned_ = true;
      return "the newest head was signed " + format_head_age(wall - *head);
    }
    if (std::exchange(stale_, false)) return "the owner's heads come again";
    return std::nullopt;
  }
  if (stale_ || gap < patience()) return std::nullopt;
  stale_ = true;
  const std::string silence = "no head of the owner came for " + format_age(gap.count());
  if (!head) return silence + ": nothing is known of this feed yet";
  return silence + "; the newest was signed " + format_head_age(wall - *head);
}

}  // namespace shoal::command
