// What recovery writes, and what it takes for whole, cut short, damaged or missing (docs/FORMAT.md, "Journal").
#include "store/journal_scan.h"

#include "journal_samples.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace shoal::store {
namespace {

using testing::CrashDisk;
using testing::CrashFile;
using testing::cut_commit_short;
using testing::feed_number;
using testing::groups_of;
using testing::head_of;
using testing::must_open;
using testing::sample;
using testing::sample_head;

const FeedId kFeed = feed_number(1);
const FeedId kOther = feed_number(2);

/// Which sectors of a commit with a group of one page reach the disk: the page has 0 to 7, the head page 8 to 15.
bool group_only(std::size_t sector) { return sector < 8; }
bool head_only(std::size_t sector) { return sector >= 8; }

class JournalScanTest : public ::testing::Test {
 protected:
  void commit(const FeedId& feed, std::uint64_t seed, std::size_t group_size) {
    ASSERT_TRUE(must_open(disk_)->commit(feed, sample_head(seed), sample(seed, group_size)).ok());
  }
  template <typename Predicate>
  void cut_short(const FeedId& feed, std::uint64_t seed, std::size_t group_size, Predicate survives) {
    cut_commit_short(*disk_, *must_open(disk_), feed, sample_head(seed), sample(seed, group_size), survives);
  }
  JournalScan scan() {
    CrashFile file(disk_);
    Result<JournalScan> scanned = scan_journal(file);
    EXPECT_TRUE(scanned.ok());
    return scanned.ok() ? *std::move(scanned) : JournalScan{};
  }
  /// Of one copy of a head record.
  void damage_head(std::size_t slot, std::size_t side, std::size_t copy) {
    const std::size_t page = kFirstSlotPage + slot * kPagesPerSlot + side;
    disk_->current[page * kPageSize + copy * kSectorSize] ^= 1;
  }
  void lose_head(std::size_t slot, std::size_t side) {
    for (const std::size_t copy : kCopySectors) damage_head(slot, side, copy);
  }
  void lose_power() {
    disk_->crash([](std::size_t) { return false; });
  }

  std::shared_ptr<CrashDisk> disk_ = std::make_shared<CrashDisk>();
};

TEST_F(JournalScanTest, AGroupWithoutItsHeadLeavesItsRoom) {
  commit(kFeed, 1, 3000);
  cut_short(kFeed, 2, 3000, group_only);
  const JournalScan found = scan();
  ASSERT_EQ(found.groups.size(), 1U);
  EXPECT_EQ(found.groups[0].sequence, 1U);
  EXPECT_EQ(found.next_page, 1U);
  EXPECT_EQ(found.next_sequence, 3U);
  EXPECT_EQ(found.damaged_sectors, 0U);
}

// The head of a second commit with the number of the first would find the first one's group in its place.
TEST_F(JournalScanTest, TheSequenceOfACommitThatWasCutShortIsNotUsedAgain) {
  commit(kFeed, 1, 3000);
  cut_short(kFeed, 2, 3000, group_only);
  cut_short(kFeed, 3, 3000, head_only);
  EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(1));
}

TEST_F(JournalScanTest, AnUndoneHeadStaysUndoneWhenItsRoomIsUsedAgain) {
  commit(kFeed, 1, 3000);
  cut_short(kFeed, 2, 3000, head_only);
  EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(1));
  commit(kOther, 11, 3000);
  EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(1));
  EXPECT_EQ(groups_of(*must_open(disk_), kFeed), std::vector<Bytes>{sample(1, 3000)});
}

TEST_F(JournalScanTest, AHeadPageThatIsHalfNewIsMadeWhole) {
  for (const std::size_t copy : kCopySectors) {
    disk_ = std::make_shared<CrashDisk>();
    for (std::uint64_t i = 1; i <= 3; ++i) commit(kFeed, i, 0);
    cut_short(kFeed, 4, 0, [copy](std::size_t sector) { return sector == copy; });
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(4)) << copy;
    lose_power();
    damage_head(0, 1, copy);
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(4))
        << "the other copy is of the head before, copy " << copy;
  }
}

TEST_F(JournalScanTest, ADamagedCopyIsWrittenAnew) {
  for (const std::size_t copy : kCopySectors) {
    disk_ = std::make_shared<CrashDisk>();
    for (std::uint64_t i = 1; i <= 2; ++i) commit(kFeed, i, 0);
    damage_head(0, 1, copy);
    EXPECT_EQ(scan().damaged_sectors, 1U);
    EXPECT_EQ(scan().damaged_sectors, 0U);
    lose_power();
    damage_head(0, 1, copy == 0 ? 4 : 0);
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(2)) << copy;
  }
}

TEST_F(JournalScanTest, TheOlderHeadMayBeLost) {
  for (const std::size_t last : {2U, 3U}) {
    disk_ = std::make_shared<CrashDisk>();
    for (std::uint64_t i = 1; i <= last; ++i) commit(kFeed, i, 3000);
    commit(kOther, 11, 3000);  // of which no head of the other feed can be missing
    lose_head(0, last % 2);
    const JournalScan found = scan();
    EXPECT_EQ(found.damaged_sectors, 2U);
    EXPECT_FALSE(found.slots[0].damaged);
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(last));
  }
}

