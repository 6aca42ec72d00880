#include "topic/topic_writer.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <chrono>
#include <map>

namespace shoal::topic {
namespace {

using namespace std::chrono_literals;

/// One writer under a random caller who keeps the contract: takes whenever next_due() has passed, releases later.
class WriterWorld {
 public:
  WriterWorld(TopicWriter::Options options, int partitions)
      : options_(options),
        partitions_(partitions),
        writer_(options, [](const TopicPartition& of) { return Offset(of.partition.value() * 1000); }) {}

  void step() {
    switch (*rc::gen::inRange(0, 8)) {
      case 0: writer_.seal_all(); break;
      case 1: release_some(); break;
      case 2:
      case 3: pass(base::MonoTime(std::chrono::microseconds(*rc::gen::inRange(0, 30000)))); break;
      default: add(); break;
    }
    check_dues();
  }

  void finish() {
    writer_.seal_all();
    take();
    RC_ASSERT(!writer_.next_due());
    for (const auto& [stream, times] : added_) RC_ASSERT(taken_[stream] == times.size());
    while (!unreleased_.empty()) release_some();
    RC_ASSERT(writer_.buffered() == 0U);
  }

 private:
  void add() {
    const TopicPartition stream{"t", Partition(*rc::gen::inRange(0, partitions_))};
    record::Record record{UnixMs(*rc::gen::arbitrary<std::int64_t>()), std::nullopt, std::nullopt, {}};
    if (*rc::gen::arbitrary<bool>()) record.value = Bytes(*rc::gen::inRange<std::size_t>(0, 3000), 'v');
    record.headers.resize(*rc::gen::weightedElement<std::size_t>({{20, 0}, {4, 3}, {1, record::kMaxBatchHeaders / 2}}));
    const std::size_t bytes = record::encoded_size(record);
    if (!writer_.has_room(bytes)) {
      RC_ASSERT(writer_.buffered() > 0U);
      return;
    }
    const auto due_before = writer_.next_due();
    const auto added = writer_.add(stream, std::move(record), now_);
    RC_ASSERT(added.ok());
    std::vector<base::MonoTime>& times = added_[stream];
    RC_ASSERT(added->offset.value() == stream.partition.value() * 1000 + static_cast<std::int64_t>(times.size()));
    times.push_back(now_);
    // A caller that sleeps until the due time it knows must be told when that gets sooner.
    const auto due = writer_.next_due();
    RC_ASSERT(due.has_value());
    if (!due_before || *due < *due_before) RC_ASSERT(added->due_changed);
    RC_ASSERT(writer_.buffered() <= std::max(options_.max_buffered, bytes));
  }

  /// Virtual time passes; the caller wakes at each due time on the way.
  void pass(base::MonoTime span) {
    const base::MonoTime end = now_ + span;
    for (auto due = writer_.next_due(); due && *due <= end; due = writer_.next_due()) {
      now_ = std::max(now_, *due);
      take();
    }
    now_ = end;
  }

  void take() {
    while (true) {
      auto batches = writer_.take(now_, *rc::gen::elementOf(std::vector<std::size_t>{1, 5000, std::size_t{1} << 30}));
      if (batches.empty()) return;
      for (SealedBatch& batch : batches) {
        RC_ASSERT(record::encode_batch(batch.records, record::Codec::none).ok());
        std::size_t& taken = taken_[batch.stream];
        RC_ASSERT(batch.first.value() == batch.stream.partition.value() * 1000 + static_cast<std::int64_t>(taken));
        taken += batch.records.size();
        RC_ASSERT(taken <= added_[batch.stream].size());
        unreleased_.push_back(batch.bytes);
      }
    }
  }

  /// No record waits longer than the linger, and nothing claims to be due later than its oldest record says.
  void check_dues() {
    for (const auto& [stream, times] : added_) {
      const std::size_t taken = taken_[stream];
      if (taken == times.size()) continue;
      RC_ASSERT(now_ <= times[taken] + options_.linger);
      RC_ASSERT(writer_.next_due().has_value());
      RC_ASSERT(*writer_.next_due() <= times[taken] + options_.linger);
    }
  }

  void release_some() {
    if (unreleased_.empty()) return;
    writer_.release(unreleased_.back());
    unreleased_.pop_back();
  }

  TopicWriter::Options options_;
  int partitions_;
  TopicWriter writer_;
  base::MonoTime now_{0};
  std::map<TopicPartition, std::vector<base::MonoTime>> added_;
  std::map<TopicPartition, std::size_t> taken_;
  std::vector<std::size_t> unreleased_;
};

TEST(TopicWriter, KeepsItsWordUnderAnyInterleaving) {
  rc::check([] {
    TopicWriter::Options options;
    options.linger = std::chrono::milliseconds(*rc::gen::elementOf(std::vector<int>{0, 1, 5, 20, 1000}));
    options.batch_bytes = *rc::gen::elementOf(std::vector<std::size_t>{0, 1000, 8000, std::size_t{64} << 20});
    options.max_buffered = *rc::gen::elementOf(std::vector<std::size_t>{1, 20000, std::size_t{1} << 30});
    WriterWorld world(options, *rc::gen::inRange(1, 6));
    const int steps = *rc::gen::inRange(0, 120);
    for (int i = 0; i < steps; ++i) world.step();
    world.finish();
  });
}

}  // namespace
}  // namespace shoal::topic
