#include "store/file_journal.h"

#include "base/assert.h"
#include "base/try.h"
#include "store/journal_scan.h"
#include "store/journal_sector.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <utility>

// The ratchet of own feeds on disk (docs/FORMAT.md, "Journal"). One commit is one fdatasync: group and head are written
// in any order, and journal_scan.cpp tells a torn commit from damage afterwards. A feed's head alternates between two
// pages, so a torn write never touches the newest one. Groups form a ring; their room is reused after release(), when
// the store has them durably. A failed write poisons the journal: what is on the disk is not known, and a signer that
// guessed could sign a second history.
namespace shoal::store {
namespace {

class FileJournal final : public Journal {
 public:
  FileJournal(std::unique_ptr<JournalFile> file, JournalScan scan)
      : file_(std::move(file)),
        slots_(std::move(scan.slots)),
        next_sequence_(scan.next_sequence),
        next_page_(scan.next_page) {
    for (const GroupSpot& spot : scan.groups) groups_.push_back(Group{spot, true, true});
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].use == HeadSlot::Use::used) by_feed_.emplace(slots_[i].feed, i);
      lost_slots_ = lost_slots_ || slots_[i].use == HeadSlot::Use::lost;
    }
  }

  [[nodiscard]] std::size_t free_space() const override { return free_pages() * kPagePayload; }

  [[nodiscard]] Result<void> commit(const FeedId& feed, ByteView head, ByteView group) override {
    SHOAL_CHECK(check_usable());
    if (head.size() > kMaxHeadSize) return Error{Code::limit_exceeded, "journal: the head is too large"};
    if (group.size() > kMaxGroupSize) return Error{Code::limit_exceeded, "journal: the group is too large"};
    if (group.size() > free_space()) return Error{Code::limit_exceeded, "journal: the ring is full"};
    SHOAL_TRY(const std::size_t slot, slot_for(feed));

    HeadRecord record;
    record.state = HeadState::current;
    record.sequence = next_sequence_++;
    record.feed = feed;
    record.group_page = static_cast<std::uint32_t>(next_page_);
    record.group_size = static_cast<std::uint32_t>(group.size());
    record.head.assign(head.begin(), head.end());
    // Group and head may reach the disk in any order before the sync: scan_journal() tells a commit that was cut short
    // from damage, so one sync is enough.
    if (!group.empty()) {
      const GroupSpot spot{static_cast<std::uint16_t>(slot), record.sequence, next_page_, group.size()};
      make_way(spot);
      SHOAL_CHECK(poison_on_failure(write_ring(next_page_, encode_group(next_page_, spot.slot, spot.sequence, group))));
      groups_.push_back(Group{spot, true, false});
      next_page_ = (next_page_ + group_pages(group.size())) % kRingPages;
    }
    return write_head(slot, std::move(record));
  }

  void release() override {
    for (Group& group : groups_) group.live = group.live && group.found_at_start;
  }

  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    SHOAL_CHECK(check_usable());
    const auto known = by_feed_.find(feed);
    if (known == by_feed_.end()) {
      if (lost_slots_) return Error{Code::corrupt, "journal: a head slot is unreadable and may be this feed's"};
      return std::optional<Bytes>{};
    }
    const HeadSlot& slot = slots_[known->second];
    if (slot.damaged) return Error{Code::corrupt, "journal: the newest head of feed " + feed.hex() + " is unreadable"};
    if (slot.newest.state != HeadState::current) return std::optional<Bytes>{};
    return std::optional<Bytes>{slot.newest.head};
  }

  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override {
    SHOAL_CHECK(check_usable());
    std::vector<Bytes> found;
    const auto known = by_feed_.find(feed);
    if (known == by_feed_.end()) return found;
    for (const Group& group : groups_) {
      if (group.spot.slot != known->second) continue;
      group.found_at_start = false;
      SHOAL_TRY(std::optional<Bytes> bytes, read_group(group.spot));
      if (bytes) found.push_back(*std::move(bytes));
    }
    return found;
  }

  [[nodiscard]] std::vector<FeedId> feeds() const override {
    std::vector<FeedId> found;
    for (const HeadSlot& slot : slots_) {
      if (slot.use == HeadSlot::Use::used && (slot.damaged || slot.newest.state == HeadState::current)) {
        found.push_back(slot.feed);
      }
    }
    return found;
  }

  [[nodiscard]] Result<void> forget(const FeedId& feed) override {
    SHOAL_CHECK(check_usable());
    const auto known = by_feed_.find(feed);
    if (known == by_feed_.end()) return {};
    const std::size_t slot = known->second;
    HeadRecord record;
    record.state = HeadState::forgotten;
    record.sequence = next_sequence_++;
    record.feed = feed;
    // Its groups must not come back should the feed ever be written again.
    for (const Group& group : groups_) {
      if (group.spot.slot != slot) continue;
      const std::size_t pages = group_pages(group.spot.size);
      SHOAL_CHECK(poison_on_failure(write_ring(group.spot.page, encode_void(group.spot.page, pages, record.sequence))));
    }
    std::erase_if(groups_, [slot](const Group& group) { return group.spot.slot == slot; });
    return write_head(slot, std::move(record));
  }

 private:
  struct Group {
    GroupSpot spot;
    /// Not yet known to be durable in the store.
    bool live = true;
    /// From an earlier process and not yet asked for: release() cannot mean it.
    mutable bool found_at_start = false;
  };

  [[nodiscard]] Result<void> check_usable() const {
    if (!poisoned_) return {};
    return Error{Code::unknown_outcome, "journal: an earlier write failed; what is on the disk is unknown",
                 "restart the node"};
  }

  Result<void> poison_on_failure(Result<void> result) {
    if (!result.ok()) poisoned_ = true;
    return result;
  }

  [[nodiscard]] std::size_t free_pages() const {
    std::size_t free = kRingPages;
    for (const Group& group : groups_) {
      if (group.live) free = std::min(free, (group.spot.page + kRingPages - next_page_) % kRingPages);
    }
    return free;
  }

  Result<std::size_t> slot_for(const FeedId& feed) {
    if (const auto known = by_feed_.find(feed); known != by_feed_.end()) return known->second;
    for (std::size_t i = 0; i < slots_.size(); ++i) {
      if (slots_[i].use != HeadSlot::Use::free) continue;
      slots_[i].use = HeadSlot::Use::used;
      slots_[i].feed = feed;
      by_feed_.emplace(feed, i);
      return i;
    }
    return Error{Code::limit_exceeded, "journal: no head slot is left"};
  }

  /// Drops the groups that `next` is about to be written over.
  void make_way(const GroupSpot& next) {
    const std::size_t pages = group_pages(next.size);
    std::erase_if(groups_, [&](const Group& group) {
      const std::size_t after = (group.spot.page + kRingPages - next.page) % kRingPages;
      const bool overlaps = after < pages || after + group_pages(group.spot.size) > kRingPages;
      SHOAL_ASSERT(!overlaps || !group.live);
      return overlaps;
    });
  }

  Result<void> write_ring(std::size_t page, ByteView pages) {
    const std::size_t before_end = std::min(pages.size(), (kRingPages - page) * kPageSize);
    SHOAL_CHECK(file_->write((kFirstRingPage + page) * kPageSize, pages.first(before_end)));
    if (before_end == pages.size()) return {};
    return file_->write(kFirstRingPage * kPageSize, pages.subspan(before_end));
  }

  Result<void> write_head(std::size_t index, HeadRecord record) {
    HeadSlot& slot = slots_[index];
    const std::size_t side = 1 - slot.newest_page;
    const std::size_t page = kFirstSlotPage + index * kPagesPerSlot + side;
    SHOAL_CHECK(poison_on_failure(file_->write(page * kPageSize, encode_head_page(page, record))));
    SHOAL_CHECK(poison_on_failure(file_->sync()));
    slot.newest = std::move(record);
    slot.newest_page = side;
    slot.damaged = false;
    return {};
  }

  /// nullopt when it got damaged since the start.
  [[nodiscard]] Result<std::optional<Bytes>> read_group(const GroupSpot& spot) const {
    Bytes group;
    group.reserve(spot.size);
    std::array<std::uint8_t, kSectorSize> bytes{};
    for (std::size_t i = 0; i < group_sectors(spot.size); ++i) {
      const std::size_t place = ring_sector(spot.page, i);
      SHOAL_CHECK(file_->read(kFirstRingPage * kPageSize + place * kSectorSize, bytes));
      const std::optional<RingSector> sector = decode_ring_sector(place, bytes);
      if (!sector || sector->sequence != spot.sequence || sector->slot != spot.slot || sector->index != i ||
          sector->group_size != spot.size) {
        return std::optional<Bytes>{};
      }
      const ByteView payload = ring_payload(*sector, bytes);
      group.insert(group.end(), payload.begin(), payload.end());
    }
    return std::optional<Bytes>{std::move(group)};
  }

  std::unique_ptr<JournalFile> file_;
  std::vector<HeadSlot> slots_;
  std::unordered_map<FeedId, std::size_t> by_feed_;
  /// By sequence.
  std::vector<Group> groups_;
  std::uint64_t next_sequence_;
  std::size_t next_page_;
  bool lost_slots_ = false;
  bool poisoned_ = false;
};

