#include "contract/contract_world.h"

#include <algorithm>
#include <thread>

/// Sending batches, and several producers of one feed.
namespace shoal::contract {
namespace {

class PublishingContract : public Contract {
 protected:
  std::int64_t end_of(const node::FeedReference& feed) {
    const auto ends = must(reading().ends(feed, {}));
    for (const node::StreamEnds& one : ends) {
      if (one.stream == kStream) return one.end.value();
    }
    return 0;
  }
};
INSTANTIATE_TEST_SUITE_P(Ways, PublishingContract, testing::Values(Way::local, Way::socket), way_name);

TEST_P(PublishingContract, RecordsAndBatchesShareOneSequence) {
  const auto feed = make_feed();
  const auto producer = must(owning().open_producer("quakes", {.linger = 1h}));
  Acked acked(*producer);
  EXPECT_EQ(must(producer->send(record("us", "r0"), {5s})).offset, Offset(0));
  EXPECT_EQ(must(producer->send_batch(kStream, batch_of({1, 2}, "b"), {5s})).offset, Offset(1));
  EXPECT_EQ(must(producer->send(record("us", "r1"), {5s})).offset, Offset(3));
  const auto other = must(producer->send_batch({"two", Partition(1)}, batch_of({1}), {5s}));
  EXPECT_EQ(other.topic, "two");
  EXPECT_EQ(other.partition, Partition(1));
  EXPECT_EQ(other.offset, Offset(0));
  must(producer->flush({30s}));
  auto offsets = acked.offsets();
  std::sort(offsets.begin(), offsets.end());
  EXPECT_EQ(offsets, (Offsets{0, 0, 1, 2, 3}));
  std::vector<std::string> values;
  for (const Bytes& batch : fetched(feed, 0)) {
    for (std::string& value : values_of(batch)) values.push_back(std::move(value));
  }
  EXPECT_EQ(values, (std::vector<std::string>{"r0", "b0", "b1", "r1"}));
}

TEST_P(PublishingContract, EveryCodecIsKeptAsItCame) {
  const auto feed = make_feed();
  std::vector<Bytes> sent;
  for (const auto codec :
       {record::Codec::none, record::Codec::gzip, record::Codec::snappy, record::Codec::lz4, record::Codec::zstd}) {
    sent.push_back(batch_of(std::vector<std::int64_t>(50, 7), "value", codec));
  }
  publish(sent);
  const auto got = fetched(feed, 0);
  ASSERT_EQ(got.size(), sent.size());
  for (std::size_t i = 0; i < got.size(); ++i) EXPECT_EQ(got[i], patched(sent[i], static_cast<std::int64_t>(50 * i)));
}

/// Batches that break one rule each.
std::map<std::string, Bytes> bad_batches() {
  const Bytes good = batch_of({1, 2, 3});
  std::map<std::string, Bytes> bad;
  Bytes changed = good;
  changed.back() ^= 1;
  bad["checksum"] = changed;
  changed = good;
  changed[22] |= 0x20;
  bad["control batch"] = with_checksum(changed);
  changed = good;
  changed[22] |= 0x10;
  bad["transaction"] = with_checksum(changed);
  changed = good;
  changed[22] = static_cast<std::uint8_t>((changed[22] & ~7) | 5);
  bad["codec"] = with_checksum(changed);
  changed = batch_of({1, 2, 3}, "", record::Codec::none);
  changed[42] ^= 1;  // largest time
  bad["largest time"] = with_checksum(changed);
  changed = good;
  changed.insert(changed.end(), good.begin(), good.end());
  bad["two batches"] = changed;
  bad["before 1970"] = batch_of({-2});
  bad["cut"] = Bytes(good.begin(), good.end() - 1);
  bad["empty"] = {};
  return bad;
}

TEST_P(PublishingContract, ARefusedBatchUsesNoOffset) {
  const auto feed = make_feed();
  for (const bool shared : {false, true}) {
    const std::int64_t end = end_of(feed);
    const auto producer = must(shared ? owning().share_producer("quakes", {}) : owning().open_producer("quakes", {}));
    for (const auto& [name, batch] : bad_batches()) {
      EXPECT_EQ(code_of(producer->send_batch(kStream, batch, {5s})), Code::invalid_argument) << name;
    }
    EXPECT_EQ(code_of(producer->send_batch(kStream, Bytes(record::kMaxBatchSize + 1), {5s})), Code::limit_exceeded);
    EXPECT_EQ(code_of(producer->send_batch({"two", Partition(2)}, batch_of({1}), {5s})), Code::invalid_argument);
    EXPECT_EQ(code_of(producer->send_batch({"no name", Partition(0)}, batch_of({1}), {5s})), Code::invalid_argument);
    EXPECT_EQ(code_of(producer->send_batch({"us", Partition(-1)}, batch_of({1}), {5s})), Code::invalid_argument);
    EXPECT_EQ(code_of(producer->send_batch({"", Partition(0)}, batch_of({1}), {5s})), Code::invalid_argument);
    // It goes on.
    EXPECT_EQ(must(producer->send_batch(kStream, batch_of({1}), {5s})).offset, Offset(end));
    must(producer->flush({30s}));
    EXPECT_EQ(end_of(feed), end + 1);
  }
}

TEST_P(PublishingContract, ATimeFarAheadIsRefusedAndUsesNoOffset) {
  const auto feed = make_feed();
  const std::int64_t end = end_of(feed);
  const std::int64_t now = base::SystemClock().wall_now().value();
  const std::int64_t ahead = now + 3'700'000;
  const auto at = [](std::int64_t time) {
    auto made = record("us", "x");
    made.time = UnixMs(time);
    return made;
  };
  {
    const auto producer = must(owning().open_producer("quakes", {}));
    EXPECT_EQ(code_of(producer->send(at(ahead), {5s})), Code::invalid_argument);
    EXPECT_EQ(code_of(producer->send(at(now * 1000), {5s})), Code::invalid_argument);  // microseconds
    EXPECT_EQ(code_of(producer->send_batch(kStream, batch_of({1, ahead}), {5s})), Code::invalid_argument);
    EXPECT_EQ(must(producer->send_batch(kStream, batch_of({now + 3'000'000}), {5s})).offset, Offset(end));
    must(producer->flush({30s}));
  }
  EXPECT_EQ(end_of(feed), end + 1);
  // The limit is the producer's own, through the socket, too.
  const auto forecasts = must(owning().open_producer("quakes", {.max_time_ahead = 2h}));
  EXPECT_EQ(must(forecasts->send(at(ahead), {5s})).offset, Offset(end + 1));
  EXPECT_EQ(must(forecasts->send_batch(kStream, batch_of({ahead}), {5s})).offset, Offset(end + 2));
  EXPECT_EQ(code_of(forecasts->send(at(now + 7'300'000), {5s})), Code::invalid_argument);
  must(forecasts->flush({30s}));
  EXPECT_EQ(end_of(feed), end + 3);
}

TEST_P(PublishingContract, AnExclusiveProducerIsAlone) {
  make_feed();
  {
    const auto only = must(held_->owning().open_producer("quakes", {}));
    EXPECT_EQ(code_of(held_->owning().open_producer("quakes", {})), Code::in_use);
    EXPECT_EQ(code_of(held_->owning().share_producer("quakes", {})), Code::in_use);
  }
  const auto one = must(owning().share_producer("quakes", {}));
  const auto two = must(owning().share_producer("quakes", {}));
  EXPECT_EQ(code_of(held_->owning().open_producer("quakes", {})), Code::in_use);
}

TEST_P(PublishingContract, SharedProducersAreToldOfTheirOwnRecords) {
  const auto feed = make_feed();
  constexpr int kProducers = 4;
  constexpr int kRecords = 50;
  std::vector<std::shared_ptr<node::ProducerApi>> producers;
  std::vector<std::unique_ptr<Acked>> acked;
  for (int i = 0; i < kProducers; ++i) {
    producers.push_back(must(owning().share_producer("quakes", {.linger = 5ms})));
    acked.push_back(std::make_unique<Acked>(*producers.back()));
  }
  std::vector<Offsets> sent(kProducers);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < kProducers; ++i) {
    threads.emplace_back([&, i] {
      for (int n = 0; n < kRecords; ++n) {
        const bool whole = n % 5 == 0;
        const auto position = must(whole ? producers[i]->send_batch(kStream, batch_of({1, 2}), {30s})
                                         : producers[i]->send(record("us", "v"), {30s}));
        sent[i].push_back(position.offset.value());
        if (whole) sent[i].push_back(position.offset.value() + 1);
      }
      must(producers[i]->flush({30s}));
      // A flush comes back after the acknowledgements of what was sent before.
      EXPECT_EQ(acked[i]->offsets(), sent[i]);
    });
  }
  for (std::thread& thread : threads) thread.join();
  Offsets all;
  for (const Offsets& one : sent) all.insert(all.end(), one.begin(), one.end());
  std::sort(all.begin(), all.end());
  for (std::size_t i = 0; i < all.size(); ++i) ASSERT_EQ(all[i], static_cast<std::int64_t>(i));
  EXPECT_EQ(end_of(feed), static_cast<std::int64_t>(all.size()));
}

TEST_P(PublishingContract, TheEndOfOneSharedProducerEndsNoOther) {
  const auto feed = make_feed();
  auto one = must(owning().share_producer("quakes", {.linger = 1h}));
  const auto two = must(owning().share_producer("quakes", {}));
  Acked acked(*two);
  must(one->send(record("us", "a"), {5s}));
  must(two->send(record("us", "b"), {5s}));
  // It leaves without a flush; what it sent is committed all the same.
  one.reset();
  EXPECT_GE(end_of(feed), 1);
  EXPECT_EQ(must(two->send(record("us", "c"), {5s})).offset, Offset(2));
  must(two->flush({30s}));
  EXPECT_EQ(acked.offsets(), (Offsets{1, 2}));
}

TEST_P(PublishingContract, AProducerWhoseNodeEndsSaysSo) {
  make_feed();
  const auto exclusive = must(owning().open_producer("quakes", {}));
  must(exclusive->send(record("us", "a"), {5s}));
  must(exclusive->flush({30s}));
  stop();
  EXPECT_EQ(code_of(exclusive->send_batch(kStream, batch_of({1}), {5s})), Code::closed);
  EXPECT_EQ(code_of(exclusive->send(record("us", "a"), {5s})), Code::closed);
  start();
  must(owning().open_feed("quakes", {}));
  const auto shared = must(owning().share_producer("quakes", {}));
  EXPECT_EQ(must(shared->send(record("us", "b"), {5s})).offset, Offset(1));
  stop();
  EXPECT_EQ(code_of(shared->send(record("us", "b"), {5s})), Code::closed);
  EXPECT_EQ(code_of(shared->flush({5s})), Code::closed);
  start();
}

}  // namespace
}  // namespace shoal::contract
