#include "feed/feed_world.h"
#include "feed/recording_journal.h"
#include "feed/recording_store.h"
#include "feed/write/commit_group.h"
#include "feed/write/feed_writer.h"

// What a commit promises stands on the order in which journal and store are written, and on which of it is synced.
namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::RecordingJournal;
using testing::RecordingStore;
using testing::stream;
using Calls = RecordingStore::Calls;

constexpr std::size_t kLarge = store::Journal::kMaxGroupSize + 1;

/// A writer over a store and a journal that write down what is done to them.
class CommitOrder : public ::testing::Test {
 protected:
  void SetUp() override {
    auto own = std::make_unique<RecordingStore>("own", calls_);
    auto journal = std::make_unique<RecordingJournal>(calls_);
    store_ = own.get();
    journal_ = journal.get();
    producer_.store = std::move(own);
    producer_.journal = std::move(journal);
    ASSERT_TRUE(producer_.open().ok());
    calls_->clear();
  }
  Result<CommitResult> commit(std::size_t value_size = 16) {
    return producer_.writer->commit({batch_of(stream("t"), {1}, value_size)});
  }
  /// Bytes that the group of the next commit of one small batch takes.
  [[nodiscard]] std::size_t size_of_next() {
    const CommitResult done = commit().value();
    const std::size_t size = group_size({{done.blocks[0].header, done.blocks[0].payload}});
    calls_->clear();
    return size;
  }
  /// The failure says that nothing was signed, and the writer goes on.
  void expect_refused(const Result<CommitResult>& done, Code code) {
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, code) << done.error().message;
    store_->refuse_writes(std::nullopt);
    store_->refuse_durable(std::nullopt);
    journal_->fail_with(std::nullopt);
    EXPECT_TRUE(commit().ok());
  }
  /// The failure says that it is not known what was signed, and nothing is signed any more.
  void expect_poisoned(const Result<CommitResult>& done) {
    ASSERT_FALSE(done.ok());
    EXPECT_EQ(done.error().code, Code::unknown_outcome) << done.error().message;
    EXPECT_FALSE(done.error().hint.empty());
    store_->refuse_writes(std::nullopt);
    store_->refuse_durable(std::nullopt);
    journal_->fail_with(std::nullopt);
    EXPECT_EQ(commit().error().code, Code::unknown_outcome);
    EXPECT_EQ(producer_.writer->heartbeat().error().code, Code::unknown_outcome);
  }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  Producer producer_;
  RecordingStore* store_ = nullptr;
  RecordingJournal* journal_ = nullptr;
};

TEST_F(CommitOrder, ASmallGroupIsInTheJournalBeforeTheStore) {
  ASSERT_TRUE(commit().ok());
  EXPECT_EQ(*calls_, (Calls{"journal group", "own write deferred"}));
}

TEST_F(CommitOrder, ALargeGroupIsSyncedInTheStoreBeforeTheJournalVouchesForIt) {
  ASSERT_TRUE(commit(kLarge).ok());
  EXPECT_EQ(*calls_, (Calls{"journal head", "own write yes", "journal head"})) << "the journal knows a feed first";
  calls_->clear();
  ASSERT_TRUE(commit(kLarge).ok());
  EXPECT_EQ(*calls_, (Calls{"own write yes", "journal head"}));
}

TEST_F(CommitOrder, ACrashInsideTheFirstLargeGroupIsNoLostJournal) {
  const auto reopened = [&] {
    producer_.writer.reset();
    producer_.log.reset();
    journal_->fail_with(std::nullopt);
    store_->refuse_writes(std::nullopt);
    store_->on_write({});
    return producer_.open();
  };
  store_->refuse_writes(Error{Code::io, "gone"});
  EXPECT_FALSE(commit(kLarge).ok());
  ASSERT_TRUE(reopened().ok()) << "the store has nothing of it";
  EXPECT_EQ(producer_.writer->head(), nullptr);
  store_->on_write([&] { journal_->fail_with(Error{Code::io, "gone"}); });
  EXPECT_FALSE(commit(kLarge).ok());
  ASSERT_TRUE(reopened().ok()) << "the store has all of it, the journal only knows the feed";
  EXPECT_EQ(producer_.writer->head()->tree_size, 1U);
  EXPECT_TRUE(commit().ok());
}

