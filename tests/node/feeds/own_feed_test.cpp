#include "node/feeds/own_feed.h"

#include "base/clock.h"
#include "node/node_testing.h"
#include "node/runtime/worker_pool.h"
#include "store/buffered_store.h"
#include "store/journal.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>

#include <future>

namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using node::testing::code_of;
using node::testing::must;
using node::testing::record;
using Sharing = OwnFeed::Sharing;

class NoLog final : public base::LogSink {
 public:
  void log(base::LogLevel, std::string_view, std::string_view) override {}
};

/// What one sender was acknowledged.
class Acked {
 public:
  void add(const AckRun& run) {
    const std::lock_guard lock(mutex_);
    for (Offset offset = run.first; offset <= run.last; ++offset) offsets_.push_back(offset.value());
  }
  std::vector<std::int64_t> offsets() {
    const std::lock_guard lock(mutex_);
    return offsets_;
  }

 private:
  std::mutex mutex_;
  std::vector<std::int64_t> offsets_;
};

using Offsets = std::vector<std::int64_t>;

Bytes batch_of(int records, const std::string& value = "v") {
  std::vector<record::Record> made;
  for (int i = 0; i < records; ++i) made.push_back({UnixMs(1000 + i), std::nullopt, testing::bytes(value), {}});
  return record::encode_batch(made, record::Codec::lz4).value();
}

/// An own feed in memory, with a commit thread of its own.
class OwnFeedTest : public ::testing::Test {
 protected:
  void SetUp() override {
    crypto::init();
    auto key = crypto::KeyPair::generate();
    FeedHost::Context parts;
    parts.stores = {store_.get(), store_.get()};
    parts.strand = pool_.make_strand();
    parts.flusher = pool_.make_strand();
    parts.clock = &clock_;
    parts.log = &log_;
    host_ = must(FeedHost::open(FeedId{key.public_key()}, true, std::move(parts)));
    must(thread_.run([&]() -> Result<void> {
      auto writer = must(feed::FeedWriter::open(host_->log(), *store_, *journal_, std::move(key), clock_, log_));
      feed_ = std::make_shared<OwnFeed>(host_, OwnFeed::Signer{nullptr, std::move(writer)}, base::MonoTime(0), thread_,
                                        clock_, log_);
      return {};
    }));
    thread_.add(feed_);
  }
  void TearDown() override {
    feed_->stop_taking();
    thread_.stop();
    feed_->close();
    host_->close();
    feed_->release();
    pool_.stop();
  }

  OwnFeed::Sender begin(Sharing sharing, const ProducerOptions& options = {}) {
    return must(feed_->begin_producing(options, {}, sharing));
  }
  void send(OwnFeed::Sender sender, std::int64_t expected, const std::string& topic = "t") {
    EXPECT_EQ(must(feed_->send(sender, record(topic, "v"), {5s})).offset, Offset(expected));
  }
  std::shared_ptr<Acked> listen(OwnFeed::Sender sender) {
    auto acked = std::make_shared<Acked>();
    feed_->on_acked(sender, [acked](const AckRun& run) { acked->add(run); });
    return acked;
  }
  /// Keeps the commit thread from committing until the returned promise is kept.
  std::shared_ptr<std::promise<void>> hold_commits() {
    auto go = std::make_shared<std::promise<void>>();
    std::promise<void> holds;
    thread_.post([&holds, until = go->get_future().share()] {
      holds.set_value();
      until.wait();
    });
    holds.get_future().wait();
    return go;
  }

  base::SystemClock clock_;
  NoLog log_;
  WorkerPool pool_{1};
  std::unique_ptr<store::KvStore> store_ = std::make_unique<store::BufferedStore>(
      must(store::open_rocks_store("/own", store::Backing::memory, log_)), store::BufferedStore::kMemory);
  std::unique_ptr<store::Journal> journal_ = store::make_memory_journal();
  std::shared_ptr<FeedHost> host_;
  CommitThread thread_{clock_};
  std::shared_ptr<OwnFeed> feed_;
};

