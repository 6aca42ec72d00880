#include "feed/feed_world.h"
#include "feed/recording_journal.h"
#include "feed/recording_store.h"
#include "feed/write/commit_group.h"
#include "feed/write/signed_elsewhere.h"
#include "feed/write/writer_start.h"

// What a start reads in the journal and the store, what it writes to make the two agree, and what it refuses to
// believe.
namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::RecordingJournal;
using testing::RecordingStore;
using testing::stream;
using Calls = RecordingStore::Calls;

class LineSink final : public base::LogSink {
 public:
  void log(base::LogLevel, std::string_view, std::string_view message) override { messages.emplace_back(message); }
  std::vector<std::string> messages;
};

/// Six blocks that were signed once. The tested feed's store has the first of them, its journal says what it is told
/// to.
class WriterRecords : public ::testing::Test {
 protected:
  static constexpr std::size_t kBlocks = 6;

  void SetUp() override {
    Producer whole;
    ASSERT_TRUE(whole.open().ok());
    for (std::size_t i = 0; i < kBlocks; ++i) history_.push_back(*commit(whole, i));
    beat_ = *whole.writer->heartbeat();
    auto own = std::make_unique<RecordingStore>("own", calls_);
    auto journal = std::make_unique<RecordingJournal>(calls_);
    store_ = own.get();
    journal_ = journal.get();
    producer_.store = std::move(own);
    producer_.journal = std::move(journal);
    ASSERT_TRUE(producer_.open().ok());
  }
  static Result<CommitResult> commit(Producer& producer, std::size_t i) {
    return producer.writer->commit({batch_of(stream("t"), {100 + static_cast<std::int64_t>(i)})});
  }
  [[nodiscard]] const Checkpoint& head(std::size_t size) const { return history_[size - 1].head; }
  [[nodiscard]] Bytes group(std::size_t index) const {
    const CommittedBlock& block = history_[index].blocks[0];
    return encode_group(index, history_[index].head, {{block.header, block.payload}});
  }
  [[nodiscard]] static Checkpoint sign(Checkpoint head, std::uint8_t seed = 7) {
    const auto key = testing::test_key(seed);
    head.signature = crypto::sign(key, base::as_bytes(note_text(FeedId{testing::test_key().public_key()}, head)));
    return head;
  }
  /// The store has the first `count` blocks and what belongs to them; the journal's groups of them are released.
  void store_has(std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) ASSERT_TRUE(commit(producer_, i).ok());
    journal_->release();
    calls_->clear();
  }
  void journal_says(const Checkpoint& head) { journal_->answer_last_head(std::optional(encode_checkpoint(head))); }
  Result<void> reopen(const WriterOptions& options = {}) {
    producer_.close();
    auto log = FeedLog::open({store_, store_}, producer_.id());
    if (!log) return log.error();
    producer_.log = *std::move(log);
    return recover_journal_and_store(*producer_.log, *journal_, sink_, options);
  }
  void expect_refused(std::string_view says, const WriterOptions& options = {}) {
    const auto started = reopen(options);
    ASSERT_FALSE(started.ok());
    EXPECT_EQ(started.error().code, Code::unsafe_to_sign) << started.error().message;
    EXPECT_NE(started.error().message.find(says), std::string::npos) << started.error().message;
    EXPECT_FALSE(started.error().hint.empty());
  }
  void expect_at(const Checkpoint& head, const WriterOptions& options = {}) {
    const auto started = reopen(options);
    ASSERT_TRUE(started.ok()) << started.error().message;
    EXPECT_EQ(producer_.log->head(), head);
    EXPECT_EQ(producer_.log->header_prefix(), head.tree_size);
  }
  [[nodiscard]] bool is_logged(std::string_view words) const {
    return std::any_of(sink_.messages.begin(), sink_.messages.end(),
                       [&](const std::string& line) { return line.find(words) != std::string::npos; });
  }
  /// Head that the journal was given last.
  [[nodiscard]] std::optional<Checkpoint> journalled() {
    journal_->answer_last_head(std::nullopt);
    const auto bytes = journal_->last_head(producer_.id()).value();
    return bytes ? std::optional(decode_checkpoint(*bytes).value()) : std::nullopt;
  }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  std::vector<CommitResult> history_;
  Checkpoint beat_;  // a heartbeat after all blocks
  Producer producer_;
  LineSink sink_;
  RecordingStore* store_ = nullptr;
  RecordingJournal* journal_ = nullptr;
};

