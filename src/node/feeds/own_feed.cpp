#include "node/feeds/own_feed.h"

#include "base/try.h"
#include "node/api/deadline.h"
#include "node/feeds/commit_thread.h"
#include "node/runtime/system_random.h"
#include "record/records_section.h"

#include <algorithm>

namespace shoal::node {
namespace {

/// Records of one group, uncompressed: bounds the memory of a commit and how long a reader waits for its start.
constexpr std::size_t kMaxGroupBytes = std::size_t{4} << 20;

record::Record to_record(const ProducerRecord& from, UnixMs now) {
  record::Record record;
  record.timestamp = from.time.value_or(now);
  record.key = from.key;
  record.value = from.value;
  record.headers.reserve(from.headers.size());
  for (const auto& [name, value] : from.headers) record.headers.push_back({name, value});
  return record;
}

Result<feed::PendingBatch> encode(topic::SealedBatch& sealed, record::Codec codec) {
  feed::PendingBatch pending;
  SHOAL_TRY(pending.batch, record::encode_batch(sealed.records, codec));
  const auto by_time = [](const record::Record& a, const record::Record& b) { return a.timestamp < b.timestamp; };
  const auto [smallest, largest] = std::minmax_element(sealed.records.begin(), sealed.records.end(), by_time);
  pending.stream = sealed.stream;
  pending.record_count = static_cast<std::uint32_t>(sealed.records.size());
  pending.smallest_time = smallest->timestamp;
  pending.largest_time = largest->timestamp;
  return pending;
}

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

}  // namespace

static_assert(static_cast<int>(Codec::zstd) == static_cast<int>(record::Codec::zstd));

OwnFeed::OwnFeed(std::shared_ptr<FeedHost> host, std::unique_ptr<feed::FeedWriter> writer, base::MonoTime heartbeat,
                 const base::Clock& clock, base::LogSink& log)
    : host_(std::move(host)),
      writer_(std::move(writer)),
      heartbeat_(heartbeat),
      clock_(&clock),
      log_(&log),
      random_(system_random()),
      partitioner_(random_) {}

bool OwnFeed::has_head() const {
  const std::lock_guard lock(mutex_);
  return host_ && host_->reader().head().has_value();
}

bool OwnFeed::producing() const {
  const std::lock_guard lock(mutex_);
  return buffer_ != nullptr;
}

Result<void> OwnFeed::begin_producing(const ProducerOptions& options, MirrorQuorum quorum, CommitThread& thread) {
  const std::lock_guard lock(mutex_);
  if (!taking_) return closed_error();
  if (const auto fork = host_->fork().error()) return *fork;
  SHOAL_TRY(const auto views, host_->reader().topics());
  if (buffer_) return Error{Code::in_use, "this feed has a producer already", "close it first"};
  next_offsets_.clear();
  partitions_.clear();
  for (const feed::TopicView& view : views) {
    next_offsets_[view.stream] = view.end;
    ++partitions_[view.stream.topic];
  }
  topic::TopicWriter::Options writer;
  writer.linger = options.linger;
  writer.batch_bytes = options.batch_bytes;
  writer.max_buffered = options.max_buffered;
  buffer_ = std::make_unique<topic::TopicWriter>(writer, [this](const TopicPartition& stream) {
    const auto known = next_offsets_.find(stream);
    return known == next_offsets_.end() ? Offset(0) : known->second;
  });
  buffer_->on_sealed([this](const std::string& topic) { partitioner_.on_batch_sealed(topic); });
  codec_ = options.codec;
  ++producer_;
  records_taken_ = records_durable_ = records_acked_ = 0;
  failure_.reset();
  thread_ = &thread;
  if (!quorum.empty()) begin_waiting_for_mirrors(std::move(quorum));
  return {};
}

void OwnFeed::end_producing() {
  // The commit thread finishes the buffer; a failure was told by flush() or is told by nobody.
  std::ignore = flush(Wait{std::chrono::seconds(30), {}}, Until::durable);
  std::unique_lock lock(mutex_);
  buffer_.reset();
  if (mirror_acks_) end_waiting_for_mirrors();
  on_acked_ = nullptr;
  // No callback after the handle's end; but a handle that ends in its own callback does not wait for itself.
  room_.wait(lock, [&] { return telling_ == std::thread::id() || telling_ == std::this_thread::get_id(); });
}

void OwnFeed::on_acked(std::function<void(const AckRun&)> callback) {
  const std::lock_guard lock(mutex_);
  on_acked_ = std::move(callback);
}

Result<Position> OwnFeed::send(const ProducerRecord& record, const Wait& wait) {
  const auto deadline = deadline_of(wait);
  record::Record made = to_record(record, clock_->wall_now());
  const std::size_t bytes = record::encoded_size(made);
  bool wake = false;
  Position position;
  {
    std::unique_lock lock(mutex_);
    const auto ready = [&] { return !taking_ || failure_ || !buffer_ || buffer_->has_room(bytes); };
    if (!ready() && !room_.wait_until(lock, wait.stop, deadline, ready)) {
      if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped while the send buffer was full", ""};
      return Error{Code::timed_out, "the send buffer is full", "wait longer, or send more slowly"};
    }
    if (!taking_ || !buffer_) return closed_error();
    if (failure_) return *failure_;
    SHOAL_TRY(const TopicPartition stream, choose_stream(record));
    SHOAL_TRY(const auto added, buffer_->add(stream, std::move(made), clock_->mono_now()));
    wake = added.due_changed;
    ++records_taken_;
    position = Position{stream.topic, stream.partition, added.offset};
  }
  if (wake) thread_->wake();
  return position;
}

Result<TopicPartition> OwnFeed::choose_stream(const ProducerRecord& record) {
  const auto known = partitions_.find(record.topic);
  std::optional<ByteView> key;
  if (record.key) key = *record.key;
  return partitioner_.place(record.topic, record.partition, key,
                            known == partitions_.end() ? std::nullopt : std::optional(known->second));
}

Result<void> OwnFeed::flush(const Wait& wait, Until until) {
  const auto deadline = deadline_of(wait);
  std::unique_lock lock(mutex_);
  if (closed_ || !buffer_) return closed_error();
  buffer_->seal_all();
  const std::uint64_t target = records_taken_;
  lock.unlock();
  thread_->wake();
  lock.lock();
  const std::uint64_t& reached = until == Until::durable ? records_durable_ : records_acked_;
  const auto done = [&] { return closed_ || failure_ || reached >= target; };
  if (!room_.wait_until(lock, wait.stop, deadline, done)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped before all was acknowledged", ""};
    return late_error();
  }
  if (failure_) return *failure_;
  if (reached < target) return closed_error();
  return {};
}

void OwnFeed::stop_taking() {
  {
    const std::lock_guard lock(mutex_);
    taking_ = false;
    if (buffer_) buffer_->seal_all();
  }
  room_.notify_all();
}

void OwnFeed::close() {
  {
    const std::lock_guard lock(mutex_);
    taking_ = false;
    closed_ = true;
  }
  room_.notify_all();
}

void OwnFeed::release() {
  const std::lock_guard lock(mutex_);
  writer_.reset();
  host_.reset();
}

std::optional<base::MonoTime> OwnFeed::next_due() const {
  const std::lock_guard lock(mutex_);
  if (!buffer_ || failure_) return std::nullopt;
  return buffer_->next_due();
}

bool OwnFeed::commit_due() {
  std::vector<topic::SealedBatch> batches;
  std::uint64_t producer = 0;
  Codec codec = Codec::none;
  {
    const std::lock_guard lock(mutex_);
    if (!buffer_ || failure_) return false;
    producer = producer_;
    codec = codec_;
    batches = buffer_->take(clock_->mono_now(), kMaxGroupBytes);
  }
  if (batches.empty()) return false;
  std::size_t bytes = 0;
  std::size_t records = 0;
  for (const topic::SealedBatch& batch : batches) {
    bytes += batch.bytes;
    records += batch.records.size();
  }
  auto committed = commit(batches, codec);
  if (!committed) {
    fail(committed.error());
    return false;
  }
  // Published first: whoever hears the acknowledgement finds the record with readers on their way.
  acknowledge(*committed, producer, bytes, records);
  plan_settle();
  return true;
}

void OwnFeed::plan_settle() {
  if (!settle_due_) settle_due_ = clock_->mono_now() + FeedHost::kDeferredWriteDelay;
}

void OwnFeed::settle_if_due() {
  if (!settle_due_ || clock_->mono_now() < *settle_due_) return;
  settle_due_.reset();
  if (const auto settled = writer_->settle(); !settled) fail(settled.error());
}

Result<feed::CommitResult> OwnFeed::commit(std::vector<topic::SealedBatch>& batches, Codec codec) {
  std::vector<feed::PendingBatch> group;
  group.reserve(batches.size());
  for (topic::SealedBatch& batch : batches) {
    SHOAL_TRY(auto pending, encode(batch, static_cast<record::Codec>(codec)));
    group.push_back(std::move(pending));
  }
  SHOAL_TRY(auto result, writer_->commit(std::move(group)));
  last_signed_ = clock_->mono_now();
  host_->committed(result.head);
  return result;
}

void OwnFeed::acknowledge(const feed::CommitResult& result, std::uint64_t producer, std::size_t bytes,
                          std::size_t records) {
  if (wait_for_mirrors(result, producer, bytes, records)) return acknowledge_mirrored();
  std::function<void(const AckRun&)> callback;
  {
    const std::lock_guard lock(mutex_);
    if (producer == producer_) callback = on_acked_;
    if (callback) telling_ = std::this_thread::get_id();
  }
  if (callback) {
    for (const feed::CommittedBlock& block : result.blocks) {
      const Offset last = block.base_offset + (static_cast<std::int64_t>(block.record_count) - 1);
      callback(AckRun{block.stream.topic, block.stream.partition, block.base_offset, last, Acks::Level::durable});
    }
  }
  {
    const std::lock_guard lock(mutex_);
    telling_ = {};
    if (buffer_ && producer == producer_) {
      buffer_->release(bytes);
      records_durable_ += records;
      records_acked_ += records;
    }
  }
  room_.notify_all();
}

void OwnFeed::fail(const Error& error) {
  log_->log(base::LogLevel::error, "feed", "nothing more is signed: " + error.message);
  {
    const std::lock_guard lock(mutex_);
    failure_ = error;
  }
  room_.notify_all();
}

Result<void> OwnFeed::publish_manifest(const feed::Manifest& manifest) {
  SHOAL_TRY(auto result, writer_->commit_manifest(manifest));
  last_signed_ = clock_->mono_now();
  {
    const std::lock_guard lock(mutex_);
    for (const feed::ManifestTopic& topic : manifest.topics) {
      partitions_.try_emplace(topic.name, topic.partitions);
    }
  }
  host_->committed(result.head);
  plan_settle();
  return {};
}

void OwnFeed::heartbeat_if_due() {
  const base::MonoTime now = clock_->mono_now();
  if (heartbeat_.count() == 0 || !host_->online() || host_->reader().fork_limit()) return;
  if (writer_->head() == nullptr || now - last_signed_ < heartbeat_) return;
  // For nobody it would only cost: each is a signature and a sync, and a node may have thousands of feeds.
  if (!host_->has_audience()) return;
  last_signed_ = now;
  auto head = writer_->heartbeat();
  if (!head) {
    fail(head.error());
    return;
  }
  host_->committed(*head);
  plan_settle();
}

}  // namespace shoal::node
