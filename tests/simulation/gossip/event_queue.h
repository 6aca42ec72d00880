#pragma once

#include "base/assert.h"
#include "base/clock.h"

#include <algorithm>
#include <cstdint>
#include <vector>

namespace shoal::simulation::gossip {

using Node = std::uint32_t;

enum class Kind : std::uint8_t {
  announce,  ///< value: tree size
  push,      ///< value: tree size
  want,      ///< value: tree size held; urgency
  busy,
  cancel,
  ping,
  pong,
  pull,    ///< value: tree size held; growth and blocks in one
  blocks,  ///< value: tree size
  close,
  tick,  ///< to itself, as all that follow
  check,
  dialled,
};

struct Event {
  base::MonoTime at{0};
  std::uint64_t order = 0;
  Node to = 0;
  Node from = 0;
  std::uint32_t value = 0;
  std::uint32_t life = 0;  ///< of the receiver, for events to itself
  Kind kind = Kind::tick;
  std::uint8_t urgency = 0;
  std::uint8_t hops = 0;
};

/// Events in order of time, and of posting where times are equal. A ring of slices of about a millisecond, each sorted
/// when its turn comes: with millions of events ahead a heap would miss the processor's cache at every step.
class EventQueue {
 public:
  explicit EventQueue(base::MonoTime from) : slices_(kSlices), current_(slice_of(from)) {}

  /// `event.at` lies less than 16 seconds ahead, and not before the last one taken.
  void push(const Event& event) {
    const std::uint64_t slice = std::max(slice_of(event.at), current_);
    SHOAL_ASSERT(slice < current_ + kSlices);
    std::vector<Event>& into = slices_[slice % kSlices];
    if (slice == current_) {
      into.insert(std::upper_bound(into.begin() + static_cast<std::ptrdiff_t>(taken_), into.end(), event, before),
                  event);
    } else {
      into.push_back(event);
    }
    ++size_;
  }
  /// Takes the next event up to `limit`; false when there is none.
  bool pop(base::MonoTime limit, Event& out) {
    while (true) {
      std::vector<Event>& slice = slices_[current_ % kSlices];
      if (taken_ < slice.size()) {
        if (slice[taken_].at > limit) return false;
        out = slice[taken_++];
        --size_;
        return true;
      }
      if (size_ == 0 || current_ >= slice_of(limit)) return false;
      slice.clear();
      taken_ = 0;
      ++current_;
      std::vector<Event>& next = slices_[current_ % kSlices];
      std::sort(next.begin(), next.end(), before);
    }
  }

 private:
  static constexpr std::uint64_t kSlices = 1 << 14;
  static constexpr unsigned kSliceShift = 20;  // nanoseconds

  static bool before(const Event& a, const Event& b) { return a.at != b.at ? a.at < b.at : a.order < b.order; }
  static std::uint64_t slice_of(base::MonoTime at) { return static_cast<std::uint64_t>(at.count()) >> kSliceShift; }

  std::vector<std::vector<Event>> slices_;
  std::uint64_t current_;  ///< slice that events are taken from
  std::size_t taken_ = 0;  ///< of it
  std::size_t size_ = 0;
};

}  // namespace shoal::simulation::gossip