TEST_F(WriterRecords, ARefusalNamesBothHeads) {
  store_has(2);
  journal_->answer_last_head(std::optional<Bytes>{});
  expect_refused("(journal: nothing; store: size 2 root " + head(2).root.hex() + ")");
}

TEST_F(WriterRecords, AHeadThatCannotBeReadIsRefusedAndAFailingDiskIsNamed) {
  store_has(2);
  journal_->answer_last_head(Error{Code::corrupt, "both slots"});
  expect_refused("the journal's record of the last head is damaged");
  journal_->answer_last_head(Error{Code::io, "gone"});
  EXPECT_EQ(reopen().error().code, Code::io);
}

TEST_F(WriterRecords, AHeadThatTheKeyDidNotSignIsRefused) {
  store_has(2);
  journal_->answer_last_head(std::optional(Bytes{1, 2, 3}));
  expect_refused("not signed by this feed's key");
  journal_says(sign(head(2), 9));
  expect_refused("not signed by this feed's key");
}

TEST_F(WriterRecords, GroupsThatCannotBeReadStopTheStart) {
  store_has(2);
  journal_->fail_groups(Error{Code::io, "gone"});
  EXPECT_EQ(reopen().error().code, Code::io);
}

TEST_F(WriterRecords, AGroupNewerThanTheHeadSlotWasSigned) {
  store_has(2);
  for (std::size_t i = 2; i < 4; ++i) journal_->add_group(group(i));
  expect_at(head(4));
  // The journal is told at once, and not before the blocks are durable.
  EXPECT_EQ(*calls_, (Calls{"own write deferred", "own write deferred", "own durable", "journal head"}));
  EXPECT_EQ(journalled(), head(4));
  EXPECT_TRUE(is_logged("its newest head slot was lost"));
}

TEST_F(WriterRecords, AGroupNewerThanTheHeadSlotAndNotReplayableIsRefused) {
  store_has(2);
  journal_->add_group(group(4));  // the one before it is nowhere
  expect_refused("(journal: size 5 root ");
}

TEST_F(WriterRecords, AnOlderGroupDoesNotTakeTheHeadBack) {
  store_has(4);
  journal_says(head(4));
  for (std::size_t i = 1; i < 4; ++i) journal_->add_group(group(i));
  expect_at(head(4));
  EXPECT_EQ(*calls_, Calls{});
}

TEST_F(WriterRecords, GroupsAreReplayedFromTheOldestOn) {
  store_has(1);
  journal_says(head(5));
  for (std::size_t i = 5; i-- > 1;) journal_->add_group(group(i));
  expect_at(head(5));
  EXPECT_EQ(*calls_, (Calls{"own write deferred", "own write deferred", "own write deferred", "own write deferred"}));
  EXPECT_TRUE(is_logged("replayed 4 groups from the journal"));
}

TEST_F(WriterRecords, AGroupThatSaysLessThanItSignsIsNotBelieved) {
  const auto refused_with = [&](const Bytes& bytes, const Checkpoint& at) {
    journal_->add_group(bytes);
    journal_says(at);
    const auto started = reopen();
    return !started.ok() && started.error().code == Code::unsafe_to_sign && producer_.log->head() == head(2);
  };
  store_has(2);
  const CommittedBlock& block = history_[2].blocks[0];
  EXPECT_TRUE(refused_with(Bytes{1, 2}, head(3)));
  EXPECT_TRUE(refused_with(encode_group(3, head(3), {}), head(3)));
  EXPECT_TRUE(refused_with(encode_group(2, sign(head(3), 9), {{block.header, block.payload}}), head(3)));
  EXPECT_TRUE(refused_with(encode_group(2, head(3), {{Bytes{1}, block.payload}}), head(3)));
  Bytes other = block.payload;
  other.back() ^= 1;
  EXPECT_TRUE(refused_with(encode_group(2, head(3), {{block.header, other}}), head(3)));
  std::vector<Checkpoint> lies(3, head(3));
  lies[0].root.bytes[0] ^= 1;
  lies[1].topic_root.bytes[0] ^= 1;
  ++lies[2].topic_count;
  for (const Checkpoint& lie : lies) {
    const Checkpoint signed_lie = sign(lie);
    EXPECT_TRUE(refused_with(encode_group(2, signed_lie, {{block.header, block.payload}}), signed_lie));
  }
}