TEST_F(OwnFeedTest, AnExclusiveSenderIsAlone) {
  const auto first = begin(Sharing::exclusive);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::exclusive)), Code::in_use);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::shared)), Code::in_use);
  EXPECT_TRUE(feed_->producing());
  feed_->end_producing(first);
  EXPECT_FALSE(feed_->producing());
  const auto one = begin(Sharing::shared);
  const auto two = begin(Sharing::shared);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::exclusive)), Code::in_use);
  feed_->end_producing(one);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::exclusive)), Code::in_use);
  feed_->end_producing(two);
  EXPECT_TRUE(feed_->begin_producing({}, {}, Sharing::exclusive).ok());
}

TEST_F(OwnFeedTest, AProducerWaitsForTheEndOfTheOneBeforeIt) {
  const auto first = begin(Sharing::exclusive);
  std::thread ending([&] {
    std::this_thread::sleep_for(50ms);
    feed_->end_producing(first);
  });
  EXPECT_TRUE(feed_->begin_producing({}, {}, Sharing::exclusive, {10s}).ok());
  ending.join();
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::exclusive, {10ms})), Code::in_use);
}

TEST_F(OwnFeedTest, AProducerThatWaitsIsToldThatTheFeedTakesNothingMore) {
  const auto first = begin(Sharing::exclusive);
  std::thread stopping([&] {
    std::this_thread::sleep_for(50ms);
    feed_->stop_taking();
  });
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::exclusive, {10s})), Code::closed);
  stopping.join();
  feed_->end_producing(first);
}

TEST_F(OwnFeedTest, EachSenderIsToldOfItsOwnRecords) {
  const auto one = begin(Sharing::shared);
  const auto two = begin(Sharing::shared);
  const auto acked_one = listen(one);
  const auto acked_two = listen(two);
  const auto go = hold_commits();
  // All lie in one block.
  send(one, 0);
  send(two, 1);
  send(two, 2);
  send(one, 3);
  go->set_value();
  must(feed_->flush(one, {10s}));
  must(feed_->flush(two, {10s}));
  EXPECT_EQ(acked_one->offsets(), (Offsets{0, 3}));
  EXPECT_EQ(acked_two->offsets(), (Offsets{1, 2}));
  EXPECT_EQ(host_->reader().head()->tree_size, 1U);
}

TEST_F(OwnFeedTest, AFlushWaitsForItsOwnRecordsOnly) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  const auto two = begin(Sharing::shared);
  const auto go = hold_commits();
  send(one, 0);
  must(feed_->flush(two, {0s}));
  EXPECT_EQ(code_of(feed_->flush(one, {10ms})), Code::timed_out);
  go->set_value();
  must(feed_->flush(one, {10s}));
}

TEST_F(OwnFeedTest, TheEndOfOneSenderEndsNoOther) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  const auto two = begin(Sharing::shared);
  const auto acked_one = listen(one);
  const auto acked_two = listen(two);
  send(one, 0);
  send(two, 1);
  feed_->end_producing(one);
  // Its records are committed, and it is not there any more.
  EXPECT_EQ(acked_one->offsets(), Offsets{0});
  EXPECT_EQ(code_of(feed_->send(one, record("t", "v"), {0s})), Code::closed);
  EXPECT_EQ(code_of(feed_->flush(one, {0s})), Code::closed);
  send(two, 2);
  must(feed_->flush(two, {10s}));
  EXPECT_EQ(acked_two->offsets(), (Offsets{1, 2}));
  EXPECT_EQ(acked_one->offsets(), Offsets{0});
}

TEST_F(OwnFeedTest, OffsetsGoOnWithTheNextSender) {
  const auto first = begin(Sharing::exclusive);
  send(first, 0);
  send(first, 0, "other");
  feed_->end_producing(first);
  const auto second = begin(Sharing::exclusive);
  send(second, 1);
  send(second, 1, "other");
  must(feed_->flush(second, {10s}));
}