TEST_F(CommitOrder, AHeartbeatIsInTheJournalBeforeTheStore) {
  ASSERT_TRUE(commit().ok());
  calls_->clear();
  ASSERT_TRUE(producer_.writer->heartbeat().ok());
  EXPECT_EQ(*calls_, (Calls{"journal head", "own write deferred"}));
}

TEST_F(CommitOrder, ALargestSmallGroupIsGivenToTheJournal) {
  const std::size_t rest = size_of_next();
  const auto at = [&](std::size_t size) {
    calls_->clear();
    // The batch's length field of a long value takes two bytes more.
    const CommitResult done = commit(size).value();
    return group_size({{done.blocks[0].header, done.blocks[0].payload}});
  };
  std::size_t value = store::Journal::kMaxGroupSize - rest;
  value += store::Journal::kMaxGroupSize - at(value);
  EXPECT_EQ(at(value), store::Journal::kMaxGroupSize);
  EXPECT_EQ(*calls_, (Calls{"journal group", "own write deferred"}));
  EXPECT_EQ(at(value + 1), store::Journal::kMaxGroupSize + 1);
  EXPECT_EQ(*calls_, (Calls{"own write yes", "journal head"}));
}

TEST_F(CommitOrder, TheRingIsReleasedOnlyOnceTheStoreIsDurable) {
  const std::size_t size = size_of_next();
  journal_->say_free(size);
  ASSERT_TRUE(commit().ok());
  EXPECT_EQ(*calls_, (Calls{"journal group", "own write deferred"}));
  calls_->clear();
  journal_->say_free(size - 1, size);
  ASSERT_TRUE(commit().ok());
  EXPECT_EQ(*calls_, (Calls{"own durable", "journal release", "journal group", "own write deferred"}));
}

TEST_F(CommitOrder, AGroupThatARingHasNoRoomForIsCommittedAsALargeOne) {
  const std::size_t size = size_of_next();
  journal_->say_free(0, size - 1);
  ASSERT_TRUE(commit().ok());
  EXPECT_EQ(*calls_, (Calls{"own durable", "journal release", "own write yes", "journal head"}));
}

TEST_F(CommitOrder, ARingThatCannotBeReleasedIsLeftAsItIs) {
  ASSERT_TRUE(commit().ok());
  calls_->clear();
  journal_->say_free(0);
  store_->refuse_durable(Error{Code::io, "no sync"});
  expect_poisoned(commit());
  EXPECT_EQ(*calls_, (Calls{"own durable"}));
}

TEST_F(CommitOrder, AFullDiskWhileTheRingIsReleasedRefusesTheCommit) {
  journal_->say_free(0);
  store_->refuse_durable(Error{Code::no_space, "full"});
  const auto done = commit();
  ASSERT_FALSE(done.ok());
  EXPECT_NE(done.error().message.find("nothing was signed"), std::string::npos);
  EXPECT_NE(done.error().hint.find("free some space"), std::string::npos);
  expect_refused(done, Code::no_space);
}

TEST_F(CommitOrder, ALargeGroupThatTheDiskHasNoRoomForIsRefused) {
  store_->refuse_writes(Error{Code::no_space, "full"});
  const auto done = commit(kLarge);
  EXPECT_EQ(*calls_, (Calls{"journal head", "own write yes"}));  // the journal vouches for an empty tree
  expect_refused(done, Code::no_space);
}

TEST_F(CommitOrder, ALargeGroupWhoseWriteFailsHasAnUnknownOutcome) {
  store_->refuse_writes(Error{Code::io, "gone"});
  const auto done = commit(kLarge);
  EXPECT_EQ(*calls_, (Calls{"journal head", "own write yes"}));
  expect_poisoned(done);
}