TEST_F(WriterRecords, NothingOfAGroupThatIsRefusedIsWritten) {
  store_has(2);
  const CommittedBlock& block = history_[2].blocks[0];
  Checkpoint lie = head(3);
  lie.topic_root.bytes[0] ^= 1;
  lie = sign(lie);
  journal_->add_group(encode_group(2, lie, {{block.header, block.payload}}));
  journal_says(lie);
  expect_refused("the journal does not cover the gap");
  EXPECT_EQ(*calls_, Calls{});
}

TEST_F(WriterRecords, AHistoryOfAnotherLastBlockIsRefusedAfterTheReplay) {
  store_has(2);
  journal_->add_group(group(2));
  Checkpoint other = head(3);
  other.root.bytes[0] ^= 1;
  journal_says(sign(other));
  expect_refused("the journal does not cover the gap");
}

TEST_F(WriterRecords, AGroupOfAnotherEpochIsNoNewerHead) {
  store_has(2);
  Checkpoint later = head(3);
  later.epoch = Epoch{1};
  const CommittedBlock& block = history_[2].blocks[0];
  journal_->add_group(encode_group(2, sign(later), {{block.header, block.payload}}));
  expect_at(head(2));
}

TEST_F(WriterRecords, OfTwoGroupsOfOnePlaceTheOlderOneIsReplayed) {
  store_has(2);
  journal_->add_group(group(2));
  const CommittedBlock& block = history_[2].blocks[0];
  journal_->add_group(encode_group(2, head(3), {{block.header, Bytes{1}}}));
  expect_at(head(3));
}

TEST_F(WriterRecords, AHeadBeyondTheHeldBlocksIsRefusedThoughTheJournalKnowsIt) {
  store_has(2);
  ASSERT_TRUE(producer_.log->commit(producer_.log->stage(), FeedLog::HeadUpdate{head(4), {}}, store::Sync::no).ok());
  calls_->clear();
  journal_says(head(4));
  expect_refused("blocks of the accepted head are missing");
  expect_refused("blocks of the accepted head are missing", {.asserted = AssertedHead{4, head(4).root}});
  EXPECT_EQ(*calls_, Calls{});
}

TEST_F(WriterRecords, AnotherEpochInTheJournalIsRefused) {
  store_has(2);
  Checkpoint later = head(2);
  later.epoch = Epoch{1};
  journal_says(sign(later));
  expect_refused("journal and store are of different epochs");
}

TEST_F(WriterRecords, AnotherHistoryOfTheSameSizeIsRefused) {
  store_has(2);
  Checkpoint other = head(2);
  other.topic_root.bytes[0] ^= 1;
  other.time = other.time + 5;
  journal_says(sign(other));
  expect_refused("journal and store hold different histories");
}

TEST_F(WriterRecords, AShorterHeadThatIsNoPrefixIsRefused) {
  store_has(3);
  Checkpoint other = head(2);
  other.root.bytes[0] ^= 1;
  journal_says(sign(other));
  expect_refused("the journal's head is no prefix of the store");
  EXPECT_EQ(*calls_, Calls{});
}

TEST_F(WriterRecords, AHeartbeatOfTheJournalIsTakenDeferred) {
  store_has(kBlocks);
  journal_says(beat_);
  expect_at(beat_);
  EXPECT_EQ(*calls_, (Calls{"own write deferred"}));
}

TEST_F(WriterRecords, AHeartbeatOfTheJournalIsTakenAfterAReplay) {
  store_has(kBlocks - 1);
  journal_->add_group(group(kBlocks - 1));
  journal_says(beat_);
  expect_at(beat_);
  EXPECT_EQ(*calls_, (Calls{"own write deferred", "own write deferred"}));
}

TEST_F(WriterRecords, AHeartbeatOfTheStoreIsJournalledOnceItIsDurable) {
  store_has(kBlocks);
  const Checkpoint beat = *producer_.writer->heartbeat();
  calls_->clear();
  journal_says(head(kBlocks));
  expect_at(beat);
  EXPECT_EQ(*calls_, (Calls{"own durable", "journal head"}));
  EXPECT_EQ(journalled(), beat);
  EXPECT_TRUE(is_logged("the store has a newer heartbeat"));
}

TEST_F(WriterRecords, ALongerStoreIsJournalledOnceItIsDurable) {
  store_has(5);
  journal_says(head(3));
  expect_at(head(5));
  EXPECT_EQ(*calls_, (Calls{"own durable", "journal head"}));
  EXPECT_EQ(journalled(), head(5));
  EXPECT_TRUE(is_logged("the store is longer by 2 blocks"));
}