TEST_F(OwnFeedTest, ABatchIsSignedAsItIs) {
  const auto sender = begin(Sharing::exclusive);
  const auto acked = listen(sender);
  send(sender, 0);
  Bytes batch = batch_of(3);
  record::patch_batch(batch, Offset(77), 9);  // what a client says of them does not count
  const auto position = must(feed_->send_batch(sender, {"t", Partition(0)}, batch, {5s}));
  EXPECT_EQ(position.offset, Offset(1));
  send(sender, 4);
  must(feed_->flush(sender, {10s}));
  EXPECT_EQ(acked->offsets(), (Offsets{0, 1, 2, 3, 4}));
  const auto block = must(host_->reader().block_of_offset({"t", Partition(0)}, Offset(1)));
  ASSERT_TRUE(block);
  record::patch_batch(batch, Offset(1), 0);
  EXPECT_EQ(must(host_->reader().payload(*block)), batch);
  const auto header = must(host_->reader().header(*block));
  EXPECT_EQ(header.record_count, 3U);
  EXPECT_EQ(header.smallest_time, UnixMs(1000));
  EXPECT_EQ(header.largest_time, UnixMs(1002));
}

TEST_F(OwnFeedTest, ABatchDoesNotLinger) {
  const auto sender = begin(Sharing::exclusive, {.linger = 1h});
  const auto acked = listen(sender);
  must(feed_->send_batch(sender, {"t", Partition(0)}, batch_of(2), {5s}));
  for (int i = 0; i < 500 && acked->offsets().size() < 2; ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(acked->offsets(), (Offsets{0, 1}));
}

TEST_F(OwnFeedTest, WhatIsRefusedUsesNoOffset) {
  const auto sender = begin(Sharing::exclusive);
  Bytes bad = batch_of(3);
  bad.back() ^= 1;
  const TopicPartition stream{"t", Partition(0)};
  EXPECT_EQ(code_of(feed_->send_batch(sender, stream, bad, {5s})), Code::invalid_argument);
  EXPECT_EQ(code_of(feed_->send_batch(sender, {"t", Partition(1)}, batch_of(1), {5s})), Code::invalid_argument);
  EXPECT_EQ(code_of(feed_->send_batch(sender, {"no name", Partition(0)}, batch_of(1), {5s})), Code::invalid_argument);
  send(sender, 0);
  EXPECT_EQ(must(feed_->send_batch(sender, stream, batch_of(1), {5s})).offset, Offset(1));
  must(feed_->flush(sender, {10s}));
}

TEST_F(OwnFeedTest, AFullBufferIsWaitedFor) {
  const auto sender = begin(Sharing::exclusive, {.max_buffered = 80});
  const TopicPartition stream{"t", Partition(0)};
  const auto go = hold_commits();
  must(feed_->send_batch(sender, stream, batch_of(1), {0s}));
  EXPECT_EQ(code_of(feed_->send_batch(sender, stream, batch_of(1), {10ms})), Code::timed_out);
  EXPECT_EQ(code_of(feed_->send(sender, record("t", "v"), {10ms})), Code::timed_out);
  go->set_value();
  EXPECT_EQ(must(feed_->send_batch(sender, stream, batch_of(1), {10s})).offset, Offset(1));
  must(feed_->flush(sender, {10s}));
  must(feed_->send(sender, record("t", "v"), {0s}));
}

TEST_F(OwnFeedTest, TheFirstSendersOptionsHold) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  const auto two = begin(Sharing::shared, {.linger = 0ms});
  const auto acked = listen(two);
  send(two, 0);
  std::this_thread::sleep_for(100ms);
  EXPECT_EQ(acked->offsets(), Offsets{});
  feed_->end_producing(one);
  feed_->end_producing(two);
  const auto next = begin(Sharing::shared, {.linger = 0ms});
  const auto acked_next = listen(next);
  send(next, 1);
  for (int i = 0; i < 500 && acked_next->offsets().empty(); ++i) std::this_thread::sleep_for(10ms);
  EXPECT_EQ(acked_next->offsets(), Offsets{1});
}

