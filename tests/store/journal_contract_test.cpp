// What every Journal promises, run on the file and on the memory journal.
#include "store/journal.h"

#include "journal_samples.h"
#include "temp_dir.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

namespace shoal::store {
namespace {

using testing::feed_number;
using testing::groups_of;
using testing::head_of;
using testing::sample;
using testing::sample_head;

class JournalContract : public ::testing::TestWithParam<bool> {
 protected:
  void SetUp() override {
    if (!GetParam()) {
      journal_ = make_memory_journal();
      return;
    }
    Result<OpenedJournal> opened = open_file_journal(dir_ / "journal");
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    journal_ = std::move(opened->journal);
  }

  Code failure(const Result<void>& result) { return result.ok() ? Code::closed : result.error().code; }

  testing::TempDir dir_;
  std::unique_ptr<Journal> journal_;
};

TEST_P(JournalContract, KnowsNothingOfNewFeeds) {
  EXPECT_TRUE(head_of(*journal_, feed_number(1)).empty());
  EXPECT_TRUE(groups_of(*journal_, feed_number(1)).empty());
  EXPECT_TRUE(journal_->feeds().empty());
  EXPECT_TRUE(journal_->forget(feed_number(1)).ok());
}

TEST_P(JournalContract, ReturnsTheLastHeadAndAllGroupsOfEachFeed) {
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(1), sample(10, 100)).ok());
  ASSERT_TRUE(journal_->commit(feed_number(2), sample_head(2), sample(20, 5000)).ok());
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(3), sample(11, 40'000)).ok());
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(4), {}).ok());
  EXPECT_EQ(head_of(*journal_, feed_number(1)), sample_head(4));
  EXPECT_EQ(head_of(*journal_, feed_number(2)), sample_head(2));
  EXPECT_EQ(groups_of(*journal_, feed_number(1)), (std::vector<Bytes>{sample(10, 100), sample(11, 40'000)}));
  EXPECT_EQ(groups_of(*journal_, feed_number(2)), (std::vector<Bytes>{sample(20, 5000)}));
  EXPECT_EQ(journal_->feeds().size(), 2U);
  EXPECT_TRUE(head_of(*journal_, feed_number(3)).empty());
  EXPECT_TRUE(groups_of(*journal_, feed_number(3)).empty());
}

TEST_P(JournalContract, TakesTheLargestHeadAndGroupAndNoLarger) {
  const FeedId feed = feed_number(1);
  const Bytes head = sample(1, Journal::kMaxHeadSize);
  const Bytes group = sample(2, Journal::kMaxGroupSize);
  ASSERT_TRUE(journal_->commit(feed, head, group).ok());
  EXPECT_EQ(failure(journal_->commit(feed, sample(3, head.size() + 1), {})), Code::limit_exceeded);
  EXPECT_EQ(failure(journal_->commit(feed, head, sample(4, group.size() + 1))), Code::limit_exceeded);
  EXPECT_EQ(head_of(*journal_, feed), head);
  EXPECT_EQ(groups_of(*journal_, feed), std::vector<Bytes>{group});
}

TEST_P(JournalContract, FreeSpaceIsAPromiseAndReleaseGivesItBack) {
  const FeedId feed = feed_number(1);
  const std::size_t all = journal_->free_space();
  EXPECT_GE(all, 3 * Journal::kMaxGroupSize);
  EXPECT_LE(all, Journal::kRingSize);
  for (std::uint64_t round = 0; round < 3; ++round) {
    std::vector<Bytes> written;
    while (journal_->free_space() > 0) {
      const std::size_t size = std::min({journal_->free_space(), Journal::kMaxGroupSize, std::size_t{100'000}});
      written.push_back(sample(round * 1000 + written.size(), size));
      ASSERT_TRUE(journal_->commit(feed, sample_head(written.size()), written.back()).ok());
    }
    EXPECT_EQ(failure(journal_->commit(feed, sample_head(0), sample(0, 1))), Code::limit_exceeded);
    ASSERT_TRUE(journal_->commit(feed, sample_head(0), {}).ok()) << "a head alone needs no room";
    EXPECT_EQ(groups_of(*journal_, feed), written);
    journal_->release();
    EXPECT_EQ(journal_->free_space(), all);
  }
}

TEST_P(JournalContract, ForgetsOneFeed) {
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(1), sample(1, 10)).ok());
  ASSERT_TRUE(journal_->commit(feed_number(2), sample_head(2), sample(2, 10)).ok());
  ASSERT_TRUE(journal_->forget(feed_number(1)).ok());
  EXPECT_TRUE(head_of(*journal_, feed_number(1)).empty());
  EXPECT_TRUE(groups_of(*journal_, feed_number(1)).empty());
  EXPECT_EQ(head_of(*journal_, feed_number(2)), sample_head(2));
  EXPECT_EQ(journal_->feeds(), std::vector<FeedId>{feed_number(2)});
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(3), sample(3, 10)).ok());
  EXPECT_EQ(head_of(*journal_, feed_number(1)), sample_head(3));
  EXPECT_EQ(groups_of(*journal_, feed_number(1)), std::vector<Bytes>{sample(3, 10)});
}

TEST_P(JournalContract, ForgettingGivesTheRoomOfTheFeedBack) {
  const std::size_t all = journal_->free_space();
  ASSERT_TRUE(journal_->commit(feed_number(1), sample_head(1), sample(1, 100'000)).ok());
  ASSERT_TRUE(journal_->commit(feed_number(2), sample_head(2), sample(2, 100)).ok());
  ASSERT_TRUE(journal_->forget(feed_number(1)).ok());
  EXPECT_GE(journal_->free_space(), all - 5000);
  EXPECT_LT(journal_->free_space(), all);
  ASSERT_TRUE(journal_->forget(feed_number(2)).ok());
  EXPECT_EQ(journal_->free_space(), all);
}

TEST_P(JournalContract, HasSlotsForItsLimitOfFeedsAndNeverGivesOneAway) {
  for (std::uint32_t i = 0; i < Journal::kMaxFeeds; ++i) {
    ASSERT_TRUE(journal_->commit(feed_number(i), sample_head(i), {}).ok());
  }
  const FeedId one_more = feed_number(Journal::kMaxFeeds);
  EXPECT_EQ(failure(journal_->commit(one_more, sample_head(0), {})), Code::limit_exceeded);
  ASSERT_TRUE(journal_->forget(feed_number(5)).ok());
  EXPECT_EQ(failure(journal_->commit(one_more, sample_head(0), {})), Code::limit_exceeded);
  for (std::uint32_t i = 0; i < Journal::kMaxFeeds; ++i) {
    ASSERT_EQ(head_of(*journal_, feed_number(i)), i == 5 ? Bytes{} : sample_head(i));
  }
  EXPECT_TRUE(head_of(*journal_, one_more).empty());
}

INSTANTIATE_TEST_SUITE_P(Kinds, JournalContract, ::testing::Bool(),
                         [](const auto& one) { return one.param ? "file" : "memory"; });

}  // namespace
}  // namespace shoal::store
