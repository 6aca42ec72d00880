#include "feed/write/writer_start.h"

#include "feed/feed_world.h"
#include "feed/format/directory_marker.h"
#include "feed/read/feed_audit.h"

#include <fstream>

// One test for each row of RELIABILITY.md's start-up table.
namespace shoal::feed {
namespace {

namespace fs = std::filesystem;
using testing::batch_of;
using testing::Producer;
using testing::ScratchDir;
using testing::stream;

class WriterStart : public ::testing::Test {
 protected:
  WriterStart() : producer(scratch.path() / "data") { fs::create_directories(producer.directory); }

  void append(int count, std::size_t value_size = 16) {
    for (int i = 0; i < count; ++i) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream("t"), {next_time++}, value_size));
      const auto done = producer.writer->commit(std::move(group));
      ASSERT_TRUE(done.ok()) << done.error().message;
    }
  }
  /// The closed directory or a part of it, kept for later.
  void keep(const char* part, const char* as) {
    fs::remove_all(scratch.path() / as);
    fs::copy(producer.directory / part, scratch.path() / as, fs::copy_options::recursive);
  }
  void bring_back(const char* part, const char* from) {
    fs::remove_all(producer.directory / part);
    fs::copy(scratch.path() / from, producer.directory / part, fs::copy_options::recursive);
  }
  void expect_refused(const WriterOptions& options = {}) {
    const auto opened = producer.open(options);
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::unsafe_to_sign) << opened.error().message;
    EXPECT_FALSE(opened.error().hint.empty());
    EXPECT_EQ(producer.writer, nullptr);
    producer.close();
  }
  void expect_opens(std::uint64_t size, const WriterOptions& options = {}) {
    const auto opened = producer.open(options);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ASSERT_NE(producer.writer->head(), nullptr);
    EXPECT_EQ(producer.writer->head()->tree_size, size);
    const auto report = audit(producer.reader(), {});
    EXPECT_TRUE(report->complete()) << report->damage.front();
  }

  ScratchDir scratch;
  Producer producer;
  std::int64_t next_time = 100;
};

TEST_F(WriterStart, EqualGoesOn) {
  ASSERT_TRUE(producer.open().ok());
  EXPECT_EQ(producer.writer->head(), nullptr);
  append(5);
  producer.close();
  expect_opens(5);
  append(1);
  EXPECT_EQ(producer.writer->next_offset(stream("t")), Offset{6});
}

TEST_F(WriterStart, TheJournalSaysHowMuchWasSigned) {
  ASSERT_TRUE(producer.open().ok());
  EXPECT_EQ(signed_size(producer.id(), *producer.journal), 0U);
  append(5);
  EXPECT_EQ(signed_size(producer.id(), *producer.journal), 5U);
  EXPECT_EQ(signed_size(FeedId{}, *producer.journal), 0U);
}

TEST_F(WriterStart, JournalLongerIsReplayed) {
  ASSERT_TRUE(producer.open().ok());
  append(3);
  producer.close();
  keep("own", "store-at-3");
  ASSERT_TRUE(producer.open().ok());
  append(4);
  producer.clock.now += 10;
  const Checkpoint last = producer.writer->heartbeat().value();
  producer.close();
  bring_back("own", "store-at-3");
  expect_opens(7);
  EXPECT_EQ(*producer.writer->head(), last);
  producer.close();
  expect_opens(7);
}

TEST_F(WriterStart, EmptyStoreIsReplayedFromTheFirstGroup) {
  ASSERT_TRUE(producer.open().ok());
  append(6);
  const Checkpoint last = *producer.writer->head();
  producer.close();
  fs::remove_all(producer.directory / "own");
  expect_opens(6);
  EXPECT_EQ(*producer.writer->head(), last);
}

