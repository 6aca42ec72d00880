#include "store/file_journal.h"

#include "base/random.h"
#include "journal_samples.h"
#include "store/journal_sector.h"
#include "temp_dir.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>

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

TEST(FileJournal, CreatesAPrivateFileOfItsFullSizeOnce) {
  const testing::TempDir dir;
  const std::string path = dir / "journal";
  {
    const Result<OpenedJournal> opened = open_file_journal(path);
    ASSERT_TRUE(opened.ok());
    EXPECT_FALSE(opened->existed);
    EXPECT_EQ(opened->damaged_sectors, 0U);
    ASSERT_TRUE(opened->journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
  }
  struct stat about {};
  ASSERT_EQ(::stat(path.c_str(), &about), 0);
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_EQ(static_cast<std::size_t>(about.st_size), kJournalSize);
  EXPECT_GE(static_cast<std::size_t>(about.st_blocks) * 512, kJournalSize) << "not preallocated";
  const Result<OpenedJournal> again = open_file_journal(path);
  ASSERT_TRUE(again.ok());
  EXPECT_TRUE(again->existed);
  EXPECT_EQ(head_of(*again->journal, feed_number(1)), sample_head(1));
  EXPECT_EQ(groups_of(*again->journal, feed_number(1)), std::vector<Bytes>{sample(1, 9)});
}

TEST(FileJournal, IsOpenedByOneAtATime) {
  const testing::TempDir dir;
  const Result<OpenedJournal> first = open_file_journal(dir / "journal");
  ASSERT_TRUE(first.ok());
  const Result<OpenedJournal> second = open_file_journal(dir / "journal");
  ASSERT_FALSE(second.ok());
  EXPECT_EQ(second.error().code, Code::in_use);
}

TEST(FileJournal, AFileThatCannotBeOpenedIsNoNewJournal) {
  const testing::TempDir dir;
  const std::string path = dir / "journal";
  std::filesystem::create_symlink(dir / "elsewhere", path);
  EXPECT_EQ(open_file_journal(path).error().code, Code::io);
  EXPECT_EQ(open_read_only_journal(path, {}).error().code, Code::io);
  EXPECT_EQ(open_file_journal(dir / "none/journal").error().code, Code::io);
  EXPECT_FALSE(std::filesystem::exists(dir / "elsewhere"));
}

TEST(FileJournal, AnUnfinishedCreationLeavesNoJournal) {
  const testing::TempDir dir;
  std::ofstream(dir / "journal.new") << "half";
  const Result<OpenedJournal> opened = open_file_journal(dir / "journal");
  ASSERT_TRUE(opened.ok());
  EXPECT_FALSE(opened->existed);
}

TEST(FileJournal, ACommitSyncsOnce) {
  const auto disk = std::make_shared<CrashDisk>();
  const auto journal = must_open(disk);
  for (std::size_t i = 0; i < 5; ++i) {
    ASSERT_TRUE(journal->commit(feed_number(1), sample_head(i), sample(i, i * 1000)).ok());
    EXPECT_EQ(disk->syncs, i + 1);
  }
}

TEST(FileJournal, RefusesAnotherVersionAndOtherFiles) {
  const auto disk = std::make_shared<CrashDisk>();
  std::fill(disk->current.begin(), disk->current.end(), std::uint8_t{0});
  Result<OpenedJournal> opened = open_on(disk);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::corrupt);
  disk->current.clear();
  opened = open_on(disk);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::corrupt);
}

TEST(FileJournal, GroupsThatNobodyAskedForSurviveARelease) {
  const auto disk = std::make_shared<CrashDisk>();
  ASSERT_TRUE(must_open(disk)->commit(feed_number(1), sample_head(1), sample(1, 5000)).ok());
  const auto journal = must_open(disk);
  journal->release();
  std::uint64_t n = 0;
  while (journal->free_space() > 0) {
    const std::size_t size = std::min(journal->free_space(), Journal::kMaxGroupSize);
    ASSERT_TRUE(journal->commit(feed_number(2), sample_head(n), sample(n, size)).ok());
    ++n;
  }
  EXPECT_EQ(groups_of(*journal, feed_number(1)), std::vector<Bytes>{sample(1, 5000)});
  journal->release();
  EXPECT_EQ(journal->free_space(), kRingPages * kPagePayload);
}