TEST_F(CommitOrder, ALargeGroupThatTheJournalDoesNotTakeHasAnUnknownOutcome) {
  store_->on_write([&] { journal_->fail_with(Error{Code::limit_exceeded, "no head slot"}); });
  const auto done = commit(kLarge);
  store_->on_write({});
  expect_poisoned(done);
}

TEST_F(CommitOrder, AFeedThatTheJournalDoesNotTakeIsNotBegun) {
  journal_->fail_with(Error{Code::limit_exceeded, "no head slot"});
  expect_refused(commit(kLarge), Code::limit_exceeded);
}

TEST_F(CommitOrder, AFeedWhoseFirstHeadMayBeInTheJournalHasAnUnknownOutcome) {
  journal_->fail_with(Error{Code::io, "gone"});
  const auto done = commit(kLarge);
  EXPECT_EQ(*calls_, (Calls{"journal head"}));
  expect_poisoned(done);
}

TEST_F(CommitOrder, ASmallGroupThatTheJournalDidNotWriteIsRefused) {
  journal_->fail_with(Error{Code::limit_exceeded, "no head slot"});
  const auto done = commit();
  EXPECT_EQ(*calls_, (Calls{"journal group"}));
  expect_refused(done, Code::limit_exceeded);
}

TEST_F(CommitOrder, ASmallGroupWhoseJournalFailsHasAnUnknownOutcome) {
  journal_->fail_with(Error{Code::no_space, "half written"});
  const auto done = commit();
  EXPECT_EQ(*calls_, (Calls{"journal group"}));
  expect_poisoned(done);
}

TEST_F(CommitOrder, AGroupThatIsInTheJournalAndNotInTheStoreHasAnUnknownOutcome) {
  store_->refuse_writes(Error{Code::no_space, "full"});
  expect_poisoned(commit());
}

TEST_F(CommitOrder, AHeartbeatThatFailsChangesNothing) {
  ASSERT_TRUE(commit().ok());
  const Checkpoint before = *producer_.writer->head();
  journal_->fail_with(Error{Code::io, "gone"});
  EXPECT_EQ(producer_.writer->heartbeat().error().code, Code::unknown_outcome);
  EXPECT_EQ(*producer_.writer->head(), before);
  EXPECT_EQ(producer_.log->head(), before);
}

TEST_F(CommitOrder, NothingIsJournalledWhileTheStoreCannotTakeIt) {
  ASSERT_TRUE(commit().ok());
  calls_->clear();
  store_->refuse_checks(Error{Code::no_space, "full"});
  const auto done = commit();
  ASSERT_FALSE(done.ok());
  EXPECT_EQ(done.error().code, Code::no_space);
  EXPECT_FALSE(done.error().hint.empty());
  EXPECT_EQ(producer_.writer->heartbeat().error().code, Code::no_space);
  EXPECT_EQ(producer_.writer->commit_manifest({}).error().code, Code::no_space);
  store_->refuse_checks(Error{Code::io, "gone", "hint"});
  EXPECT_EQ(commit().error().message, "gone");
  EXPECT_EQ(*calls_, Calls{});
  store_->refuse_checks(std::nullopt);
  EXPECT_TRUE(commit().ok());
}

TEST_F(CommitOrder, AFeedThatTheJournalHasNoSlotForIsNotOpened) {
  const auto open = [&] { return producer_.open(); };
  std::vector<FeedId> others(store::Journal::kMaxFeeds);
  journal_->say_feeds(others);
  producer_.close();
  const auto opened = open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::limit_exceeded);
  others.pop_back();
  journal_->say_feeds(others);
  ASSERT_TRUE(open().ok());
  ASSERT_TRUE(commit().ok());
  journal_->say_feeds(std::vector<FeedId>(store::Journal::kMaxFeeds));
  producer_.close();
  EXPECT_TRUE(open().ok());  // it has its slot
}

}  // namespace
}  // namespace shoal::feed
