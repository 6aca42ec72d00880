#include "node/feeds/commit_thread.h"
#include "node/feeds/own_feed.h"

// The part of OwnFeed that waits for mirrors.
namespace shoal::node {

void OwnFeed::begin_waiting_for_mirrors(MirrorQuorum quorum) {
  mirror_acks_.emplace(std::move(quorum));
  host_->receipts().on_receipt([came = receipts_came_, thread = thread_] {
    *came = true;
    thread->wake();
  });
  host_->ask_receipts(replication::ReceiptDemand::awaited);
}

void OwnFeed::end_waiting_for_mirrors() {
  mirror_acks_.reset();
  if (!host_) return;
  host_->receipts().on_receipt({});
  host_->ask_receipts(replication::ReceiptDemand::wanted);
}

bool OwnFeed::wait_for_mirrors(const feed::CommitResult& result, std::uint64_t producer, std::size_t bytes,
                               std::size_t records) {
  {
    const std::lock_guard lock(mutex_);
    if (!mirror_acks_ || producer != producer_) return false;
    for (const feed::CommittedBlock& block : result.blocks) {
      MirrorAcks::Run run;
      const Offset last = block.base_offset + (static_cast<std::int64_t>(block.record_count) - 1);
      run.records = AckRun{block.stream.topic, block.stream.partition, block.base_offset, last, mirror_acks_->level()};
      run.block = block.index;
      const auto header = feed::decode_header(block.header);
      run.appended = header ? header->append_time : UnixMs(0);
      // The room of the group goes back with its last block.
      if (&block == &result.blocks.back()) run.bytes = bytes;
      mirror_acks_->add(std::move(run));
    }
    records_durable_ += records;
    *receipts_came_ = true;
  }
  room_.notify_all();
  return true;
}

void OwnFeed::acknowledge_mirrored() {
  if (!receipts_came_->exchange(false)) return;
  std::vector<MirrorAcks::Run> runs;
  std::function<void(const AckRun&)> callback;
  std::uint64_t producer = 0;
  {
    const std::lock_guard lock(mutex_);
    if (!mirror_acks_ || mirror_acks_->empty() || writer_->head() == nullptr) return;
    runs = mirror_acks_->take(host_->receipts().all(), writer_->head()->epoch);
    if (runs.empty()) return;
    producer = producer_;
    callback = on_acked_;
    if (callback) telling_ = std::this_thread::get_id();
  }
  std::size_t bytes = 0;
  std::uint64_t records = 0;
  for (const MirrorAcks::Run& run : runs) {
    if (callback) callback(run.records);
    bytes += run.bytes;
    records += static_cast<std::uint64_t>(run.records.last - run.records.first + 1);
  }
  {
    const std::lock_guard lock(mutex_);
    telling_ = {};
    if (buffer_ && producer == producer_) {
      buffer_->release(bytes);
      records_acked_ += records;
    }
  }
  room_.notify_all();
}

/// Under mutex_.
Error OwnFeed::late_error() const {
  if (!mirror_acks_ || records_durable_ < records_taken_) return {Code::timed_out, "not acknowledged in time", ""};
  return {Code::timed_out,
          std::to_string(records_durable_ - records_acked_) +
              " records are durable here and not acknowledged by the mirrors that were asked for",
          "shoal info shows which mirrors hold what"};
}

}  // namespace shoal::node