TEST_F(WriterStart, HeartbeatOnlyInTheJournalIsTaken) {
  ASSERT_TRUE(producer.open().ok());
  append(2);
  producer.close();
  keep("own", "before");
  ASSERT_TRUE(producer.open().ok());
  producer.clock.now += 1000;
  const Checkpoint beat = producer.writer->heartbeat().value();
  producer.close();
  bring_back("own", "before");
  expect_opens(2);
  EXPECT_EQ(*producer.writer->head(), beat);
}

TEST_F(WriterStart, StoreLongerIsAdopted) {
  ASSERT_TRUE(producer.open().ok());
  append(2);
  producer.close();
  keep("journal", "journal-at-2");
  ASSERT_TRUE(producer.open().ok());
  append(1, std::size_t{400} << 10);  // a large group: the store is synced before the journal's head
  producer.close();
  bring_back("journal", "journal-at-2");
  expect_opens(3);
  producer.close();
  expect_opens(3);  // and the journal has the store's head now
}

TEST_F(WriterStart, GapThatTheJournalDoesNotCoverIsRefused) {
  ASSERT_TRUE(producer.open().ok());
  append(2);
  producer.close();
  keep("own", "store-at-2");
  ASSERT_TRUE(producer.open().ok());
  append(1, std::size_t{400} << 10);  // large: not in the ring
  append(3);
  const Checkpoint last = *producer.writer->head();
  producer.close();
  keep("own", "store-at-6");
  bring_back("own", "store-at-2");
  expect_refused();
  expect_refused();  // asking twice changes nothing
  bring_back("own", "store-at-6");
  expect_opens(6);
  EXPECT_EQ(*producer.writer->head(), last);
}

TEST_F(WriterStart, MissingJournalIsRefused) {
  ASSERT_TRUE(producer.open().ok());
  append(4);
  producer.close();
  fs::remove(producer.directory / "journal");
  expect_refused();
}

TEST_F(WriterStart, DamagedHeadSlotsAreRefused) {
  ASSERT_TRUE(producer.open().ok());
  append(4);
  producer.close();
  // Every byte of the journal outside its first page is overwritten: slots and ring.
  const auto size = fs::file_size(producer.directory / "journal");
  std::fstream file(producer.directory / "journal", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096);
  const std::string garbage(size - 4096, 'x');
  file.write(garbage.data(), static_cast<std::streamsize>(garbage.size()));
  file.close();
  const auto opened = producer.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_TRUE(opened.error().code == Code::unsafe_to_sign || opened.error().code == Code::corrupt)
      << opened.error().message;
  EXPECT_EQ(producer.writer, nullptr);
}

TEST_F(WriterStart, MixedHistoriesAreRefused) {
  // The same key signed another feed elsewhere; its store is put beside our journal.
  ASSERT_TRUE(producer.open().ok());
  append(5);
  producer.close();
  for (const int size : {3, 5, 8}) {
    Producer other(scratch.path() / ("other" + std::to_string(size)));
    fs::create_directories(other.directory);
    ASSERT_TRUE(other.open().ok());
    for (int i = 0; i < size; ++i) {
      std::vector<PendingBatch> group;
      group.push_back(batch_of(stream("elsewhere"), {i}));
      ASSERT_TRUE(other.writer->commit(std::move(group)).ok());
    }
    other.close();
    fs::remove_all(producer.directory / "own");
    fs::copy(other.directory / "own", producer.directory / "own", fs::copy_options::recursive);
    expect_refused();
  }
}

TEST_F(WriterStart, AssertedHeadIsTheOnlyOverride) {
  ASSERT_TRUE(producer.open().ok());
  append(4);
  const Checkpoint head = *producer.writer->head();
  producer.close();
  fs::remove(producer.directory / "journal");
  WriterOptions wrong{.asserted = AssertedHead{head.tree_size + 1, head.root}};
  expect_refused(wrong);
  wrong.asserted = AssertedHead{head.tree_size, head.topic_root};
  expect_refused(wrong);
  expect_opens(4, {.asserted = AssertedHead{head.tree_size, head.root}});
  append(1);
  producer.close();
  expect_opens(5);
}