TEST_F(WriterRecords, AStoreThatCannotBeMadeDurableIsNotVouchedFor) {
  store_has(5);
  journal_says(head(3));
  store_->refuse_durable(Error{Code::io, "no sync"});
  EXPECT_EQ(reopen().error().code, Code::io);
  EXPECT_EQ(*calls_, (Calls{"own durable"}));
}

TEST_F(WriterRecords, AHeadThatTheKeyDidNotSignIsNotJournalled) {
  store_has(2);
  const Checkpoint forged = sign(head(2), 9);
  ASSERT_TRUE(producer_.log->commit(producer_.log->stage(), FeedLog::HeadUpdate{forged, {}}, store::Sync::no).ok());
  calls_->clear();
  const WriterOptions asserted{.asserted = AssertedHead{2, head(2).root}};
  EXPECT_EQ(recover_journal_and_store(*producer_.log, *journal_, sink_, asserted).error().code, Code::unverified);
  EXPECT_EQ(*calls_, (Calls{"journal forget"}));
}

TEST_F(WriterRecords, AJournalThatTakesNoHeadStopsTheStart) {
  store_has(5);
  journal_says(head(3));
  journal_->fail_with(Error{Code::io, "gone"});
  EXPECT_EQ(reopen().error().code, Code::io);
}

TEST_F(WriterRecords, AnAssertedHeadForgetsTheJournalFirst) {
  store_has(4);
  journal_says(head(5));
  const WriterOptions asserted{.place = "here", .asserted = AssertedHead{4, head(4).root}};
  expect_at(head(4), asserted);
  EXPECT_EQ((*calls_)[0], "journal forget");
  EXPECT_EQ((*calls_)[1], "own durable");
  EXPECT_EQ((*calls_)[2], "journal head");
  EXPECT_EQ(journalled(), head(4));
  EXPECT_TRUE(is_logged("the owner asserted the head"));
  expect_refused("copied, restored or moved", {.place = "there"});
  EXPECT_TRUE(reopen({.place = "here"}).ok());
}

TEST_F(WriterRecords, AnAssertedHeadOfAnEmptyStoreOverridesNothing) {
  journal_says(head(2));
  expect_refused("the journal does not cover the gap", {.asserted = AssertedHead{0, Digest{}}});
}

TEST_F(WriterRecords, ThePlaceIsRememberedOnceJournalAndStoreAgree) {
  store_has(2);
  ASSERT_TRUE(reopen({.place = "a"}).ok());
  expect_refused("copied, restored or moved", {.place = "b"});
  expect_refused("copied, restored or moved", {.place = "b"});  // it was not taken for the new one
  EXPECT_TRUE(reopen({.place = "a"}).ok());
  EXPECT_TRUE(reopen().ok());  // a feed without a place
  expect_refused("copied, restored or moved", {.place = "b"});
}

TEST_F(WriterRecords, ThePlaceOfAnUnsignedFeedMayChange) {
  const WriterOptions::Marked unused{.unused = true};
  ASSERT_TRUE(reopen({.place = "a", .marked = unused}).ok());
  ASSERT_TRUE(reopen({.place = "b", .marked = unused}).ok());
  ASSERT_TRUE(producer_.open({.place = "b", .marked = unused}).ok());
  store_has(1);
  expect_refused("copied, restored or moved", {.place = "a"});
}

TEST_F(WriterRecords, TheSignedSizeIsThatOfAHeadOfTheKey) {
  const FeedId feed = producer_.id();
  journal_says(head(4));
  EXPECT_EQ(signed_size(feed, *journal_), 4U);
  journal_says(sign(head(4), 9));
  EXPECT_EQ(signed_size(feed, *journal_), 0U);
  journal_->answer_last_head(std::optional(Bytes{1}));
  EXPECT_EQ(signed_size(feed, *journal_), 0U);
  journal_->answer_last_head(Error{Code::corrupt, "both slots"});
  EXPECT_EQ(signed_size(feed, *journal_), 0U);
}

TEST_F(WriterRecords, AnAssertionOfAnotherHeadIsRefusedThoughAllIsWell) {
  store_has(3);
  expect_refused("the asserted head is not the newest", {.asserted = AssertedHead{2, head(2).root}});
  expect_at(head(3));
}

