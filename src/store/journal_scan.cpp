#include "store/journal_scan.h"

#include "base/try.h"

#include <algorithm>
#include <map>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>

// Recovery of the journal (docs/FORMAT.md, "Journal", recovery). A commit writes a group into the ring and a head into
// a slot, and syncs once; the disk may have kept any of those sectors. The scan must tell apart
//   - a commit that was cut short: some sectors of its group are older than its head, and undamaged. It was never
//     acknowledged, so it is undone, on the disk too: later commits reuse the room, and a head that came back to life
//     beside their groups would vouch for blocks that are gone;
//   - damage: a sector that fails its check where a commit had got through. Its twin repairs it; without one the head
//     counts as missing, and the signer refuses to go on, since it cannot know what it signed.
// What was read may be in the system's cache alone: after a failed sync, or one that a kill forestalled, pages count as
// clean and no later sync writes them. Shown to peers and then lost in a power cut, such a head would be signed a
// second time. So heads and newest groups are written again, then synced, before anybody sees them. Only the last
// commit can be concerned: each one before was synced before the next began.
//
// Sequence numbers decide what is newer. They are never used twice: the next one is above all that can be read, those
// of undone groups included, or a stale head would count as current after a second torn commit.
namespace shoal::store {
namespace {

/// One head page: the newest of its readable copies. Without a record there is nothing to repair it from.
struct HeadPage {
  std::optional<HeadRecord> record;
  bool needs_repair = false;
};

class Scanner {
 public:
  explicit Scanner(JournalFile& file)
      : file_(file),
        memory_(std::make_unique_for_overwrite<std::uint8_t[]>(kJournalSize)),
        bytes_(memory_.get(), kJournalSize) {}

  Result<JournalScan> run() {
    SHOAL_TRY(const std::uint64_t size, file_.size());
    if (size != kJournalSize) {
      return Error{Code::corrupt, "journal: the file has " + std::to_string(size) + " bytes instead of " +
                                      std::to_string(kJournalSize)};
    }
    SHOAL_CHECK(file_.read(0, bytes_));
    SHOAL_CHECK(check_file_header(ByteView(bytes_).first(kPageSize)));
    read_ring();
    find_whole_groups();
    for (std::size_t slot = 0; slot < Journal::kMaxFeeds; ++slot) read_slot(slot);
    void_uncommitted_groups();
    find_next_positions();
    renew();
    SHOAL_CHECK(write_repairs());
    return std::move(scan_);
  }

 private:
  [[nodiscard]] ByteView page_at(std::size_t page) const {
    return ByteView(bytes_).subspan(page * kPageSize, kPageSize);
  }

  void read_ring() {
    ring_.resize(kRingSectors);
    for (std::size_t i = 0; i < kRingSectors; ++i) {
      ring_[i] =
          decode_ring_sector(i, ByteView(bytes_).subspan(kFirstRingPage * kPageSize + i * kSectorSize, kSectorSize));
      if (ring_[i]) {
        highest_sequence_ = std::max(highest_sequence_, ring_[i]->sequence);
      } else {
        ++scan_.damaged_sectors;
      }
    }
  }

  /// The group that begins at `page` with this first sector, if all its sectors are there.
  [[nodiscard]] bool whole(std::size_t page, const RingSector& first) const {
    for (std::size_t i = 0; i < group_sectors(first.group_size); ++i) {
      const std::optional<RingSector>& sector = ring_[ring_sector(page, i)];
      if (!sector || sector->sequence != first.sequence || sector->slot != first.slot ||
          sector->group_size != first.group_size || sector->index != i) {
        return false;
      }
    }
    return true;
  }

  void find_whole_groups() {
    for (std::size_t page = 0; page < kRingPages; ++page) {
      const std::optional<RingSector>& first = ring_[page * kSectorsPerPage];
      if (!first || first->group_size == 0 || first->index != 0 || !whole(page, *first)) continue;
      scan_.groups.push_back(GroupSpot{first->slot, first->sequence, page, first->group_size});
    }
    std::sort(scan_.groups.begin(), scan_.groups.end(),
              [](const GroupSpot& a, const GroupSpot& b) { return a.sequence < b.sequence; });
  }

  HeadPage read_head_page(std::size_t page) {
    HeadPage found;
    std::size_t readable = 0;
    bool differ = false;
    for (const std::size_t copy : kCopySectors) {
      std::optional<HeadRecord> record = decode_head(page, page_at(page), copy);
      if (!record) {
        ++scan_.damaged_sectors;
        continue;
      }
      ++readable;
      highest_sequence_ = std::max(highest_sequence_, record->sequence);
      differ = differ || (found.record && found.record->sequence != record->sequence);
      if (!found.record || record->sequence > found.record->sequence) found.record = std::move(record);
    }
    found.needs_repair = readable < kCopySectors.size() || differ;
    return found;
  }

  /// True when the record's commit was cut short: part of its group's place still holds, undamaged, what was there
  /// before. After a commit that got through nothing older than it is left there, and damage does not look older.
  [[nodiscard]] bool cut_short(const HeadRecord& record) const {
    bool older = false;
    for (std::size_t i = 0; i < group_sectors(record.group_size); ++i) {
      const std::optional<RingSector>& sector = ring_[ring_sector(record.group_page, i)];
      if (!sector) return false;
      older = older || sector->sequence < record.sequence;
    }
    return older;
  }

