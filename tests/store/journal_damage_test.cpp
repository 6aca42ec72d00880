// Power cuts, flipped bits and cut files. The journal is what keeps a producer from signing a second history: it may
// say "damaged", it may never give wrong bytes, another feed's head, groups out of order, or an older head than the
// undamaged file held.
#include "base/random.h"
#include "journal_samples.h"
#include "store/file_journal.h"
#include "store/journal_sector.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace shoal::store {
namespace {

using testing::CrashDisk;
using testing::feed_number;
using testing::groups_of;
using testing::head_of;
using testing::must_open;
using testing::open_on;
using testing::sample;
using testing::sample_head;

const FeedId kFeed = feed_number(1);
const FeedId kOther = feed_number(2);

/// Two feeds, three commits each, groups of several sizes.
std::shared_ptr<CrashDisk> written_disk() {
  auto disk = std::make_shared<CrashDisk>();
  const auto journal = must_open(disk);
  for (std::uint64_t i = 1; i <= 3; ++i) {
    EXPECT_TRUE(journal->commit(kFeed, sample_head(i), sample(i, 3000 * i)).ok());
    EXPECT_TRUE(journal->commit(kOther, sample_head(10 + i), sample(10 + i, 100)).ok());
  }
  return disk;
}

/// True when `part` is `whole` with some elements left out.
bool is_subsequence(const std::vector<Bytes>& part, const std::vector<Bytes>& whole) {
  auto at = whole.begin();
  for (const Bytes& each : part) {
    at = std::find(at, whole.end(), each);
    if (at == whole.end()) return false;
    ++at;
  }
  return true;
}

std::vector<Bytes> all_groups(std::uint64_t first, bool growing) {
  std::vector<Bytes> groups;
  for (std::uint64_t i = 1; i <= 3; ++i) groups.push_back(sample(first + i, growing ? 3000 * i : 100));
  return groups;
}

/// Opens what is left and checks the promise. Returns how many groups are gone.
std::size_t check_damaged(const std::shared_ptr<CrashDisk>& disk) {
  const Result<OpenedJournal> opened = open_on(disk);
  if (!opened.ok()) {
    EXPECT_EQ(opened.error().code, Code::corrupt);
    return 6;
  }
  EXPECT_GT(opened->damaged_sectors, 0U);
  EXPECT_EQ(head_of(*opened->journal, kFeed), sample_head(3));
  EXPECT_EQ(head_of(*opened->journal, kOther), sample_head(13));
  const std::vector<Bytes> mine = groups_of(*opened->journal, kFeed);
  const std::vector<Bytes> others = groups_of(*opened->journal, kOther);
  EXPECT_TRUE(is_subsequence(mine, all_groups(0, true)));
  EXPECT_TRUE(is_subsequence(others, all_groups(10, false)));
  return 6 - mine.size() - others.size();
}

// Both head pages of both feeds, the whole used ring, and the file header: one flipped bit in every sector.
TEST(JournalDamage, OneFlippedBitNeverChangesAHead) {
  const auto pristine = written_disk();
  base::SeededRandom random(7);
  std::vector<std::size_t> sectors;
  for (std::size_t i = 0; i < (kFirstSlotPage + 2 * kPagesPerSlot) * kSectorsPerPage; ++i) sectors.push_back(i);
  for (std::size_t i = 0; i < 9 * kSectorsPerPage; ++i) sectors.push_back(kFirstRingPage * kSectorsPerPage + i);
  std::size_t harmless = 0;
  for (const std::size_t sector : sectors) {
    auto disk = std::make_shared<CrashDisk>(*pristine);
    const std::size_t byte = sector * kSectorSize + random.below(kSectorSize);
    disk->current[byte] ^= static_cast<std::uint8_t>(1U << random.below(8));
    const Result<OpenedJournal> opened = open_on(disk);
    ASSERT_TRUE(opened.ok()) << "sector " << sector;
    if (opened->damaged_sectors == 0) {
      ++harmless;  // padding, or the header's first copy while the second is good
      EXPECT_EQ(head_of(*opened->journal, kFeed), sample_head(3));
      continue;
    }
    disk->current = pristine->current;
    disk->current[byte] ^= 1;
    EXPECT_LE(check_damaged(disk), 1U) << "sector " << sector;
  }
  EXPECT_LT(harmless, 5 * kSectorsPerPage) << "most flips must be noticed";
}

// Every byte of the newest head record's first copy, and of the first sector of the newest group.
TEST(JournalDamage, EveryByteOfARecordIsChecked) {
  const auto pristine = written_disk();
  // The third commit of the first feed went to its first page again.
  const std::size_t head = kFirstSlotPage * kPageSize;
  const std::size_t group = (kFirstRingPage + 5) * kPageSize;
  for (const std::size_t start : {head, group}) {
    for (std::size_t at = start; at < start + kSectorSize; at += 19) {
      auto disk = std::make_shared<CrashDisk>(*pristine);
      disk->current[at] ^= 0x10;
      EXPECT_LE(check_damaged(disk), 1U) << "byte " << at;
    }
  }
}

TEST(JournalDamage, ADamagedCopyIsRepairedFromTheOther) {
  const auto disk = written_disk();
  for (const std::size_t copy : kCopySectors) {
    disk->current[kFirstSlotPage * kPageSize + copy * kSectorSize + 40] ^= 1;
    Result<OpenedJournal> opened = open_on(disk);
    ASSERT_TRUE(opened.ok());
    EXPECT_EQ(opened->damaged_sectors, 1U);
    EXPECT_EQ(head_of(*opened->journal, kFeed), sample_head(3));
  }
}

TEST(JournalDamage, WithBothCopiesOfTheNewestHeadGoneItIsNotAnOlderOne) {
  const auto disk = written_disk();
  for (const std::size_t copy : kCopySectors) disk->current[kFirstSlotPage * kPageSize + copy * kSectorSize] ^= 1;
  const auto journal = must_open(disk);
  const Result<std::optional<Bytes>> head = journal->last_head(kFeed);
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code, Code::corrupt);
  EXPECT_EQ(journal->feeds().size(), 2U);
  EXPECT_EQ(head_of(*journal, kOther), sample_head(13));
  // The owner settles it with a head it knows to be right.
  ASSERT_TRUE(journal->commit(kFeed, sample_head(50), {}).ok());
  EXPECT_EQ(head_of(*must_open(disk), kFeed), sample_head(50));
}