TEST_F(WriterRecords, AMarkOfMoreThanIsKnownIsRefused) {
  store_has(3);
  expect_at(head(3), {.place = "here", .marked = WriterOptions::Marked{3, "here", false}});
  expect_refused("the key has signed 4 blocks", {.place = "here", .marked = WriterOptions::Marked{4, "here", false}});
}

TEST_F(WriterRecords, AKeyFromElsewhereIsRefusedUntilItsHistoryWasFound) {
  store_has(3);
  expect_refused("came from elsewhere", {.place = "here", .marked = WriterOptions::Marked{0, "", true}});
  expect_at(head(3), {.place = "here", .marked = WriterOptions::Marked{0, "", true}, .recovered = true});
}

TEST_F(WriterRecords, AMarkWithoutAnythingSignedIsACrashInItsOwnPlaceOnly) {
  journal_->answer_last_head(std::optional<Bytes>{});
  const auto marked = [](std::uint64_t size, const char* place, bool unused = false) {
    return WriterOptions{.place = "here", .marked = WriterOptions::Marked{size, place, false, unused}};
  };
  EXPECT_TRUE(reopen(marked(0, "here")).ok());
  EXPECT_TRUE(reopen(marked(0, "", true)).ok()) << "it was made here and has signed nothing";
  expect_refused("in another place", marked(0, "there"));
  expect_refused("nothing that it signed is here", marked(0, ""));
  expect_refused("the key has signed 1 blocks", marked(1, "here"));
  expect_refused("it is not known what the key has signed", {.place = "here"});
}

/// The store is gone, and with it the place that it was signed in; the journal would be replayed.
TEST_F(WriterRecords, ThePlaceIsKeptBesideTheKeyToo) {
  journal_says(head(2));
  journal_->add_group(group(0));
  journal_->add_group(group(1));
  const auto marked = [](const char* place) {
    return WriterOptions{.place = "here", .marked = WriterOptions::Marked{1, place, false}};
  };
  expect_refused("in another place", marked("there"));
  expect_refused("it is not known what the key has signed", {.place = "here"});
  expect_at(head(2), marked("here"));
}

TEST_F(WriterRecords, AnAssertionBelowTheMarkIsNotTaken) {
  store_has(3);
  expect_refused(
      "the key has signed 4 blocks",
      {.place = "here", .asserted = AssertedHead{3, head(3).root}, .marked = WriterOptions::Marked{4, "here", false}});
  expect_at(
      head(3),
      {.place = "here", .asserted = AssertedHead{3, head(3).root}, .marked = WriterOptions::Marked{3, "there", false}});
}

TEST_F(WriterRecords, ARecoveredHeadIsTakenWhenItHasAllThatWasKnown) {
  store_has(3);
  const WriterOptions recovered{.place = "elsewhere", .recovered = true};
  journal_says(head(2));
  expect_at(head(3), recovered);
  EXPECT_EQ(journalled(), head(3));
  journal_->answer_last_head(std::optional<Bytes>{});
  expect_at(head(3), recovered);
  journal_->answer_last_head(Error{Code::corrupt, "unreadable", ""});
  expect_at(head(3), recovered);
  journal_->answer_last_head(std::nullopt);
  expect_at(head(3), {.place = "elsewhere"});
}

TEST_F(WriterRecords, ARecoveredHeadIsRefusedWhenMoreWasSigned) {
  store_has(3);
  const WriterOptions recovered{.recovered = true};
  journal_says(head(4));
  expect_refused("others hold less than what was signed here", recovered);
  Checkpoint other = head(2);
  other.root = head(1).root;
  journal_says(sign(other));
  expect_refused("no prefix", recovered);
  Checkpoint later = head(2);
  later.epoch = Epoch{1};
  journal_says(sign(later));
  expect_refused("different epochs", recovered);
  journal_says(head(3));
  expect_refused("others hold less than the key has signed",
                 {.marked = WriterOptions::Marked{4, "here", false}, .recovered = true});
  ASSERT_TRUE(note_signed_elsewhere(*producer_.log, head(4)).ok());
  expect_refused("signed elsewhere", recovered);
  journal_->answer_last_head(Error{Code::io, "the disk", ""});
  EXPECT_EQ(reopen(recovered).error().code, Code::io);
}

TEST_F(WriterRecords, NothingIsRecoveredFromNothing) {
  journal_->answer_last_head(std::optional<Bytes>{});
  expect_refused("blocks of the newest head are missing", {.recovered = true});
}

}  // namespace
}  // namespace shoal::feed