  void read_slot(std::size_t index) {
    HeadSlot slot;
    std::optional<std::size_t> unreadable;
    std::uint64_t missing = 0;
    bool used = false;
    for (std::size_t side = 0; side < kPagesPerSlot; ++side) {
      const std::size_t page = kFirstSlotPage + index * kPagesPerSlot + side;
      HeadPage found = read_head_page(page);
      if (!found.record) {
        unreadable = page;
        continue;
      }
      HeadRecord& record = *found.record;
      if (record.state != HeadState::unused) {
        used = true;
        slot.feed = record.feed;
      }
      if (record.state == HeadState::current && cut_short(record)) {
        record.state = HeadState::undone;
        found.needs_repair = true;
      }
      if (found.needs_repair) repair_page(page, encode_head_page(page, record));
      if (record.state == HeadState::missing) missing = record.sequence;
      const bool counts = record.state == HeadState::current || record.state == HeadState::forgotten;
      if (counts && record.sequence >= slot.newest.sequence) {
        slot.newest = std::move(record);
        slot.newest_page = side;
      }
    }
    slot.use = used ? HeadSlot::Use::used : unreadable ? HeadSlot::Use::lost : HeadSlot::Use::free;
    slot.damaged = missing > slot.newest.sequence;
    if (unreadable) notice_missing_head(index, *unreadable, slot);
    scan_.slots.push_back(std::move(slot));
  }

  /// With one page unreadable the other may hold the older head. It surely does when the ring has a later group; that
  /// is written down, because the group will be written over one day.
  void notice_missing_head(std::size_t index, std::size_t page, HeadSlot& slot) {
    if (slot.newest.state == HeadState::unused) {
      slot.damaged = true;
      return;
    }
    HeadRecord missing;
    missing.state = HeadState::missing;
    missing.feed = slot.feed;
    for (const GroupSpot& group : scan_.groups) {
      if (group.slot == index) missing.sequence = std::max(missing.sequence, group.sequence);
    }
    if (missing.sequence <= slot.newest.sequence) return;
    slot.damaged = true;
    repair_page(page, encode_head_page(page, missing));
  }

  /// Groups whose head did not reach the disk were never acknowledged.
  void void_uncommitted_groups() {
    const auto uncommitted = [this](const GroupSpot& group) {
      const HeadSlot& slot = scan_.slots[group.slot];
      return slot.use != HeadSlot::Use::used || slot.newest.state != HeadState::current ||
             group.sequence > slot.newest.sequence;
    };
    for (const GroupSpot& group : scan_.groups) {
      if (!uncommitted(group) || scan_.slots[group.slot].damaged) continue;
      const std::size_t pages = group_pages(group.size);
      const Bytes empty = encode_void(group.page, pages, group.sequence);
      for (std::size_t i = 0; i < pages; ++i) {
        repair_page(kFirstRingPage + (group.page + i) % kRingPages, ByteView(empty).subspan(i * kPageSize, kPageSize));
      }
    }
    std::erase_if(scan_.groups, uncommitted);
  }

  void find_next_positions() {
    scan_.next_sequence = highest_sequence_ + 1;
    if (scan_.groups.empty()) return;
    const GroupSpot& last = scan_.groups.back();
    scan_.next_page = (last.page + group_pages(last.size)) % kRingPages;
  }

  /// Writes heads and the newest group of each feed again.
  void renew() {
    for (std::size_t index = 0; index < scan_.slots.size(); ++index) {
      if (scan_.slots[index].use != HeadSlot::Use::used) continue;
      for (std::size_t side = 0; side < kPagesPerSlot; ++side)
        renew_page(kFirstSlotPage + index * kPagesPerSlot + side);
    }
    std::map<std::uint16_t, const GroupSpot*> newest;
    for (const GroupSpot& group : scan_.groups) newest[group.slot] = &group;  // by sequence
    for (const auto& [slot, group] : newest) {
      for (std::size_t i = 0; i < group_pages(group->size); ++i) {
        renew_page(kFirstRingPage + (group->page + i) % kRingPages);
      }
    }
  }

  /// As it was read, unless it is repaired anyway. A damaged page stays what it is.
  void renew_page(std::size_t page) {
    const ByteView found = page_at(page);
    repairs_.try_emplace(page, found.begin(), found.end());
  }

  void repair_page(std::size_t page, ByteView content) { repairs_[page] = Bytes(content.begin(), content.end()); }

  Result<void> write_repairs() {
    if (repairs_.empty()) return {};
    for (const auto& [page, content] : repairs_) SHOAL_CHECK(file_.write(page * kPageSize, content));
    return file_.sync();
  }

  JournalFile& file_;
  std::unique_ptr<std::uint8_t[]> memory_;  // not zeroed: each start would touch 12 MiB twice
  std::span<std::uint8_t> bytes_;           // of the whole file
  std::vector<std::optional<RingSector>> ring_;
  std::uint64_t highest_sequence_ = 0;
  std::map<std::size_t, Bytes> repairs_;
  JournalScan scan_;
};

}  // namespace

Result<JournalScan> scan_journal(JournalFile& file) { return Scanner(file).run(); }

}  // namespace shoal::store