TEST(FileJournal, AReleaseMeansTheGroupsOfThisProcess) {
  const auto journal = must_open(std::make_shared<CrashDisk>());
  const std::size_t all = journal->free_space();
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 5000)).ok());
  EXPECT_EQ(journal->free_space(), all - 2 * kPagePayload);
  journal->release();
  EXPECT_EQ(journal->free_space(), all);
}

TEST(FileJournal, TheLargestHeadAndGroupAreReadAgain) {
  const auto disk = std::make_shared<CrashDisk>();
  const Bytes head = sample(1, Journal::kMaxHeadSize);
  const Bytes group = sample(2, Journal::kMaxGroupSize);
  ASSERT_TRUE(must_open(disk)->commit(feed_number(1), head, group).ok());
  EXPECT_EQ(head_of(*must_open(disk), feed_number(1)), head);
  EXPECT_EQ(groups_of(*must_open(disk), feed_number(1)), std::vector<Bytes>{group});
}

TEST(FileJournal, AFeedOfZerosIsAFeedLikeOthers) {
  const auto disk = std::make_shared<CrashDisk>();
  ASSERT_TRUE(must_open(disk)->commit(feed_number(1), sample_head(1), {}).ok());
  const auto journal = must_open(disk);
  ASSERT_TRUE(journal->commit(FeedId{}, sample_head(2), {}).ok());
  EXPECT_EQ(journal->feeds(), (std::vector{feed_number(1), FeedId{}}));
  ASSERT_TRUE(journal->commit(feed_number(3), sample_head(3), {}).ok());
  EXPECT_EQ(head_of(*journal, FeedId{}), sample_head(2));
  EXPECT_EQ(head_of(*must_open(disk), FeedId{}), sample_head(2));
}

/// A ring of 16 groups of one feed, all released. A group of the full size takes 69 pages; what follows the fourteenth
/// is cut into two, so that groups end where the ring does.
std::vector<std::size_t> fill_ring(Journal& journal, const FeedId& feed) {
  std::vector<std::size_t> sizes;
  while (journal.free_space() > 0) {
    sizes.push_back(std::min(journal.free_space(), Journal::kMaxGroupSize));
    EXPECT_TRUE(journal.commit(feed, sample_head(sizes.size()), sample(sizes.size(), sizes.back())).ok());
  }
  journal.release();
  return sizes;
}

TEST(FileJournal, OnlyTheGroupsThatAreWrittenOverAreGone) {
  const auto disk = std::make_shared<CrashDisk>();
  const auto journal = must_open(disk);
  const FeedId feed = feed_number(1);
  const std::vector<std::size_t> sizes = fill_ring(*journal, feed);
  ASSERT_TRUE(journal->commit(feed, sample_head(50), sample(50, sizes[0])).ok());
  std::vector<Bytes> expected;
  for (std::size_t i = 1; i < sizes.size(); ++i) expected.push_back(sample(i + 1, sizes[i]));
  expected.push_back(sample(50, sizes[0]));
  EXPECT_EQ(groups_of(*journal, feed), expected);
  EXPECT_EQ(groups_of(*must_open(disk), feed), expected);
}

TEST(FileJournal, ForgettingAFeedLeavesWhatOthersWroteOverIt) {
  const auto disk = std::make_shared<CrashDisk>();
  const auto journal = must_open(disk);
  fill_ring(*journal, feed_number(1));
  // One group over the first two, of which it leaves a part of the second, and one that begins within it.
  ASSERT_TRUE(journal->commit(feed_number(2), sample_head(1), sample(1, Journal::kMaxGroupSize)).ok());
  ASSERT_TRUE(journal->commit(feed_number(2), sample_head(2), sample(2, 100)).ok());
  ASSERT_TRUE(journal->commit(feed_number(2), sample_head(3), sample(3, Journal::kMaxGroupSize)).ok());
  ASSERT_TRUE(journal->forget(feed_number(1)).ok());
  const std::vector<Bytes> expected{sample(1, Journal::kMaxGroupSize), sample(2, 100),
                                    sample(3, Journal::kMaxGroupSize)};
  EXPECT_EQ(groups_of(*journal, feed_number(2)), expected);
  EXPECT_EQ(groups_of(*must_open(disk), feed_number(2)), expected);
}