TEST(JournalDamage, AMissingHeadIsNotForgottenWhenTheRingGoesOn) {
  const auto disk = written_disk();
  for (const std::size_t copy : kCopySectors) disk->current[kFirstSlotPage * kPageSize + copy * kSectorSize] ^= 1;
  {
    const auto journal = must_open(disk);
    groups_of(*journal, kFeed);
    groups_of(*journal, kOther);
    for (std::uint64_t i = 20; i < 60; ++i) {
      journal->release();
      ASSERT_TRUE(journal->commit(kOther, sample_head(i), sample(i, 200'000)).ok());
    }
  }
  for (int again = 0; again < 2; ++again) {
    const Result<std::optional<Bytes>> head = must_open(disk)->last_head(kFeed);
    ASSERT_FALSE(head.ok());
    EXPECT_EQ(head.error().code, Code::corrupt);
  }
  ASSERT_TRUE(must_open(disk)->commit(kFeed, sample_head(70), {}).ok());
  EXPECT_EQ(head_of(*must_open(disk), kFeed), sample_head(70));
}

TEST(JournalDamage, WithAllOfAFeedsHeadsGoneNoUnknownFeedIsTakenForNew) {
  const auto disk = written_disk();
  for (std::size_t page = kFirstSlotPage; page < kFirstSlotPage + kPagesPerSlot; ++page) {
    for (std::size_t i = 0; i < kPageSize; ++i) disk->current[page * kPageSize + i] = 0;
  }
  const auto journal = must_open(disk);
  const Result<std::optional<Bytes>> head = journal->last_head(kFeed);
  ASSERT_FALSE(head.ok());
  EXPECT_EQ(head.error().code, Code::corrupt);
  EXPECT_EQ(head_of(*journal, kOther), sample_head(13));
  ASSERT_TRUE(journal->commit(feed_number(3), sample_head(3), {}).ok());
  EXPECT_EQ(head_of(*must_open(disk), kOther), sample_head(13));
}

TEST(JournalDamage, ACutFileIsNoJournal) {
  const auto pristine = written_disk();
  for (const std::size_t size : {std::size_t{0}, std::size_t{1}, kSectorSize, kPageSize, kFirstRingPage * kPageSize,
                                 kJournalSize - kPageSize, kJournalSize - 1}) {
    auto disk = std::make_shared<CrashDisk>(*pristine);
    disk->current.resize(size);
    const Result<OpenedJournal> opened = open_on(disk);
    ASSERT_FALSE(opened.ok()) << size;
    EXPECT_EQ(opened.error().code, Code::corrupt);
  }
}

TEST(JournalDamage, SectorsInTheWrongPlaceDoNotCount) {
  const auto disk = written_disk();
  // The other feed's head pages over the first feed's, as a misdirected write would do.
  const auto from = disk->current.begin() + static_cast<std::ptrdiff_t>((kFirstSlotPage + 2) * kPageSize);
  std::copy_n(from, 2 * kPageSize, disk->current.begin() + static_cast<std::ptrdiff_t>(kFirstSlotPage * kPageSize));
  const auto journal = must_open(disk);
  EXPECT_EQ(journal->last_head(kFeed).ok(), false);
  EXPECT_EQ(head_of(*journal, kOther), sample_head(13));
}

/// Writes one commit without letting its sync happen, keeps the sectors that `survives` picks, starts again, and
/// demands the old or the new state, never a mixture; then two more commits and starts, so that nothing half written
/// comes back to life. Adds to `outcomes` whether it was the new one.
template <typename Predicate>
void tear(const std::shared_ptr<CrashDisk>& disk, const Bytes& old_head, const std::vector<Bytes>& old_groups,
          std::size_t group_size, std::set<bool>& outcomes, Predicate survives) {
  const Bytes new_head = sample_head(77);
  const Bytes new_group = sample(77, group_size);
  {
    const auto journal = must_open(disk);
    ASSERT_EQ(groups_of(*journal, kFeed), old_groups);
    testing::cut_commit_short(*disk, *journal, kFeed, new_head, new_group, survives);
  }
  auto journal = must_open(disk);
  const Bytes head = head_of(*journal, kFeed);
  std::vector<Bytes> groups = old_groups;
  if (head == new_head && group_size > 0) groups.push_back(new_group);
  ASSERT_TRUE(head == new_head || head == old_head);
  outcomes.insert(head == new_head);
  ASSERT_EQ(groups_of(*journal, kFeed), groups);
  ASSERT_EQ(head_of(*journal, kOther), sample_head(13));
  for (std::uint64_t i = 80; i < 82; ++i) {
    ASSERT_TRUE(journal->commit(kOther, sample_head(i), {}).ok());
    journal = must_open(disk);
    ASSERT_EQ(head_of(*journal, kFeed), head);
    ASSERT_EQ(groups_of(*journal, kFeed), groups);
  }
  // A later head must not adopt a group whose own head was lost.
  ASSERT_TRUE(journal->commit(kFeed, sample_head(89), {}).ok());
  journal = must_open(disk);
  ASSERT_EQ(head_of(*journal, kFeed), sample_head(89));
  ASSERT_EQ(groups_of(*journal, kFeed), groups);
  ASSERT_TRUE(journal->commit(kFeed, sample_head(90), sample(90, 10)).ok());
  groups.push_back(sample(90, 10));
  journal = must_open(disk);
  ASSERT_EQ(head_of(*journal, kFeed), sample_head(90));
  ASSERT_EQ(groups_of(*journal, kFeed), groups);
}

TEST(JournalTear, AnyPrefixOfACommitGivesTheOldOrTheNewHead) {
  const auto pristine = written_disk();
  std::set<bool> outcomes;
  std::set<bool> heads;
  // Two ring pages and the head page; and a head alone.
  for (std::size_t kept = 0; kept <= 24; ++kept) {
    tear(std::make_shared<CrashDisk>(*pristine), sample_head(3), all_groups(0, true), 5000, outcomes,
         [kept](std::size_t i) { return i < kept; });
    // The disk may also write the later sectors first.
    tear(std::make_shared<CrashDisk>(*pristine), sample_head(3), all_groups(0, true), 5000, outcomes,
         [kept](std::size_t i) { return i >= kept; });
  }
  for (std::size_t kept = 0; kept <= 8; ++kept) {
    tear(std::make_shared<CrashDisk>(*pristine), sample_head(3), all_groups(0, true), 0, heads,
         [kept](std::size_t i) { return i < kept; });
  }
  EXPECT_EQ(outcomes, (std::set{false, true}));
  EXPECT_EQ(heads, (std::set{false, true}));
}

TEST(JournalTear, AnySubsetOfSectorsGivesTheOldOrTheNewHead) {
  const auto pristine = written_disk();
  base::SeededRandom random(11);
  std::set<bool> outcomes;
  for (int round = 0; round < 30; ++round) {
    const std::uint64_t pattern = random.next();
    tear(std::make_shared<CrashDisk>(*pristine), sample_head(3), all_groups(0, true), random.below(9000), outcomes,
         [pattern](std::size_t i) { return ((pattern >> (i % 64)) & 1) != 0; });
  }
  EXPECT_EQ(outcomes, (std::set{false, true}));
}

TEST(JournalTear, AFirstCommitCutShortLeavesNoHead) {
  auto disk = std::make_shared<CrashDisk>();
  {
    const auto journal = must_open(disk);
    // The head page without its group.
    testing::cut_commit_short(*disk, *journal, kFeed, sample_head(1), sample(1, 3000),
                              [](std::size_t i) { return i >= 8; });
  }
  auto journal = must_open(disk);
  EXPECT_TRUE(head_of(*journal, kFeed).empty());
  EXPECT_TRUE(journal->feeds().empty());
  ASSERT_TRUE(journal->commit(kFeed, sample_head(2), sample(2, 10)).ok());
  journal = must_open(disk);
  EXPECT_EQ(head_of(*journal, kFeed), sample_head(2));
  EXPECT_EQ(groups_of(*journal, kFeed), std::vector<Bytes>{sample(2, 10)});
}

// A torn commit looks older, damage does not: the ratchet holds when the acknowledged group rots.
TEST(JournalTear, ARottenGroupDoesNotTakeItsHeadAlong) {
  const auto disk = written_disk();
  for (std::size_t i = 0; i < kPageSize; ++i) disk->current[(kFirstRingPage + 5) * kPageSize + i] = 0;
  const auto journal = must_open(disk);
  EXPECT_EQ(head_of(*journal, kFeed), sample_head(3));
  EXPECT_EQ(groups_of(*journal, kFeed).size(), 2U);
}

}  // namespace
}  // namespace shoal::store