TEST_F(OwnFeedTest, AFailureIsToldToEverySender) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  const auto two = begin(Sharing::shared);
  send(one, 0);
  must(thread_.run([&]() -> Result<void> {
    feed_->fail({Code::unknown_outcome, "it may or may not have happened", ""});
    return {};
  }));
  EXPECT_EQ(code_of(feed_->flush(one, {10s})), Code::unknown_outcome);
  EXPECT_EQ(code_of(feed_->send(two, record("t", "v"), {5s})), Code::unknown_outcome);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::shared)), Code::unknown_outcome);
  feed_->end_producing(one);
  feed_->end_producing(two);
}

TEST_F(OwnFeedTest, OnceSigningIsStoppedNobodyBeginsAgain) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  send(one, 0);
  must(thread_.run([&]() -> Result<void> {
    host_->own_terms().set_writer_problem(Error{Code::unsafe_to_sign, "signed elsewhere", ""});
    feed_->stop_signing({Code::unsafe_to_sign, "signed elsewhere", ""});
    return {};
  }));
  EXPECT_EQ(code_of(feed_->flush(one, {10s})), Code::unsafe_to_sign);
  feed_->end_producing(one);
  EXPECT_EQ(code_of(feed_->begin_producing({}, {}, Sharing::shared)), Code::unsafe_to_sign);
  host_->own_terms().set_writer_problem(std::nullopt);
  const auto two = begin(Sharing::shared, {.linger = 0ms});
  EXPECT_TRUE(feed_->send(two, record("t", "v"), {5s}).ok());
  EXPECT_EQ(code_of(feed_->flush(two, {10s})), Code::unsafe_to_sign) << "the writer itself refuses";
  feed_->end_producing(two);
}

TEST_F(OwnFeedTest, AFullDiskIsToldToEverySenderAndEndsWithThem) {
  const auto one = begin(Sharing::shared, {.linger = 1h});
  const auto two = begin(Sharing::shared);
  send(one, 0);
  must(thread_.run([&]() -> Result<void> {
    feed_->fail({Code::no_space, "the disk is full", ""});
    return {};
  }));
  EXPECT_EQ(code_of(feed_->flush(one, {10s})), Code::no_space);
  EXPECT_EQ(code_of(feed_->send(two, record("t", "v"), {5s})), Code::no_space);
  // One that does not know it yet keeps nobody from publishing.
  const auto three = begin(Sharing::exclusive);
  const auto acked = listen(three);
  EXPECT_EQ(must(feed_->send(three, record("t", "v"), {5s})).offset, Offset(0)) << "what was not signed took no offset";
  must(feed_->flush(three, {10s}));
  EXPECT_EQ(acked->offsets(), Offsets{0});
  EXPECT_EQ(code_of(feed_->flush(two, {10s})), Code::no_space);
  feed_->end_producing(one);
  feed_->end_producing(two);
  EXPECT_EQ(code_of(feed_->flush(two, {10s})), Code::closed);
  feed_->end_producing(three);
}

TEST_F(OwnFeedTest, AManifestMakesPartitionsForSendersThatAreThere) {
  const auto sender = begin(Sharing::exclusive);
  ProducerRecord wanted = record("t", "v");
  wanted.partition = Partition(1);
  EXPECT_EQ(code_of(feed_->send(sender, wanted, {5s})), Code::invalid_argument);
  must(thread_.run([&] { return feed_->publish_manifest({.topics = {{"t", 2, "", ""}}}); }));
  EXPECT_EQ(must(feed_->send(sender, wanted, {5s})).offset, Offset(0));
  must(feed_->flush(sender, {10s}));
}

TEST_F(OwnFeedTest, StoppingCommitsWhatWasTaken) {
  const auto sender = begin(Sharing::exclusive, {.linger = 1h});
  const auto acked = listen(sender);
  send(sender, 0);
  feed_->stop_taking();
  EXPECT_EQ(code_of(feed_->send(sender, record("t", "v"), {5s})), Code::closed);
  thread_.stop();
  EXPECT_EQ(acked->offsets(), Offsets{0});
}

}  // namespace
}  // namespace shoal::node