TEST_F(JournalScanTest, AMissingHeadIsNotedWithItsFeedOnEitherPage) {
  for (const std::size_t last : {2U, 3U}) {
    disk_ = std::make_shared<CrashDisk>();
    for (std::uint64_t i = 1; i <= last; ++i) commit(kFeed, i, 3000);
    lose_head(0, 1 - last % 2);
    EXPECT_TRUE(scan().slots[0].damaged);
    lose_power();
    const JournalScan found = scan();
    EXPECT_TRUE(found.slots[0].damaged) << "noted on the disk";
    EXPECT_EQ(found.slots[0].feed, kFeed);
    EXPECT_EQ(found.damaged_sectors, 0U);
    EXPECT_EQ(must_open(disk_)->last_head(kFeed).error().code, Code::corrupt);
    EXPECT_EQ(must_open(disk_)->feeds(), std::vector{kFeed});
    commit(kFeed, 50, 0);
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(50));
    commit(kFeed, 51, 0);
    EXPECT_EQ(head_of(*must_open(disk_), kFeed), sample_head(51));
  }
}

TEST_F(JournalScanTest, WithBothPagesLostTheFeedIsUnknownAndNothingIsWrittenThere) {
  commit(kFeed, 1, 0);
  commit(kOther, 11, 0);
  lose_head(0, 0);
  lose_head(0, 1);
  const JournalScan found = scan();
  EXPECT_EQ(found.slots[0].use, HeadSlot::Use::lost);
  EXPECT_TRUE(found.slots[0].damaged);
  EXPECT_EQ(found.slots[1].use, HeadSlot::Use::used);
  EXPECT_EQ(found.slots[2].use, HeadSlot::Use::free);
  EXPECT_EQ(scan().damaged_sectors, 4U);
}

// The head that forgets reached the disk, what voids the group did not.
TEST_F(JournalScanTest, AForgettingCutShortTakesTheGroupsAlong) {
  commit(kFeed, 1, 3000);
  {
    const auto journal = must_open(disk_);
    disk_->failed_sync_forgets = false;
    disk_->fail_after = 2;
    ASSERT_FALSE(journal->forget(kFeed).ok());
    disk_->crash(head_only);
  }
  EXPECT_TRUE(head_of(*must_open(disk_), kFeed).empty());
  EXPECT_TRUE(scan().groups.empty());
  commit(kFeed, 2, 0);
  EXPECT_TRUE(groups_of(*must_open(disk_), kFeed).empty());
}

// Damage of another kind than a broken check: the sector is well made, and of something else.
TEST_F(JournalScanTest, AGroupIsWholeWhenItsSectorsAgree) {
  commit(kFeed, 1, 0);
  commit(kFeed, 2, 1000);
  const RingSector right{0, 1000, 2, 1};
  const std::uint64_t place = kFirstRingPage * kSectorsPerPage + 1;
  const auto groups_with = [&](const RingSector& sector) {
    const Bytes bytes = testing::ring_sector_of(place, sector);
    std::copy(bytes.begin(), bytes.end(), disk_->current.begin() + static_cast<std::ptrdiff_t>(place * kSectorSize));
    const JournalScan found = scan();
    EXPECT_EQ(found.damaged_sectors, 0U);
    return found.groups.size();
  };
  EXPECT_EQ(groups_with(right), 1U);
  EXPECT_EQ(groups_with({1, 1000, 2, 1}), 0U) << "of another slot";
  EXPECT_EQ(groups_with({0, 1001, 2, 1}), 0U) << "of another size";
  EXPECT_EQ(groups_with({0, 1000, 3, 1}), 0U) << "of another commit";
  EXPECT_EQ(groups_with({0, 1000, 2, 2}), 0U) << "of another place in the group";
  EXPECT_EQ(groups_with(right), 1U);
}

TEST_F(JournalScanTest, GroupsComeByTheirSequence) {
  auto journal = must_open(disk_);
  for (std::uint64_t i = 1; i <= 20; ++i) {  // around the ring, so that later ones lie before earlier ones
    journal->release();
    ASSERT_TRUE(journal->commit(kFeed, sample_head(i), sample(i, Journal::kMaxGroupSize)).ok());
  }
  const JournalScan found = scan();
  ASSERT_GT(found.groups.size(), 10U);
  EXPECT_TRUE(std::is_sorted(found.groups.begin(), found.groups.end(),
                             [](const GroupSpot& a, const GroupSpot& b) { return a.sequence < b.sequence; }));
  EXPECT_EQ(found.groups.back().sequence, 20U);
  EXPECT_EQ(found.next_page, (found.groups.back().page + group_pages(Journal::kMaxGroupSize)) % kRingPages);
}

}  // namespace
}  // namespace shoal::store
