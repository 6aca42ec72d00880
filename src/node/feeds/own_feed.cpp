#include "node/feeds/own_feed.h"

#include "base/try.h"
#include "node/api/deadline.h"
#include "node/runtime/system_random.h"

#include <algorithm>
#include <chrono>
#include <string>
#include <utility>

namespace shoal::node {
namespace {

/// Records of one group, uncompressed: bounds the memory of a commit and how long a reader waits for its start.
constexpr std::size_t kMaxGroupBytes = std::size_t{16} << 20;
/// An overdue heartbeat waits for somebody to hear it; whether somebody does is looked at this often.
constexpr base::MonoTime kAudienceCheck = std::chrono::seconds(1);
/// A sender that ends waits this long for its records to be durable.
constexpr std::chrono::seconds kLastFlush{30};

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

Error late_error(const SenderAccounts::Counts& counts) {
  if (!counts.mirrors || counts.durable < counts.taken) return {Code::timed_out, "not acknowledged in time", ""};
  return {Code::timed_out,
          std::to_string(counts.durable - counts.acked) +
              " records are durable here and not acknowledged by the mirrors that were asked for",
          "shoal info shows which mirrors hold what"};
}

}  // namespace

static_assert(static_cast<int>(Codec::zstd) == static_cast<int>(record::Codec::zstd));

OwnFeed::OwnFeed(std::shared_ptr<FeedHost> host, Signer signer, base::MonoTime heartbeat, CommitThread& thread,
                 const base::Clock& clock, base::LogSink& log)
    : host_(std::move(host)),
      key_lock_(std::move(signer.lock)),
      writer_(std::move(signer.writer)),
      heartbeat_(heartbeat),
      thread_(&thread),
      clock_(&clock),
      log_(&log),
      random_(system_random()) {}

bool OwnFeed::has_head() const {
  const std::lock_guard lock(mutex_);
  return host_ && host_->reader().head().has_value();
}

bool OwnFeed::producing() const {
  const std::lock_guard lock(mutex_);
  return !accounts_.empty();
}

Result<OwnFeed::Sender> OwnFeed::begin_producing(const ProducerOptions& options, MirrorQuorum quorum, Sharing sharing,
                                                 const Wait& wait) {
  std::unique_lock lock(mutex_);
  const auto ready = [&] { return !taking_ || (!exclusive_ && (sharing == Sharing::shared || accounts_.empty())); };
  if (!ready() && !changed_.wait_until(lock, wait.stop, deadline_of(wait), ready)) {
    return Error{Code::in_use, "this feed has a producer already", "close it first"};
  }
  if (!taking_) return closed_error();
  if (const auto problem = signing_problem(*host_)) return *problem;
  if (accounts_.empty()) {
    SHOAL_TRY(const auto views, host_->reader().topics());
    std::vector<topic::RecordBuffer::End> ends;
    ends.reserve(views.size());
    for (const feed::TopicView& view : views) ends.push_back({view.stream, view.end});
    buffer_ = std::make_unique<topic::RecordBuffer>(options, random_, ends);
    ++buffers_;
    accounts_.forget_taken();
    codec_ = options.codec;
    failure_.reset();
  }
  if (failure_) return *failure_;
  exclusive_ = sharing == Sharing::exclusive;
  if (!quorum.empty() && !accounts_.waits_for_mirrors()) watch_receipts(true);
  return accounts_.open(std::move(quorum));
}

void OwnFeed::end_producing(Sender sender) {
  // The commit thread finishes the buffer; a failure was returned by flush(), or nobody gets it.
  std::ignore = flush(sender, Wait{kLastFlush, {}}, Until::durable);
  std::unique_lock lock(mutex_);
  refused_.erase(sender);
  if (!accounts_.contains(sender)) return;
  const bool waited = accounts_.waits_for_mirrors();
  buffer_->release(accounts_.close(sender));
  if (waited && !accounts_.waits_for_mirrors()) watch_receipts(false);
  if (accounts_.empty()) {
    buffer_.reset();
    exclusive_ = false;
  }
  changed_.notify_all();
  // A sender that ends in its own callback does not wait for itself.
  changed_.wait(lock, [&] { return telling_sender_ != sender || telling_thread_ == std::this_thread::get_id(); });
}

void OwnFeed::on_acked(Sender sender, std::function<void(const AckRun&)> callback) {
  const std::lock_guard lock(mutex_);
  accounts_.set_callback(sender, std::move(callback));
}

Result<void> OwnFeed::admit(std::unique_lock<std::mutex>& lock, Sender sender, std::size_t bytes,
                            std::optional<UnixMs> time, const Wait& wait) {
  const auto deadline = deadline_of(wait);
  const auto ready = [&] { return !taking_ || failure_ || !accounts_.contains(sender) || buffer_->has_room(bytes); };
  if (!ready() && !changed_.wait_until(lock, wait.stop, deadline, ready)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped while the send buffer was full", ""};
    return Error{Code::timed_out, "the send buffer is full", "wait longer, or send more slowly"};
  }
  if (const auto error = error_of(sender)) return *error;
  if (!taking_ || !accounts_.contains(sender)) return closed_error();
  return time ? buffer_->check_time(*time, clock_->wall_now()) : Result<void>();
}

std::optional<Error> OwnFeed::error_of(Sender sender) const {
  const auto refused = refused_.find(sender);
  return refused != refused_.end() ? refused->second : failure_;
}

Result<Position> OwnFeed::send(Sender sender, const ProducerRecord& record, const Wait& wait) {
  record::Record made = topic::RecordBuffer::to_record(record, clock_->wall_now());
  SHOAL_TRY(const std::size_t bytes, topic::TopicWriter::size_of(made));
  std::unique_lock lock(mutex_);
  SHOAL_CHECK(admit(lock, sender, bytes, record.time, wait));
  SHOAL_TRY(const auto placed, buffer_->add(record.topic, record.partition, std::move(made), clock_->mono_now()));
  accounts_.take(sender, placed.stream, placed.offset, 1);
  const auto due = placed.due_changed ? buffer_->next_due() : std::nullopt;
  lock.unlock();
  if (due) thread_->due(*this, *due);
  return Position{placed.stream.topic, placed.stream.partition, placed.offset};
}

Result<Position> OwnFeed::send_batch(Sender sender, const TopicPartition& stream, Bytes batch, const Wait& wait) {
  // Signed, a bad batch would stay in the feed for ever.
  SHOAL_TRY(auto checked, topic::EncodedBatch::check(std::move(batch)));
  const std::uint32_t count = checked.record_count;
  std::unique_lock lock(mutex_);
  SHOAL_CHECK(admit(lock, sender, checked.batch.size(), checked.largest_time, wait));
  SHOAL_TRY(const auto placed, buffer_->add_batch(stream, std::move(checked)));
  accounts_.take(sender, placed.stream, placed.offset, count);
  lock.unlock();
  thread_->due(*this);
  return Position{placed.stream.topic, placed.stream.partition, placed.offset};
}

Result<void> OwnFeed::flush(Sender sender, const Wait& wait, Until until) {
  const auto deadline = deadline_of(wait);
  std::unique_lock lock(mutex_);
  if (const auto refused = refused_.find(sender); refused != refused_.end()) return refused->second;
  if (closed_ || !accounts_.contains(sender)) return closed_error();
  buffer_->seal_all();
  const std::uint64_t target = accounts_.counts(sender).taken;
  lock.unlock();
  thread_->due(*this);
  lock.lock();
  const auto reached = [&] {
    const auto counts = accounts_.counts(sender);
    return accounts_.contains(sender) && (until == Until::durable ? counts.durable : counts.acked) >= target;
  };
  const auto done = [&] { return closed_ || failure_ || !accounts_.contains(sender) || reached(); };
  if (!changed_.wait_until(lock, wait.stop, deadline, done)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped before all was acknowledged", ""};
    return late_error(accounts_.counts(sender));
  }
  if (const auto error = error_of(sender)) return *error;
  if (!reached()) return closed_error();
  return {};
}

void OwnFeed::stop_taking() {
  {
    const std::lock_guard lock(mutex_);
    taking_ = false;
    if (buffer_) buffer_->seal_all();
  }
  changed_.notify_all();
  thread_->due(*this);
}

void OwnFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    taking_ = false;
    closed_ = true;
  }
  changed_.notify_all();
}