/// The file's bytes in memory, where recovery may repair them.
class CopiedFile final : public JournalFile {
 public:
  explicit CopiedFile(Bytes bytes) : bytes_(std::move(bytes)) {}

  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    SHOAL_ASSERT(offset <= bytes_.size() && out.size() <= bytes_.size() - offset);  // recovery has looked at the size
    std::copy_n(bytes_.begin() + static_cast<std::ptrdiff_t>(offset), out.size(), out.begin());
    return {};
  }
  [[nodiscard]] Result<void> write(std::uint64_t offset, ByteView bytes) override {
    SHOAL_ASSERT(offset <= bytes_.size() && bytes.size() <= bytes_.size() - offset);
    std::copy(bytes.begin(), bytes.end(), bytes_.begin() + static_cast<std::ptrdiff_t>(offset));
    return {};
  }
  [[nodiscard]] Result<void> sync() override { return {}; }
  [[nodiscard]] Result<std::uint64_t> size() const override { return bytes_.size(); }

 private:
  Bytes bytes_;
};

class ReadOnlyJournal final : public Journal {
 public:
  ReadOnlyJournal(std::unique_ptr<Journal> journal, Error why) : journal_(std::move(journal)), why_(std::move(why)) {}

  [[nodiscard]] std::size_t free_space() const override { return journal_->free_space(); }
  [[nodiscard]] Result<void> commit(const FeedId&, ByteView, ByteView) override { return why_; }
  void release() override {}
  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    return journal_->last_head(feed);
  }
  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override { return journal_->groups(feed); }
  [[nodiscard]] std::vector<FeedId> feeds() const override { return journal_->feeds(); }
  [[nodiscard]] Result<void> forget(const FeedId&) override { return why_; }

 private:
  std::unique_ptr<Journal> journal_;
  Error why_;
};

}  // namespace