// Each of the fields in which a sector can be of another group.
TEST(FileJournal, AGroupThatIsDamagedWhileItIsOpenIsLeftOut) {
  const auto disk = std::make_shared<CrashDisk>();
  const auto journal = must_open(disk);
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 1000)).ok());
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(2), sample(2, 1000)).ok());
  const std::uint64_t place = kFirstRingPage * kSectorsPerPage + 1;
  const auto groups_with = [&](const Bytes& sector) {
    std::copy(sector.begin(), sector.end(), disk->current.begin() + static_cast<std::ptrdiff_t>(place * kSectorSize));
    return groups_of(*journal, feed_number(1)).size();
  };
  EXPECT_EQ(groups_with(testing::ring_sector_of(place, {0, 1000, 1, 1})), 2U);
  EXPECT_EQ(groups_with(Bytes(kSectorSize)), 1U) << "no sector";
  EXPECT_EQ(groups_with(testing::ring_sector_of(place, {1, 1000, 1, 1})), 1U) << "of another slot";
  EXPECT_EQ(groups_with(testing::ring_sector_of(place, {0, 1001, 1, 1})), 1U) << "of another size";
  EXPECT_EQ(groups_with(testing::ring_sector_of(place, {0, 1000, 2, 1})), 1U) << "of another commit";
  EXPECT_EQ(groups_with(testing::ring_sector_of(place, {0, 1000, 1, 2})), 1U) << "of another place in the group";
}

TEST(FileJournal, GroupsForgottenStayForgottenWhenTheFeedIsWrittenAgain) {
  const auto disk = std::make_shared<CrashDisk>();
  {
    const auto journal = must_open(disk);
    ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9000)).ok());
    ASSERT_TRUE(journal->forget(feed_number(1)).ok());
    ASSERT_TRUE(journal->commit(feed_number(1), sample_head(2), {}).ok());
  }
  EXPECT_EQ(head_of(*must_open(disk), feed_number(1)), sample_head(2));
  EXPECT_TRUE(groups_of(*must_open(disk), feed_number(1)).empty());
}

TEST(FileJournal, ForgottenGroupsStayForgottenAfterReopening) {
  const auto disk = std::make_shared<CrashDisk>();
  {
    const auto journal = must_open(disk);
    ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9000)).ok());
    ASSERT_TRUE(journal->forget(feed_number(1)).ok());
  }
  {
    const auto journal = must_open(disk);
    EXPECT_TRUE(head_of(*journal, feed_number(1)).empty());
    EXPECT_TRUE(journal->feeds().empty());
    for (std::uint64_t i = 2; i < 5; ++i) ASSERT_TRUE(journal->commit(feed_number(1), sample_head(i), {}).ok());
  }
  const auto journal = must_open(disk);
  EXPECT_EQ(head_of(*journal, feed_number(1)), sample_head(4));
  EXPECT_TRUE(groups_of(*journal, feed_number(1)).empty());
}

// Every write and every sync of a run fails in turn: the call says so, the journal stays shut, and a new start finds
// the head before or the head of the failed commit, with groups that belong to it.
TEST(FileJournal, AFailedWriteOrSyncPoisonsUntilReopened) {
  for (int nth = 0; nth < 12; ++nth) {
    const auto disk = std::make_shared<CrashDisk>();
    const FeedId feed = feed_number(1);
    auto journal = must_open(disk);
    disk->fail_after = nth;
    std::uint64_t failed = 0;
    for (std::uint64_t i = 1; i <= 6 && failed == 0; ++i) {
      const Result<void> result = journal->commit(feed, sample_head(i), sample(i, 2000));
      if (!result.ok()) {
        EXPECT_EQ(result.error().code, Code::io);
        failed = i;
      }
    }
    ASSERT_EQ(failed, static_cast<std::uint64_t>(nth / 3 + 1));
    const Result<void> later = journal->commit(feed, sample_head(99), {});
    ASSERT_FALSE(later.ok());
    EXPECT_EQ(later.error().code, Code::unknown_outcome);
    EXPECT_FALSE(journal->last_head(feed).ok());
    EXPECT_FALSE(journal->groups(feed).ok());
    EXPECT_FALSE(journal->forget(feed).ok());
    disk->crash([](std::size_t i) { return i % 2 == 0; });
    journal = must_open(disk);
    const Bytes head = head_of(*journal, feed);
    const Bytes before = failed == 1 ? Bytes{} : sample_head(failed - 1);
    EXPECT_TRUE(head == before || head == sample_head(failed));
    EXPECT_EQ(groups_of(*journal, feed).size(), failed - (head == before ? 1U : 0U));
    EXPECT_TRUE(journal->commit(feed, sample_head(100), sample(100, 50)).ok());
  }
}