void OwnFeed::release() {
  const std::lock_guard lock(mutex_);
  writer_.reset();
  key_lock_.reset();
  host_.reset();
}

void OwnFeed::watch_receipts(bool watched) {
  if (!host_) return;
  if (!watched) {
    host_->receipts().on_receipt({});
    host_->ask_receipts(replication::ReceiptDemand::wanted);
    return;
  }
  host_->receipts().on_receipt([came = receipts_came_, thread = thread_, feed = this] {
    *came = true;
    thread->due(*feed);
  });
  host_->ask_receipts(replication::ReceiptDemand::awaited);
}

std::optional<base::MonoTime> OwnFeed::work() {
  commit_due();
  heartbeat_if_due();
  acknowledge_mirrored();
  std::optional<base::MonoTime> due = heartbeat_due();
  const std::lock_guard lock(mutex_);
  if (!buffer_ || failure_) return due;
  const std::optional<base::MonoTime> records = buffer_->next_due();
  return due && records ? std::min(*due, *records) : due ? due : records;
}

void OwnFeed::commit_due() {
  std::vector<topic::SealedBatch> batches;
  std::uint64_t buffer = 0;
  Codec codec = Codec::none;
  {
    const std::lock_guard lock(mutex_);
    if (!buffer_ || failure_) return;
    buffer = buffers_;
    codec = codec_;
    batches = buffer_->take(clock_->mono_now(), kMaxGroupBytes);
  }
  if (batches.empty()) return;
  const auto committed = commit(batches, codec);
  if (!committed) return fail(committed.error());
  // Published first: when the acknowledgement is delivered, the record is already on its way to readers.
  std::vector<SenderAccounts::Ack> acks;
  {
    const std::lock_guard lock(mutex_);
    for (std::size_t i = 0; i < batches.size(); ++i) {
      accounts_.make_durable(committed->blocks[i], batches[i].bytes, acks);
    }
    if (accounts_.waits_for_mirrors()) *receipts_came_ = true;
  }
  acknowledge(acks, buffer);
}