Result<OpenedJournal> open_read_only_journal(const std::string& path, Error why) {
  const auto file = read_journal_file(path);
  if (!file && file.error().code != Code::not_found) return file.error();
  SHOAL_TRY(OpenedJournal opened, load_journal(std::make_unique<CopiedFile>(file ? *file : fresh_journal())));
  opened.existed = file.ok();
  opened.journal = std::make_unique<ReadOnlyJournal>(std::move(opened.journal), std::move(why));
  return opened;
}

Result<OpenedJournal> load_journal(std::unique_ptr<JournalFile> file) {
  SHOAL_TRY(JournalScan scan, scan_journal(*file));
  OpenedJournal opened;
  opened.existed = true;
  opened.damaged_sectors = scan.damaged_sectors;
  opened.journal = std::make_unique<FileJournal>(std::move(file), std::move(scan));
  return opened;
}

Result<OpenedJournal> open_file_journal(const std::string& path) {
  Result<std::unique_ptr<JournalFile>> file = open_journal_file(path);
  const bool existed = file.ok();
  if (!existed) {
    if (file.error().code != Code::not_found) return std::move(file).error();
    SHOAL_CHECK(create_journal_file(path, fresh_journal()));
    file = open_journal_file(path);
    if (!file.ok()) return std::move(file).error();
  }
  SHOAL_TRY(OpenedJournal opened, load_journal(std::move(file).value()));
  opened.existed = existed;
  return opened;
}

}  // namespace shoal::store
