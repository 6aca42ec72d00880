#include "attach/client/remote_producer.h"

#include "base/try.h"
#include "doors/text/batch_frame.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/report_json.h"
#include "node/api/deadline.h"
#include "node/runtime/system_random.h"
#include "record/record_batch.h"

#include <algorithm>
#include <chrono>
#include <tuple>
#include <utility>

namespace shoal::attach {
namespace {

constexpr std::chrono::seconds kEndTimeout{30};
constexpr std::size_t kMaxBuffered = std::size_t{1} << 30;
/// Records that are encoded and sent in one go, uncompressed.
constexpr std::size_t kMaxWorkBytes = std::size_t{4} << 20;

}  // namespace

ProducerOptions sendable_options(const ProducerOptions& options) {
  // What the API takes; more would not make a difference.
  ProducerOptions sent = options;
  sent.linger = node::limited(options.linger);
  sent.max_time_ahead = std::max(options.max_time_ahead, std::chrono::milliseconds(0));
  sent.batch_bytes = std::clamp<std::size_t>(options.batch_bytes, 1, topic::TopicWriter::kMaxBatchBytes);
  sent.max_buffered = std::clamp<std::size_t>(options.max_buffered, 1, kMaxBuffered);
  return sent;
}

RemoteProducer::RemoteProducer(std::shared_ptr<NodeClient> client, NodeClient::Connection connection,
                               const ProducerOptions& options)
    : client_(std::move(client)),
      connection_(std::move(connection)),
      lines_(connection_),
      options_(options),
      random_(node::system_random()) {}

Result<std::shared_ptr<RemoteProducer>> RemoteProducer::open(std::shared_ptr<NodeClient> client,
                                                             const std::string& name, const ProducerOptions& options) {
  const ProducerOptions sent = sendable_options(options);
  doors::QueryWriter query;
  doors::write_producer_query(sent, query);
  doors::HttpRequest request{.method = "POST",
                             .target = "/v1/own/" + doors::percent_encode(name) + "/records" + query.text()};
  request.content_type = doors::kBatchesType;
  request.streamed = true;
  const doors::Until until = answer_time();
  SHOAL_TRY(auto connection, client->stream(request, until));
  SHOAL_CHECK(NodeClient::expect_success(*connection, until));
  std::shared_ptr<RemoteProducer> made(new RemoteProducer(std::move(client), std::move(connection), sent));
  SHOAL_CHECK(made->read_open());
  made->writer_ = std::thread([producer = made.get()] { producer->write_all(); });
  made->reader_ = std::thread([producer = made.get()] { producer->read_all(); });
  return made;
}

Result<void> RemoteProducer::read_open() {
  SHOAL_TRY(auto line, lines_.next(answer_time()));
  if (line.kind != "open") return Error{Code::unsupported, "the node opened a producer with '" + line.kind + "'", ""};
  doors::JsonReader open = line.object();
  std::vector<topic::RecordBuffer::End> ends;
  for (doors::JsonReader& topic : open.objects("topics")) {
    const TopicPartition stream{topic.text("name"),
                                Partition(static_cast<std::int32_t>(topic.integer("partition", 0, INT32_MAX)))};
    ends.push_back({stream, Offset(topic.integer("next_offset"))});
    std::ignore = topic.integer("partitions", 1, INT32_MAX);  // the lines of its partitions say the same
    SHOAL_CHECK(topic.finish());
  }
  SHOAL_CHECK(open.finish());
  buffer_ = std::make_unique<topic::RecordBuffer>(options_, random_, ends);
  return {};
}

RemoteProducer::~RemoteProducer() {
  if (waits_for_mirrors()) {
    // They may never come. What was sent is kept; then the node is left without the word that all is acknowledged.
    std::ignore = flush_here({kEndTimeout, {}});
  } else {
    std::unique_lock lock(mutex_);
    finishing_ = true;
    changed_.notify_all();
    changed_.wait_for(lock, kEndTimeout, [this] { return ended_ || failure_; });
  }
  {
    const std::lock_guard lock(mutex_);
    finishing_ = true;
  }
  changed_.notify_all();
  connection_->end();
  if (writer_.joinable()) writer_.join();
  if (reader_.joinable()) reader_.join();
}

void RemoteProducer::on_acked(std::function<void(const AckRun&)> callback) {
  std::unique_lock lock(mutex_);
  on_acked_ = std::move(callback);
  if (std::this_thread::get_id() != reader_.get_id()) {
    changed_.wait(lock, [this] { return !calling_; });
  }
}

Result<void> RemoteProducer::admit(std::unique_lock<std::mutex>& lock, std::size_t bytes, std::optional<UnixMs> time,
                                   const Wait& wait) {
  const auto ready = [&] { return failure_ || finishing_ || buffer_->has_room(bytes); };
  if (!ready() && !changed_.wait_for(lock, wait.stop, wait.timeout, ready)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped while the send buffer was full", ""};
    return Error{Code::timed_out, "the send buffer is full", "wait longer, or send more slowly"};
  }
  if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
  if (failure_) return *failure_;
  return time ? buffer_->check_time(*time, clock_.wall_now()) : Result<void>();
}

Result<Position> RemoteProducer::send(const ProducerRecord& record, const Wait& wait) {
  record::Record made = topic::RecordBuffer::to_record(record, clock_.wall_now());
  SHOAL_TRY(const std::size_t bytes, topic::TopicWriter::size_of(made));
  std::unique_lock lock(mutex_);
  SHOAL_CHECK(admit(lock, bytes, record.time, wait));
  SHOAL_TRY(const auto placed, buffer_->add(record.topic, record.partition, std::move(made), clock_.mono_now()));
  ++records_sent_;
  lock.unlock();
  if (placed.due_changed) changed_.notify_all();
  return Position{placed.stream.topic, placed.stream.partition, placed.offset};
}

Result<Position> RemoteProducer::send_batch(const TopicPartition& stream, Bytes batch, const Wait& wait) {
  // The node makes the same checks; one that it refused would have been counted here.
  SHOAL_TRY(auto checked, topic::EncodedBatch::check(std::move(batch)));
  const std::uint32_t count = checked.record_count;
  std::unique_lock lock(mutex_);
  SHOAL_CHECK(admit(lock, checked.batch.size(), checked.largest_time, wait));
  SHOAL_TRY(const auto placed, buffer_->add_batch(stream, std::move(checked)));
  records_sent_ += count;
  lock.unlock();
  changed_.notify_all();
  return Position{placed.stream.topic, placed.stream.partition, placed.offset};
}

Result<void> RemoteProducer::flush(const Wait& wait) {
  std::unique_lock lock(mutex_);
  if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
  // A node that ended after it acknowledged everything took nothing along.
  if (failure_ && failure_->code == Code::closed && buffer_->buffered() == 0) return {};
  return waits_for_mirrors() ? await_flush(lock, true, records_sent_, wait) : await_flush(lock, false, 0, wait);
}

Result<void> RemoteProducer::flush_here(const Wait& wait) {
  std::unique_lock lock(mutex_);
  return await_flush(lock, true, 0, wait);
}

Result<void> RemoteProducer::await_flush(std::unique_lock<std::mutex>& lock, bool here, std::uint64_t acked,
                                         const Wait& wait) {
  if (failure_) return *failure_;
  const std::uint64_t wanted = ++flushes_;
  buffer_->seal_all();
  doors::append_line_frame("{\"flush\":" + std::to_string(wanted) + (here ? ",\"here\":true" : "") + "}", pending_);
  changed_.notify_all();
  const auto flushed = [&] { return flushed_ >= wanted && records_acked_ >= acked; };
  const auto done = [&] { return failure_ || flushed(); };
  if (!changed_.wait_for(lock, wait.stop, wait.timeout, done)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped before all was acknowledged", ""};
    return Error{Code::timed_out, "not acknowledged in time", ""};
  }
  if (flushed()) return {};
  return *failure_;
}

void RemoteProducer::write_all() {
  while (auto work = take_work()) {
    const bool end = work->end;
    // The other direction reports why sending ends, except for what could not be encoded.
    const auto written = write(std::move(*work));
    if (!written && !doors::is_connection_lost(written.error())) fail(written.error());
    if (!written || end) return;
  }
}

std::optional<RemoteProducer::Work> RemoteProducer::take_work() {
  std::unique_lock lock(mutex_);
  for (;;) {
    if (failure_) return std::nullopt;
    if (finishing_) buffer_->seal_all();
    Work work;
    work.batches = buffer_->take(clock_.mono_now(), kMaxWorkBytes);
    for (const topic::SealedBatch& batch : work.batches) note_sent(batch);
    const auto due = buffer_->next_due();
    const bool all_sent = !due || *due > clock_.mono_now();
    // A flush is asked for behind the batches that it sealed.
    if (all_sent) work.lines = std::exchange(pending_, {});
    work.end = all_sent && finishing_;
    if (!work.batches.empty() || !work.lines.empty() || work.end) return work;
    if (due) {
      changed_.wait_for(lock, *due - clock_.mono_now());
    } else {
      changed_.wait(lock);
    }
  }
}

void RemoteProducer::note_sent(const topic::SealedBatch& batch) {
  const std::size_t count = batch.encoded ? batch.encoded->record_count : batch.records.size();
  const Offset last = batch.first + (static_cast<std::int64_t>(count) - 1);
  on_the_way_[batch.stream].push_back({batch.first, last, batch.bytes});
}

Result<void> RemoteProducer::write(Work work) {
  std::string frames;
  for (topic::SealedBatch& sealed : work.batches) {
    if (!sealed.encoded) {
      const auto codec = static_cast<record::Codec>(options_.codec);
      SHOAL_TRY(sealed.encoded, topic::EncodedBatch::encode(sealed.records, codec));
    }
    frames.clear();
    doors::append_send_frame(sealed.stream, sealed.encoded->batch, frames);
    SHOAL_CHECK(connection_->send_chunk(frames, doors::Until::never()));
    sealed = {};
  }
  if (!work.lines.empty()) SHOAL_CHECK(connection_->send_chunk(work.lines, doors::Until::never()));
  return work.end ? connection_->end_body(doors::Until::never()) : Result<void>();
}

void RemoteProducer::read_all() {
  for (;;) {
    auto line = lines_.next(doors::Until::never());
    if (!line.ok()) {
      Error error = std::move(line).error();
      if (doors::is_connection_lost(error)) {
        error.message = "the node ended before everything was acknowledged";
        error.hint = "what was not acknowledged may be in the feed or not: look before you send it again";
      }
      if (client_->closed()) error = Error{Code::closed, "the node is closed", ""};
      return fail(std::move(error));
    }
    auto taken = take(std::move(*line));
    if (!taken.ok()) return fail(std::move(taken).error());
    if (!*taken) return;
  }
}

Result<bool> RemoteProducer::take(StreamLine line) {
  if (line.kind == "acked") {
    SHOAL_TRY(const AckRun run, doors::read_ack_run(line.object()));
    SHOAL_CHECK(acknowledge(run));
    return true;
  }
  if (line.kind == "refused") {
    doors::JsonReader refused = line.object();
    Error error;
    std::ignore = refused.size("line");
    return Error{Code::unsupported, "the node refused a record: " + refused.object("error").text("message"),
                 "use the same version of shoal for all processes of a directory"};
  }
  const bool end = line.kind == "end";
  const std::lock_guard lock(mutex_);
  if (line.kind == "flushed") flushed_ = std::max(flushed_, line.json.size("flushed"));
  ended_ = end;
  // A last line before the last record was acknowledged would lose records silently, and one that comes before we asked
  // for it those that are sent from now on.
  if (end && (!finishing_ || buffer_->buffered() > 0)) {
    return Error{Code::closed, "the node ended before everything was acknowledged", ""};
  }
  changed_.notify_all();
  return !end;
}

Result<void> RemoteProducer::acknowledge(const AckRun& run) {
  std::function<void(const AckRun&)> callback;
  SentBatch batch;
  {
    const std::lock_guard lock(mutex_);
    const auto found = on_the_way_.find({run.topic, run.partition});
    // A block is acknowledged as a whole, so each run is one batch.
    if (found == on_the_way_.end() || found->second.empty() || run.first != found->second.front().first ||
        run.last != found->second.front().last) {
      return Error{Code::unknown_outcome,
                   "the node acknowledged records of " + run.topic + " that this producer did not send",
                   "compare the end of the feed with your input before you go on"};
    }
    batch = found->second.front();
    found->second.pop_front();
    if (found->second.empty()) on_the_way_.erase(found);
    callback = on_acked_;
    calling_ = static_cast<bool>(callback);
  }
  if (callback) callback(run);
  const std::lock_guard lock(mutex_);
  calling_ = false;
  records_acked_ += static_cast<std::uint64_t>(run.last - run.first + 1);
  buffer_->release(batch.bytes);
  changed_.notify_all();
  return {};
}

void RemoteProducer::fail(Error error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
  changed_.notify_all();
}

}  // namespace shoal::attach
