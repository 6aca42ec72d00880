#pragma once

#include "store/journal.h"

#include <shoal/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

/// Byte layout of the journal file (docs/FORMAT.md, "Journal"). Pure functions; no I/O.
///
/// Everything is made of 512-byte sectors, the unit that a disk writes whole or not at all; each carries a check over
/// its content and its place. What belongs to different commits never shares a 4 KiB page, so a write that is cut
/// short cannot touch what an earlier commit made durable.
namespace shoal::store {

inline constexpr std::size_t kSectorSize = 512;
inline constexpr std::size_t kPageSize = 4096;
inline constexpr std::size_t kSectorsPerPage = kPageSize / kSectorSize;
inline constexpr std::size_t kCheckOffset = 496;

inline constexpr std::uint32_t kJournalVersion = 1;
/// Two pages per feed, so that a commit never writes over the newest head.
inline constexpr std::size_t kPagesPerSlot = 2;
inline constexpr std::size_t kFirstSlotPage = 1;
inline constexpr std::size_t kFirstRingPage = kFirstSlotPage + kPagesPerSlot * Journal::kMaxFeeds;
inline constexpr std::size_t kRingPages = Journal::kRingSize / kPageSize;
inline constexpr std::size_t kRingSectors = kRingPages * kSectorsPerPage;
inline constexpr std::size_t kJournalSize = (kFirstRingPage + kRingPages) * kPageSize;

/// File header and head records lie twice in their page, in these sectors.
inline constexpr std::array<std::size_t, 2> kCopySectors{0, 4};

/// Bytes of a group that one ring sector holds.
inline constexpr std::size_t kSectorPayload = 476;
inline constexpr std::size_t kPagePayload = kSectorPayload * kSectorsPerPage;
[[nodiscard]] constexpr std::size_t group_sectors(std::size_t size) {
  return (size + kSectorPayload - 1) / kSectorPayload;
}
[[nodiscard]] constexpr std::size_t group_pages(std::size_t size) { return (size + kPagePayload - 1) / kPagePayload; }
/// Ring sector `index` of a group that begins at ring page `first`.
[[nodiscard]] constexpr std::size_t ring_sector(std::size_t first_page, std::size_t index) {
  return (first_page * kSectorsPerPage + index) % kRingSectors;
}

enum class HeadState : std::uint8_t {
  unused = 0,
  current = 1,
  forgotten = 2,  ///< the user removed the feed
  undone = 3,     ///< a commit that a crash cut short; the other page counts
  missing = 4,    ///< there was a newer head than the other page's, and it cannot be read any more
};

struct HeadRecord {
  HeadState state = HeadState::unused;
  std::uint64_t sequence = 0;
  FeedId feed;
  std::uint32_t group_page = 0;  ///< ring page the commit's group begins at
  std::uint32_t group_size = 0;  ///< bytes; 0 when the commit had no group
  Bytes head;
};

/// What a ring sector says about itself. `group_size` 0: no group's sector, only newer than what was there.
struct RingSector {
  std::uint16_t slot = 0;
  std::uint32_t group_size = 0;
  std::uint64_t sequence = 0;
  std::uint32_t index = 0;
};

using Page = std::array<std::uint8_t, kPageSize>;

/// The content of a fresh journal.
[[nodiscard]] Bytes fresh_journal();

/// Code::corrupt when neither copy is a journal's header, Code::unsupported for another version.
[[nodiscard]] Result<void> check_file_header(ByteView page);

/// `page` numbers pages of the file.
[[nodiscard]] Page encode_head_page(std::size_t page, const HeadRecord& record);
/// The copy in sector `copy` (of kCopySectors) of the page; nullopt when it is damaged.
[[nodiscard]] std::optional<HeadRecord> decode_head(std::size_t page, ByteView page_bytes, std::size_t copy);

/// Whole ring pages that hold `group`, to be written from ring page `first_page` on; the caller wraps. An empty group
/// of `pages` pages gives sectors without a group.
[[nodiscard]] Bytes encode_group(std::size_t first_page, std::uint16_t slot, std::uint64_t sequence, ByteView group);
[[nodiscard]] Bytes encode_void(std::size_t first_page, std::size_t pages, std::uint64_t sequence);
/// nullopt when the sector is damaged. `sector` numbers ring sectors.
[[nodiscard]] std::optional<RingSector> decode_ring_sector(std::size_t sector, ByteView bytes);
/// The group's bytes in a sector that decoded well.
[[nodiscard]] ByteView ring_payload(const RingSector& sector, ByteView bytes);

}  // namespace shoal::store
