#pragma once

#include <shoal/types.h>

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace shoal::store {

/// The commit journal (docs/FORMAT.md, "Journal"; RELIABILITY: ratchet): the last head signed of each own feed, and the
/// blocks of the newest small groups, in one preallocated file beside the stores. What is in it is durable. Heads and
/// groups are opaque bytes here. Confined to the writer thread, except as said.
class Journal {
 public:
  virtual ~Journal() = default;

  /// Largest group that goes into the ring; a larger one is written to the store, synced, before commit() with an
  /// empty group.
  static constexpr std::size_t kMaxGroupSize = std::size_t{256} << 10;
  static constexpr std::size_t kRingSize = std::size_t{4} << 20;
  /// Largest head a slot holds.
  static constexpr std::size_t kMaxHeadSize = 256;
  /// Own feeds one journal has head slots for.
  static constexpr std::size_t kMaxFeeds = 1024;

  /// Room in the ring for groups before release() must be called.
  [[nodiscard]] virtual std::size_t free_space() const = 0;

  /// Writes the feed's head (into the older of its two slots) and the group (may be empty) and returns after ONE
  /// fdatasync. Code::limit_exceeded when the group is above kMaxGroupSize or free_space(), or when all head slots are
  /// taken. After Code::io or Code::no_space the outcome is unknown and every later call fails with
  /// Code::unknown_outcome until the journal is opened again.
  [[nodiscard]] virtual Result<void> commit(const FeedId& feed, ByteView head, ByteView group) = 0;

  /// Every group committed so far is durable in the store: their room may be used again. Groups of an earlier process
  /// are meant only once groups() was asked for their feed, so a feed that was not opened yet loses nothing.
  virtual void release() = 0;

  /// The newest valid head slot of the feed; nullopt when it has none; Code::corrupt when it had one and no slot is
  /// readable any more.
  [[nodiscard]] virtual Result<std::optional<Bytes>> last_head(const FeedId& feed) const = 0;

  /// The feed's groups still readable in the ring, oldest first. Damaged or overwritten slots are left out.
  [[nodiscard]] virtual Result<std::vector<Bytes>> groups(const FeedId& feed) const = 0;

  /// Feeds that have a head here (readable or not), in no particular order.
  [[nodiscard]] virtual std::vector<FeedId> feeds() const = 0;

  /// Forgets a feed that the user removed; its slot is never given to another feed.
  [[nodiscard]] virtual Result<void> forget(const FeedId& feed) = 0;
};

/// Opens or creates the journal file (mode 0600, preallocated). `existed` tells whether the file was there before: a
/// store with own feeds but no journal must not be signed on. Code::corrupt when the file is no journal or was cut,
/// Code::unsupported for another version, Code::in_use when another process has it open.
struct OpenedJournal {
  std::unique_ptr<Journal> journal;
  bool existed = false;
  /// Sectors that failed their check; what could be repaired from a copy has been. Worth a warning and a metric.
  std::size_t damaged_sectors = 0;
};
[[nodiscard]] Result<OpenedJournal> open_file_journal(const std::string& path);

/// A journal that lives and dies with the process, for volatile feeds.
[[nodiscard]] std::unique_ptr<Journal> make_memory_journal();

}  // namespace shoal::store