/// What a journal must hold: per feed the head, and its groups since the last release (older ones may be there too).
struct Model {
  struct Feed {
    Bytes head;
    std::vector<Bytes> groups;
    std::size_t unreleased = 0;
  };
  std::map<std::uint32_t, Feed> feeds;
};

void compare(const Journal& journal, const Model& model) {
  for (const auto& [number, expected] : model.feeds) {
    RC_ASSERT(head_of(journal, feed_number(number)) == expected.head);
    const std::vector<Bytes> found = groups_of(journal, feed_number(number));
    // A tail of all groups ever written, no shorter than what was not released.
    RC_ASSERT(found.size() <= expected.groups.size());
    RC_ASSERT(found.size() >= expected.unreleased);
    RC_ASSERT(std::equal(found.rbegin(), found.rend(), expected.groups.rbegin()));
  }
}

void lose_power(CrashDisk& disk) {
  disk.crash([](std::size_t) { return false; });
}

TEST(FileJournal, WhatAFailedSyncLeftInTheCacheIsOnTheDiskBeforeItIsShown) {
  for (const std::size_t size : {std::size_t{0}, std::size_t{9}, std::size_t{5000}, Journal::kMaxGroupSize}) {
    const auto disk = std::make_shared<CrashDisk>();
    auto journal = must_open(disk);
    for (int i = 0; i < 15; ++i) {  // then the largest group runs over the ring's end
      journal->release();
      ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, Journal::kMaxGroupSize - 5000)).ok());
    }
    ASSERT_TRUE(journal->commit(feed_number(2), sample_head(2), sample(2, 100)).ok());
    journal->release();
    // The writes of the group and of the head are done, the sync fails.
    disk->fail_after = size == 0 ? 1 : size == Journal::kMaxGroupSize ? 3 : 2;
    ASSERT_FALSE(journal->commit(feed_number(1), sample_head(3), sample(3, size)).ok());
    journal = must_open(disk);
    ASSERT_EQ(head_of(*journal, feed_number(1)), sample_head(3)) << size;
    journal.reset();
    lose_power(*disk);
    journal = must_open(disk);
    EXPECT_EQ(head_of(*journal, feed_number(1)), sample_head(3)) << size;
    EXPECT_EQ(head_of(*journal, feed_number(2)), sample_head(2));
    const std::vector<Bytes> groups = groups_of(*journal, feed_number(1));
    ASSERT_FALSE(groups.empty());
    EXPECT_TRUE(size == 0 || groups.back() == sample(3, size)) << size;
    EXPECT_EQ(groups_of(*journal, feed_number(2)), std::vector<Bytes>{sample(2, 100)});
  }
}

