#include "node/table/feed_removal.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"
#include "node/node_testing.h"
#include "node/runtime/worker_pool.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

using node::testing::code_of;
using node::testing::must;
using Sharing = OwnFeed::Sharing;

/// Feeds of an offline node in memory.
class FeedRemovalTest : public ::testing::Test {
 protected:
  using Calls = feed::testing::RecordingStore::Calls;

  FeedRemovalTest() {
    auto own = std::make_unique<feed::testing::RecordingStore>("own", calls_);
    own_ = own.get();
    storage_->own = std::move(own);
    auto mirrored = std::make_unique<feed::testing::RecordingStore>("mirrored", calls_);
    mirrored_ = mirrored.get();
    storage_->mirrored = std::move(mirrored);
    storage_->journal = store::make_memory_journal();
  }
  void TearDown() override {
    open_.close();
    thread_.stop();
    open_.close_feeds();
    for (const auto& [name, writer] : open_.take_all().writers) writer->release();
    pool_.stop();
  }

  [[nodiscard]] feed::FeedStores own_stores() { return {storage_->own.get(), storage_->own.get()}; }
  [[nodiscard]] feed::FeedStores mirrored_stores() { return {storage_->own.get(), storage_->mirrored.get()}; }
  [[nodiscard]] FeedReference own() const { return {feed_, "x", true, {}}; }
  [[nodiscard]] FeedReference other() const { return {feed_, "", false, {}}; }

  /// Rows of the feed, which its key signed `commits` times.
  void write_rows(feed::FeedStores stores, int commits) {
    const auto log = must(feed::FeedLog::open(stores, feed_));
    if (commits == 0) return;
    const auto journal = store::make_memory_journal();
    const auto writer =
        must(feed::FeedWriter::open(*log, *stores.heads, *journal, feed::testing::test_key(), clock_, sink_));
    for (int i = 0; i < commits; ++i) {
      must(writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {1000})}));
    }
  }
  std::shared_ptr<FeedHost> open_host(feed::FeedStores stores, bool own) {
    FeedHost::Context parts;
    parts.stores = stores;
    parts.strand = pool_.make_strand();
    parts.flusher = pool_.make_strand();
    parts.clock = &clock_;
    parts.log = &sink_;
    return must(open_.host_or_open(feed_, [&] { return FeedHost::open(feed_, own, std::move(parts)); })).host;
  }
  /// The own feed, open with its writer.
  std::shared_ptr<OwnFeed> open_own(feed::FeedStores stores) {
    const auto host = open_host(stores, true);
    std::shared_ptr<OwnFeed> feed;
    must(thread_.run([&]() -> Result<void> {
      auto writer = must(feed::FeedWriter::open(host->log(), *stores.heads, *storage_->journal,
                                                feed::testing::test_key(), clock_, sink_));
      feed = std::make_shared<OwnFeed>(host, OwnFeed::Signer{nullptr, std::move(writer)}, base::MonoTime(0), thread_,
                                       clock_, sink_);
      return {};
    }));
    thread_.add(feed);
    open_.add_writer("x", feed);
    return feed;
  }
  static void publish(OwnFeed& feed) {
    const auto sender = must(feed.begin_producing({}, {}, Sharing::exclusive));
    must(feed.send(sender, node::testing::record("t", "v"), {std::chrono::seconds(5)}));
    feed.end_producing(sender);
  }
  [[nodiscard]] bool has_rows(store::KvStore& heads) const { return !must(feed::FeedLog::list(heads)).empty(); }
  [[nodiscard]] bool has_rows() const { return has_rows(*storage_->own); }
  static bool has_blocks(const store::KvStore& blocks) {
    const auto rows = blocks.iterate(store::Column::headers);
    rows->seek({});
    return rows->valid();
  }
  [[nodiscard]] std::optional<RemovedFeed> note() const { return must(find_removed(*storage_->own, feed_)); }

  const FeedId feed_{feed::testing::test_key().public_key()};
  base::SystemClock clock_;
  base::NullLogSink sink_;
  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  feed::testing::RecordingStore* own_ = nullptr;       ///< storage_->own
  feed::testing::RecordingStore* mirrored_ = nullptr;  ///< storage_->mirrored
  std::shared_ptr<Storage> storage_ = std::make_shared<Storage>();
  WorkerPool pool_{1};
  CommitThread thread_{clock_};
  OpenFeeds open_{storage_};
  FeedRemoval removal_{{FeedService{&open_}, &thread_}};
};

TEST_F(FeedRemovalTest, AFeedOfOthersLeavesNothing) {
  write_rows(mirrored_stores(), 1);
  EXPECT_TRUE(has_blocks(*storage_->mirrored));
  must(removal_.remove(other()));
  EXPECT_FALSE(has_rows());
  EXPECT_FALSE(has_blocks(*storage_->mirrored));
  EXPECT_FALSE(note());
  EXPECT_FALSE(removal_.is_removed(feed_));
  EXPECT_EQ(code_of(removal_.remove(other())), Code::not_found);
}

TEST_F(FeedRemovalTest, AnOpenFeedIsFoundNoMore) {
  write_rows(mirrored_stores(), 1);
  const auto host = open_host(mirrored_stores(), false);
  must(removal_.remove(other()));
  EXPECT_EQ(open_.host(feed_), nullptr);
  const auto closed = host->news().closed();
  ASSERT_TRUE(closed);
  EXPECT_EQ(closed->code, Code::closed);
  EXPECT_FALSE(has_rows());
}