TEST_F(WriterStart, AssertedHeadDisownsWhatTheJournalKnowsBeyondIt) {
  ASSERT_TRUE(producer.open().ok());
  append(1, std::size_t{400} << 10);
  append(1);
  const Checkpoint head = *producer.writer->head();
  producer.close();
  keep("own", "store-at-2");
  ASSERT_TRUE(producer.open().ok());
  append(1, std::size_t{400} << 10);
  append(5);
  producer.close();
  bring_back("own", "store-at-2");
  expect_refused();
  expect_opens(2, {.asserted = AssertedHead{head.tree_size, head.root}});
  append(2);
  producer.close();
  expect_opens(4);
}

TEST_F(WriterStart, RestoredCopyOfTheDirectoryIsRefused) {
  const auto place = [&] {
    const MarkedFiles files{producer.directory, producer.directory / "journal", producer.directory / "place"};
    EXPECT_TRUE(keep_stamp(files).ok());
    return directory_marker(files).value();
  };
  ASSERT_TRUE(producer.open().ok());
  append(3);
  producer.close();
  ASSERT_TRUE(producer.open({.place = place()}).ok());
  append(1);
  producer.close();
  fs::copy(producer.directory, scratch.path() / "backup", fs::copy_options::recursive);
  expect_opens(4, {.place = place()});
  append(5);  // what the backup does not know
  producer.close();
  fs::rename(producer.directory, scratch.path() / "gone");
  fs::copy(scratch.path() / "backup", producer.directory, fs::copy_options::recursive);
  expect_refused({.place = place()});
  fs::remove_all(producer.directory);
  fs::rename(scratch.path() / "gone", producer.directory);  // moving is no copying
  expect_opens(9, {.place = place()});
}

TEST_F(WriterStart, HeadBeyondTheHeldBlocksIsRefusedUntilRecovered) {
  ASSERT_TRUE(producer.open().ok());
  append(40);
  producer.close();
  // The disk is gone but the key is not: the tail comes back from a mirror, into an own store.
  Producer again(scratch.path() / "again");
  fs::create_directories(again.directory);
  ASSERT_TRUE(producer.open().ok());
  const FeedReader source = producer.reader();
  const Checkpoint head = source.head().value();
  {
    again.store = store::open_rocks_store(again.directory / "own", store::Backing::disk, again.sink).value();
    again.log = FeedLog::open({again.store.get(), again.store.get()}, again.id()).value();
    auto mirror = FeedMirror::open(*again.log, again.sink).value();
    ASSERT_TRUE(testing::deliver(source, head, 0, testing::span(0, 10)).to(*mirror).ok());
    mirror.reset();
    again.close();
  }
  const WriterOptions asserted{.asserted = AssertedHead{head.tree_size, head.root}};
  EXPECT_EQ(again.open(asserted).error().code, Code::unsafe_to_sign);
  {
    auto mirror = FeedMirror::open(*again.log, again.sink).value();
    ASSERT_TRUE(testing::deliver(source, head, 10, testing::span(10, 40)).to(*mirror).ok());
  }
  again.close();
  EXPECT_EQ(again.open().error().code, Code::unsafe_to_sign);  // no journal knows of it
  again.close();
  const auto opened = again.open(asserted);
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(again.writer->next_offset(stream("t")), Offset{40});
}

TEST_F(WriterStart, AnotherKeyIsRefused) {
  ASSERT_TRUE(producer.open().ok());
  const auto opened = FeedWriter::open(*producer.log, *producer.store, *producer.journal, testing::test_key(9),
                                       producer.clock, producer.sink);
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::bad_key);
}

TEST_F(WriterStart, RingIsReusedOnlyAfterTheStoreIsDurable) {
  ASSERT_TRUE(producer.open().ok());
  append(60, std::size_t{200} << 10);  // 12 MiB through the ring of 4 MiB
  append(10);
  producer.close();
  expect_opens(70);
}