Result<feed::CommitResult> OwnFeed::commit(std::vector<topic::SealedBatch>& batches, Codec codec) {
  std::vector<feed::PendingBatch> group;
  group.reserve(batches.size());
  for (topic::SealedBatch& sealed : batches) {
    if (!sealed.encoded) {
      SHOAL_TRY(sealed.encoded, topic::EncodedBatch::encode(sealed.records, static_cast<record::Codec>(codec)));
    }
    topic::EncodedBatch& encoded = *sealed.encoded;
    group.push_back(
        {sealed.stream, std::move(encoded.batch), encoded.record_count, encoded.smallest_time, encoded.largest_time});
  }
  SHOAL_TRY(auto result, writer_->commit(std::move(group)));
  last_signed_ = clock_->mono_now();
  host_->committed(result.head);
  return result;
}

void OwnFeed::acknowledge_mirrored() {
  if (!receipts_came_->exchange(false)) return;
  std::vector<SenderAccounts::Ack> acks;
  std::uint64_t buffer = 0;
  {
    const std::lock_guard lock(mutex_);
    if (writer_->head() == nullptr) return;
    buffer = buffers_;
    acks = accounts_.take_mirrored(host_->receipts().all(), writer_->head()->epoch);
  }
  if (!acks.empty()) acknowledge(acks, buffer);
}

void OwnFeed::acknowledge(const std::vector<SenderAccounts::Ack>& acks, std::uint64_t buffer) {
  for (const SenderAccounts::Ack& ack : acks) {
    std::unique_lock lock(mutex_);
    const auto callback = accounts_.callback(ack.sender);
    if (!callback) continue;
    telling_sender_ = ack.sender;
    telling_thread_ = std::this_thread::get_id();
    lock.unlock();
    callback(ack.run);
    lock.lock();
    telling_sender_ = 0;
    telling_thread_ = {};
  }
  {
    const std::lock_guard lock(mutex_);
    for (const SenderAccounts::Ack& ack : acks) {
      if (buffer_ && buffer == buffers_) buffer_->release(ack.bytes);
      accounts_.acknowledge(ack);
    }
  }
  changed_.notify_all();
}

void OwnFeed::stop_signing(const Error& why) {
  writer_->stop(why);
  fail(why);
}

void OwnFeed::fail(const Error& error) {
  // DiskWatch says that the disk is full, and each sender gets the error.
  const bool passes = error.code == Code::no_space;
  if (!passes) log_->log(base::LogLevel::error, "feed", "nothing more is signed: " + error.message);
  {
    const std::lock_guard lock(mutex_);
    if (passes) {
      refuse_senders(error);
    } else {
      failure_ = error;
    }
  }
  changed_.notify_all();
}

void OwnFeed::refuse_senders(const Error& error) {
  const bool waited = accounts_.waits_for_mirrors();
  for (const Sender sender : accounts_.senders()) {
    std::ignore = accounts_.close(sender);
    refused_.emplace(sender, error);
  }
  if (waited) watch_receipts(false);
  buffer_.reset();
  exclusive_ = false;
}

Result<void> OwnFeed::publish_manifest(const feed::Manifest& manifest) {
  SHOAL_TRY(auto result, writer_->commit_manifest(manifest));
  last_signed_ = clock_->mono_now();
  {
    const std::lock_guard lock(mutex_);
    for (const feed::ManifestTopic& topic : manifest.topics) {
      if (buffer_) buffer_->note_topic(topic.name, topic.partitions);
    }
  }
  host_->committed(result.head);
  return {};
}

std::optional<base::MonoTime> OwnFeed::heartbeat_due() const {
  if (heartbeat_.count() == 0 || !host_->online() || host_->reader().fork_limit()) return std::nullopt;
  if (writer_->head() == nullptr) return std::nullopt;
  const base::MonoTime due = last_signed_ + heartbeat_;
  const base::MonoTime now = clock_->mono_now();
  return due > now ? due : now + kAudienceCheck;
}

void OwnFeed::heartbeat_if_due() {
  const base::MonoTime now = clock_->mono_now();
  if (!heartbeat_due() || now - last_signed_ < heartbeat_) return;
  // For nobody it would only cost: each is a signature and a sync, and a node may have thousands of feeds.
  if (!host_->has_audience()) return;
  last_signed_ = now;
  auto head = writer_->heartbeat();
  // A full disk passes; who publishes hears of it.
  if (!head && head.error().code == Code::no_space) return;
  if (!head) return fail(head.error());
  host_->committed(*head);
}

}  // namespace shoal::node
