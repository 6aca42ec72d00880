#include "store/journal_sector.h"

#include "base/assert.h"
#include "base/try.h"
#include "base/wire.h"
#include "crypto/hash.h"

#include <algorithm>
#include <span>
#include <string>
#include <utility>

namespace shoal::store {
namespace {

using base::WireReader;
using base::WireWriter;

enum class SectorKind : std::uint8_t { head = 2, ring = 3 };

constexpr std::array<std::uint8_t, 8> kMagic{'S', 'H', 'O', 'A', 'L', 'J', 'N', 'L'};
constexpr std::size_t kCheckSize = kSectorSize - kCheckOffset;

std::uint64_t file_sector_of_ring(std::size_t sector) { return kFirstRingPage * kSectorsPerPage + sector; }

/// First 16 bytes of SHA-256(place || content): a sector that was written elsewhere does not pass.
std::array<std::uint8_t, kCheckSize> check_of(std::uint64_t file_sector, ByteView content) {
  std::array<std::uint8_t, 8 + kCheckOffset> hashed{};
  for (std::size_t i = 0; i < 8; ++i) hashed[i] = static_cast<std::uint8_t>(file_sector >> (56 - 8 * i));
  std::copy(content.begin(), content.end(), hashed.begin() + 8);
  const crypto::Digest digest = crypto::sha256(hashed);
  std::array<std::uint8_t, kCheckSize> check{};
  std::copy_n(digest.bytes.begin(), kCheckSize, check.begin());
  return check;
}

/// Puts `content` and its check into `sector`, which is zero.
void seal(std::uint64_t file_sector, ByteView content, std::span<std::uint8_t> sector) {
  SHOAL_ASSERT(content.size() <= kCheckOffset && sector.size() == kSectorSize);
  std::copy(content.begin(), content.end(), sector.begin());
  const auto check = check_of(file_sector, sector.first(kCheckOffset));
  std::copy(check.begin(), check.end(), sector.begin() + kCheckOffset);
}

bool sealed(std::uint64_t file_sector, ByteView sector) {
  const auto check = check_of(file_sector, sector.first(kCheckOffset));
  return std::equal(check.begin(), check.end(), sector.begin() + kCheckOffset);
}

Bytes head_content(const HeadRecord& record) {
  SHOAL_ASSERT(record.head.size() <= Journal::kMaxHeadSize);
  WireWriter out(kCheckOffset);
  out.u8(static_cast<std::uint8_t>(SectorKind::head));
  out.u8(static_cast<std::uint8_t>(record.state));
  out.u16(static_cast<std::uint16_t>(record.head.size()));
  out.u32(record.group_page);
  out.u64(record.sequence);
  out.u32(record.group_size);
  out.bytes(record.feed.key.bytes);
  out.bytes(record.head);
  return std::move(out).take();
}

Bytes ring_content(const RingSector& sector, ByteView payload) {
  WireWriter out(kCheckOffset);
  out.u8(static_cast<std::uint8_t>(SectorKind::ring));
  out.u8(0);
  out.u16(sector.slot);
  out.u32(sector.group_size);
  out.u64(sector.sequence);
  out.u32(sector.index);
  out.bytes(payload);
  return std::move(out).take();
}

std::span<std::uint8_t> sector_in(std::span<std::uint8_t> bytes, std::size_t sector) {
  return bytes.subspan(sector * kSectorSize, kSectorSize);
}

}  // namespace

Bytes fresh_journal() {
  Bytes file(kJournalSize);
  WireWriter header;
  header.bytes(kMagic);
  header.u32(kJournalVersion);
  header.u32(static_cast<std::uint32_t>(Journal::kMaxFeeds));
  header.u32(static_cast<std::uint32_t>(kRingPages));
  for (const std::size_t copy : kCopySectors) seal(copy, header.view(), sector_in(file, copy));
  for (std::size_t page = kFirstSlotPage; page < kFirstRingPage; ++page) {
    const Page bytes = encode_head_page(page, {});
    std::copy(bytes.begin(), bytes.end(), file.begin() + static_cast<std::ptrdiff_t>(page * kPageSize));
  }
  const Bytes ring = encode_void(0, kRingPages, 0);
  std::copy(ring.begin(), ring.end(), file.begin() + static_cast<std::ptrdiff_t>(kFirstRingPage * kPageSize));
  return file;
}

Result<void> check_file_header(ByteView page) {
  for (const std::size_t copy : kCopySectors) {
    const ByteView sector = page.subspan(copy * kSectorSize, kSectorSize);
    WireReader reader(sector);
    if (reader.array<kMagic.size()>() != kMagic || !sealed(copy, sector)) continue;
    const std::uint32_t version = reader.u32();
    if (version == kJournalVersion) return {};
    return Error{Code::unsupported, "journal: version " + std::to_string(version) + ", this build knows version " +
                                        std::to_string(kJournalVersion)};
  }
  return Error{Code::corrupt, "journal: the file is no journal"};
}

Page encode_head_page(std::size_t page, const HeadRecord& record) {
  Page bytes{};
  const Bytes content = head_content(record);
  for (const std::size_t copy : kCopySectors) {
    seal(page * kSectorsPerPage + copy, content, sector_in(bytes, copy));
  }
  return bytes;
}

std::optional<HeadRecord> decode_head(std::size_t page, ByteView page_bytes, std::size_t copy) {
  const ByteView sector = page_bytes.subspan(copy * kSectorSize, kSectorSize);
  if (!sealed(page * kSectorsPerPage + copy, sector)) return std::nullopt;
  WireReader reader(sector);
  const std::uint8_t kind = reader.u8();
  const std::uint8_t state = reader.u8();
  const std::uint16_t head_size = reader.u16();
  HeadRecord record;
  record.state = static_cast<HeadState>(state);
  record.group_page = reader.u32();
  record.sequence = reader.u64();
  record.group_size = reader.u32();
  record.feed.key.bytes = reader.array<32>();
  if (kind != static_cast<std::uint8_t>(SectorKind::head) || state > static_cast<std::uint8_t>(HeadState::missing) ||
      head_size > Journal::kMaxHeadSize || record.group_page >= kRingPages ||
      record.group_size > Journal::kMaxGroupSize) {
    return std::nullopt;
  }
  const ByteView head = reader.bytes(head_size);
  record.head.assign(head.begin(), head.end());
  return record;
}

Bytes encode_group(std::size_t first_page, std::uint16_t slot, std::uint64_t sequence, ByteView group) {
  const std::size_t used = group_sectors(group.size());
  Bytes bytes(group_pages(group.size()) * kPageSize);
  for (std::size_t i = 0; i < bytes.size() / kSectorSize; ++i) {
    RingSector sector;
    sector.sequence = sequence;
    ByteView payload;
    if (i < used) {
      sector.slot = slot;
      sector.group_size = static_cast<std::uint32_t>(group.size());
      sector.index = static_cast<std::uint32_t>(i);
      payload = group.subspan(i * kSectorPayload, std::min(kSectorPayload, group.size() - i * kSectorPayload));
    }
    seal(file_sector_of_ring(ring_sector(first_page, i)), ring_content(sector, payload), sector_in(bytes, i));
  }
  return bytes;
}

Bytes encode_void(std::size_t first_page, std::size_t pages, std::uint64_t sequence) {
  Bytes bytes(pages * kPageSize);
  RingSector sector;
  sector.sequence = sequence;
  const Bytes content = ring_content(sector, {});
  for (std::size_t i = 0; i < bytes.size() / kSectorSize; ++i) {
    seal(file_sector_of_ring(ring_sector(first_page, i)), content, sector_in(bytes, i));
  }
  return bytes;
}

std::optional<RingSector> decode_ring_sector(std::size_t sector, ByteView bytes) {
  if (!sealed(file_sector_of_ring(sector), bytes)) return std::nullopt;
  WireReader reader(bytes);
  const std::uint8_t kind = reader.u8();
  reader.u8();
  RingSector decoded;
  decoded.slot = reader.u16();
  decoded.group_size = reader.u32();
  decoded.sequence = reader.u64();
  decoded.index = reader.u32();
  if (kind != static_cast<std::uint8_t>(SectorKind::ring) || decoded.slot >= Journal::kMaxFeeds ||
      decoded.group_size > Journal::kMaxGroupSize) {
    return std::nullopt;
  }
  if (decoded.group_size != 0 && decoded.index >= group_sectors(decoded.group_size)) return std::nullopt;
  return decoded;
}

ByteView ring_payload(const RingSector& sector, ByteView bytes) {
  const std::size_t before = std::size_t{sector.index} * kSectorPayload;
  return bytes.subspan(kCheckOffset - kSectorPayload, std::min(kSectorPayload, sector.group_size - before));
}

}  // namespace shoal::store
