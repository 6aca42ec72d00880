#pragma once

#include "store/journal_file.h"
#include "store/journal_sector.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace shoal::store {

/// A committed group that is whole in the ring.
struct GroupSpot {
  std::uint16_t slot = 0;
  std::uint64_t sequence = 0;
  std::size_t page = 0;
  std::size_t size = 0;
};

/// What one feed's pair of head pages says.
struct HeadSlot {
  enum class Use : std::uint8_t {
    free,  ///< never used
    used,
    lost,  ///< was used, but nothing readable tells by whom
  };
  Use use = Use::free;
  FeedId feed;
  /// Newest committed record; `state` is current, forgotten or, while no commit came through, unused.
  HeadRecord newest;
  /// The page (0 or 1) `newest` lies in; the next commit takes the other one.
  std::size_t newest_page = 1;
  /// A newer head than `newest` was committed, or the only one, and cannot be read.
  bool damaged = false;
};

/// A journal file as a start finds it.
struct JournalScan {
  std::vector<HeadSlot> slots;
  /// By sequence.
  std::vector<GroupSpot> groups;
  std::uint64_t next_sequence = 1;
  std::size_t next_page = 0;
  /// Sectors that fail their check.
  std::size_t damaged_sectors = 0;
};

/// Reads the whole file and repairs what a crash left (docs/FORMAT.md, "Journal", recovery): a commit that did not get
/// through whole is made void on the disk, so that it cannot come back to life beside later ones, and a head record's
/// damaged copy is written anew from the other. What the scan gives is on the disk when this returns, also after a sync
/// of an earlier process that failed. Code::corrupt when the file is no journal of this geometry.
[[nodiscard]] Result<JournalScan> scan_journal(JournalFile& file);

}  // namespace shoal::store