TEST_F(FeedRemovalTest, OfAnOwnFeedANoteStays) {
  write_rows(own_stores(), 2);
  const auto log = must(feed::FeedLog::open(own_stores(), feed_));
  const auto head = log->head();
  ASSERT_TRUE(head);
  must(removal_.remove(own()));
  EXPECT_FALSE(has_rows());
  EXPECT_TRUE(removal_.is_removed(feed_));
  const auto left = note();
  ASSERT_TRUE(left);
  EXPECT_TRUE(left->done);
  EXPECT_EQ(left->tree_size, 2U);
  EXPECT_EQ(left->root, head->root);
}

TEST_F(FeedRemovalTest, AnOpenOwnFeedSignsNothingMore) {
  const auto feed = open_own(own_stores());
  publish(*feed);
  must(removal_.remove(own()));
  EXPECT_EQ(open_.writer("x"), nullptr);
  EXPECT_FALSE(feed->begin_producing({}, {}, Sharing::exclusive).ok());
  ASSERT_TRUE(note());
  EXPECT_EQ(note()->tree_size, 1U);
}

TEST_F(FeedRemovalTest, ARemovedOwnFeedLetsGoOfItsFiles) {
  const auto feed = open_own(own_stores());
  publish(*feed);
  const std::weak_ptr<FeedHost> host = open_.host(feed_);
  must(removal_.remove(own()));
  pool_.stop();
  // What is retired goes with the node; nothing else holds the files.
  std::ignore = open_.take_all();
  EXPECT_TRUE(host.expired());
}

TEST_F(FeedRemovalTest, AFeedThatIsPublishedToStays) {
  const auto feed = open_own(own_stores());
  publish(*feed);
  const auto sender = must(feed->begin_producing({}, {}, Sharing::exclusive));
  EXPECT_EQ(code_of(removal_.remove(own())), Code::in_use);
  EXPECT_FALSE(removal_.is_removed(feed_));
  EXPECT_TRUE(has_rows());
  EXPECT_EQ(open_.writer("x"), feed);
  feed->end_producing(sender);
}

TEST_F(FeedRemovalTest, AKeyThatSignedNothingMayBeginAgain) {
  write_rows(own_stores(), 0);
  must(removal_.remove(own()));
  EXPECT_FALSE(has_rows());
  EXPECT_FALSE(removal_.is_removed(feed_));
}

TEST_F(FeedRemovalTest, AHeadOfTheJournalCounts) {
  must(storage_->journal->commit(feed_, Bytes{1, 2, 3}, {}));
  must(removal_.remove(own()));
  ASSERT_TRUE(note());
  EXPECT_TRUE(note()->done);
  EXPECT_EQ(note()->tree_size, 0U);
}

TEST_F(FeedRemovalTest, AVolatileFeedLeavesNoNote) {
  feed::testing::RecordingStore memory("memory", calls_);
  {
    write_rows({&memory, &memory}, 1);
    open_host({&memory, &memory}, true);
    must(removal_.remove(own()));
    EXPECT_FALSE(has_rows(memory));
    EXPECT_FALSE(removal_.is_removed(feed_));
  }
}

TEST_F(FeedRemovalTest, TheNoteComesFirstAndACrashIsMadeGood) {
  write_rows(own_stores(), 1);
  calls_->clear();
  own_->fail_after(1);
  EXPECT_EQ(code_of(removal_.remove(own())), Code::io);
  ASSERT_FALSE(calls_->empty());
  EXPECT_EQ(calls_->front(), "own write yes");
  ASSERT_TRUE(note());
  EXPECT_FALSE(note()->done);
  EXPECT_TRUE(removal_.is_removed(feed_));
  own_->fail_after(-1);
  must(removal_.finish());
  EXPECT_FALSE(has_rows());
  EXPECT_TRUE(note()->done);
  EXPECT_EQ(note()->tree_size, 1U);
}

TEST_F(FeedRemovalTest, WhatCouldNotBeErasedIsNotFinished) {
  write_rows(own_stores(), 1);
  int writes = 0;
  own_->on_write([&] { own_->fail_after(++writes == 2 ? 0 : -1); });  // the first one is the note
  EXPECT_EQ(code_of(removal_.remove(own())), Code::io);
  own_->on_write({});
  own_->fail_after(-1);
  ASSERT_TRUE(note());
  EXPECT_FALSE(note()->done);
}

TEST_F(FeedRemovalTest, AnOwnFeedWithoutRowsIsNotFound) { EXPECT_EQ(code_of(removal_.remove(own())), Code::not_found); }

TEST_F(FeedRemovalTest, WhatWasFinishedIsLeftAlone) {
  must(put_removed(*storage_->own, {feed_, true, 1, {}}));
  write_rows(own_stores(), 1);
  must(removal_.finish());
  EXPECT_TRUE(has_rows());
}

TEST_F(FeedRemovalTest, OnceClosedNothingIsRemoved) {
  write_rows(own_stores(), 1);
  open_.close();
  EXPECT_EQ(code_of(removal_.remove(own())), Code::closed);
  EXPECT_EQ(code_of(removal_.finish()), Code::closed);
  EXPECT_FALSE(removal_.is_removed(feed_));
  EXPECT_TRUE(has_rows());
}

}  // namespace
}  // namespace shoal::node