TEST(FileJournal, AnOpeningThatCannotWriteTheNewestAgainIsRefused) {
  const auto disk = std::make_shared<CrashDisk>();
  auto journal = must_open(disk);
  ASSERT_TRUE(journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
  disk->fail_after = 2;
  ASSERT_FALSE(journal->commit(feed_number(1), sample_head(2), sample(2, 9)).ok());
  journal.reset();
  int refusals = 0;
  for (int at = 0; at < 20; ++at) {
    disk->fail_after = at;
    const Result<OpenedJournal> opened = open_on(disk);
    if (opened.ok()) break;
    EXPECT_EQ(opened.error().code, Code::io);
    ++refusals;
  }
  EXPECT_EQ(refusals, 4) << "two head pages, a page of the group, and the sync";
  disk->fail_after = -1;
  lose_power(*disk);
  journal = must_open(disk);
  EXPECT_EQ(head_of(*journal, feed_number(1)), sample_head(2));
  EXPECT_EQ(groups_of(*journal, feed_number(1)), (std::vector<Bytes>{sample(1, 9), sample(2, 9)}));
}

TEST(FileJournal, OpeningAnEmptyJournalWritesNothing) {
  const auto disk = std::make_shared<CrashDisk>();
  must_open(disk);
  EXPECT_EQ(disk->syncs, 0U);
}

TEST(FileJournal, ReadOnlyItIsReadAndLeftAsItIs) {
  const testing::TempDir dir;
  const std::string path = dir / "journal";
  const Error why{Code::unsupported, "read-only", ""};
  const auto bytes_of = [](const std::string& file) {
    std::ifstream in(file, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  };
  {
    const Result<OpenedJournal> none = open_read_only_journal(path, why);
    ASSERT_TRUE(none.ok());
    EXPECT_FALSE(none->existed);
    EXPECT_TRUE(none->journal->feeds().empty());
    EXPECT_FALSE(std::filesystem::exists(path));
  }
  {
    Result<OpenedJournal> opened = open_file_journal(path);
    ASSERT_TRUE(opened.ok());
    ASSERT_TRUE(opened->journal->commit(feed_number(1), sample_head(1), sample(1, 9)).ok());
  }
  // A damaged copy, which an opening for writing would repair.
  std::fstream(path, std::ios::in | std::ios::out | std::ios::binary).seekp(kPageSize).put('x');
  const std::string before = bytes_of(path);
  Result<OpenedJournal> opened = open_read_only_journal(path, why);
  ASSERT_TRUE(opened.ok());
  EXPECT_TRUE(opened->existed);
  Journal& journal = *opened->journal;
  EXPECT_EQ(head_of(journal, feed_number(1)), sample_head(1));
  EXPECT_EQ(groups_of(journal, feed_number(1)), std::vector<Bytes>{sample(1, 9)});
  EXPECT_EQ(journal.feeds(), std::vector{feed_number(1)});
  EXPECT_EQ(journal.commit(feed_number(1), sample_head(2), {}).error().code, Code::unsupported);
  EXPECT_EQ(journal.forget(feed_number(1)).error().code, Code::unsupported);
  journal.release();
  EXPECT_EQ(head_of(journal, feed_number(1)), sample_head(1));
  EXPECT_TRUE(bytes_of(path) == before);
  std::filesystem::resize_file(path, 100);
  EXPECT_EQ(open_read_only_journal(path, why).error().code, Code::corrupt);
}

TEST(FileJournal, BehavesAsItsModelThroughWrapsAndReopens) {
  const bool held = rc::check([] {
    const auto disk = std::make_shared<CrashDisk>();
    auto journal = must_open(disk);
    Model model;
    std::uint64_t seed = 0;
    for (int step = *rc::gen::inRange(1, 60); step > 0; --step) {
      const int action = *rc::gen::inRange(0, 20);
      if (action == 0) {
        journal = must_open(disk);
        compare(*journal, model);
      } else if (action == 1) {
        compare(*journal, model);
        journal->release();
        for (auto& [number, feed] : model.feeds) feed.unreleased = 0;
      } else {
        const auto number = *rc::gen::inRange<std::uint32_t>(0, 4);
        const int kind = *rc::gen::inRange(0, 4);
        const std::size_t size = kind == 0   ? 0
                                 : kind == 1 ? *rc::gen::inRange<std::size_t>(1, 2 * kPagePayload)
                                             : *rc::gen::inRange<std::size_t>(100'000, Journal::kMaxGroupSize + 1);
        const Bytes head = sample_head(++seed);
        const Bytes group = sample(seed, size);
        const bool fits = size <= journal->free_space();
        const Result<void> result = journal->commit(feed_number(number), head, group);
        RC_ASSERT(result.ok() == fits);
        if (!fits) continue;
        model.feeds[number].head = head;
        if (size > 0) {
          model.feeds[number].groups.push_back(group);
          ++model.feeds[number].unreleased;
        }
      }
    }
    compare(*must_open(disk), model);
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace shoal::store