/// A journal that fails when told to.
class FailingJournal final : public store::Journal {
 public:
  explicit FailingJournal(store::Journal& inner) : inner_(inner) {}
  [[nodiscard]] std::size_t free_space() const override { return inner_.free_space(); }
  [[nodiscard]] Result<void> commit(const FeedId& feed, ByteView head, ByteView group) override {
    if (fail) return Error{Code::io, "the disk went away"};
    return inner_.commit(feed, head, group);
  }
  void release() override { inner_.release(); }
  [[nodiscard]] Result<std::optional<Bytes>> last_head(const FeedId& feed) const override {
    return inner_.last_head(feed);
  }
  [[nodiscard]] Result<std::vector<Bytes>> groups(const FeedId& feed) const override { return inner_.groups(feed); }
  [[nodiscard]] std::vector<FeedId> feeds() const override { return inner_.feeds(); }
  [[nodiscard]] Result<void> forget(const FeedId& feed) override { return inner_.forget(feed); }
  bool fail = false;

 private:
  store::Journal& inner_;
};

TEST(FeedWriterFailure, UnknownOutcomePoisonsTheWriter) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  FailingJournal journal(*producer.journal);
  auto writer =
      FeedWriter::open(*producer.log, *producer.store, journal, testing::test_key(), producer.clock, producer.sink)
          .value();
  const auto commit = [&] {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("t"), {1}));
    return writer->commit(std::move(group));
  };
  ASSERT_TRUE(commit().ok());
  journal.fail = true;
  EXPECT_EQ(commit().error().code, Code::unknown_outcome);
  journal.fail = false;
  EXPECT_EQ(commit().error().code, Code::unknown_outcome);
  EXPECT_EQ(writer->heartbeat().error().code, Code::unknown_outcome);
  EXPECT_EQ(producer.reader().head()->tree_size, 1U);  // nothing of it was published
}

TEST(FeedWriterFailure, BadBatchesSignNothing) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.topics = {{"two", 2, "", ""}}}).ok());
  const Checkpoint before = *producer.writer->head();
  const auto refused = [&](PendingBatch batch) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("fine"), {1}));
    group.push_back(std::move(batch));
    const auto done = producer.writer->commit(std::move(group));
    return !done.ok() && done.error().code == Code::invalid_argument && *producer.writer->head() == before &&
           producer.reader().head() == before && producer.writer->next_offset(stream("fine")) == Offset{0};
  };
  EXPECT_TRUE(refused(batch_of(stream("no spaces"), {1})));
  EXPECT_TRUE(refused(batch_of(stream(".."), {1})));
  EXPECT_TRUE(refused(batch_of(stream(""), {1})));
  EXPECT_TRUE(refused(batch_of(stream("two", 2), {1})));
  EXPECT_TRUE(refused(batch_of(stream("two", -1), {1})));
  EXPECT_TRUE(refused(batch_of(stream("new", 1), {1})));
  PendingBatch bad = batch_of(stream("two"), {1, 2});
  bad.batch.back() ^= 1;
  EXPECT_TRUE(refused(std::move(bad)));
  bad = batch_of(stream("two"), {1, 2});
  bad.record_count = 3;
  EXPECT_TRUE(refused(std::move(bad)));
  bad = batch_of(stream("two"), {1, 2});
  bad.largest_time = UnixMs{3};
  EXPECT_TRUE(refused(std::move(bad)));
  bad = batch_of(stream("two"), {1, 2});
  bad.smallest_time = UnixMs{5};
  EXPECT_TRUE(refused(std::move(bad)));
  EXPECT_EQ(producer.writer->commit({}).error().code, Code::invalid_argument);
  std::vector<PendingBatch> group;
  group.push_back(batch_of(stream("two", 1), {1}));
  EXPECT_TRUE(producer.writer->commit(std::move(group)).ok());  // and the writer goes on
  EXPECT_EQ(producer.writer->partitions("two"), 2U);
}

}  // namespace
}  // namespace shoal::feed
