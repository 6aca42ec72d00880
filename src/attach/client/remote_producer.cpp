#include "attach/client/remote_producer.h"

#include "base/clock.h"
#include "base/try.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"
#include "node/runtime/system_random.h"
#include "record/record_batch.h"
#include "topic/topic_writer.h"

namespace shoal::attach {
namespace {

constexpr std::chrono::seconds kEndTimeout{30};
constexpr std::size_t kMaxBuffered = std::size_t{1} << 30;

/// Bytes of the record as batches count them; the errors of topic::TopicWriter::size_of().
Result<std::size_t> counted_size(const ProducerRecord& record) {
  record::Record counted{.timestamp = record.time.value_or(UnixMs(0)), .key = record.key, .value = record.value};
  counted.headers.reserve(record.headers.size());
  for (const auto& [name, value] : record.headers) counted.headers.push_back({name, value});
  return topic::TopicWriter::size_of(counted);
}

}  // namespace

RemoteProducer::RemoteProducer(std::shared_ptr<NodeClient> client, NodeClient::Connection connection,
                               const ProducerOptions& options)
    : client_(std::move(client)),
      connection_(std::move(connection)),
      lines_(connection_),
      options_(options),
      random_(node::system_random()),
      partitioner_(random_) {}

Result<std::shared_ptr<RemoteProducer>> RemoteProducer::open(std::shared_ptr<NodeClient> client,
                                                             const std::string& name, const ProducerOptions& options) {
  // What the API takes; more would not make a difference.
  ProducerOptions sent = options;
  sent.linger = node::limited(options.linger);
  sent.batch_bytes = std::clamp<std::size_t>(options.batch_bytes, 1, topic::TopicWriter::kMaxBatchBytes);
  sent.max_buffered = std::clamp<std::size_t>(options.max_buffered, 1, kMaxBuffered);
  doors::QueryWriter query;
  doors::write_producer_query(sent, query);
  doors::HttpRequest request{.method = "POST",
                             .target = "/v1/own/" + doors::percent_encode(name) + "/records" + query.text()};
  request.content_type = "application/x-ndjson";
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
  for (doors::JsonReader& topic : open.objects("topics")) {
    const TopicPartition stream{topic.text("name"),
                                Partition(static_cast<std::int32_t>(topic.integer("partition", 0, INT32_MAX)))};
    const Offset next(topic.integer("next_offset"));
    partitions_[stream.topic] = static_cast<std::uint32_t>(topic.integer("partitions", 1, INT32_MAX));
    lanes_[stream].acked = lanes_[stream].next = next;
    SHOAL_CHECK(topic.finish());
  }
  return open.finish();
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

Result<Position> RemoteProducer::send(const ProducerRecord& record, const Wait& wait) {
  SHOAL_TRY(const std::size_t bytes, counted_size(record));
  std::unique_lock lock(mutex_);
  const auto ready = [&] {
    return failure_ || finishing_ || buffered_ == 0 || buffered_ + bytes <= options_.max_buffered;
  };
  if (!ready() && !changed_.wait_for(lock, wait.stop, wait.timeout, ready)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped while the send buffer was full", ""};
    return Error{Code::timed_out, "the send buffer is full", "wait longer, or send more slowly"};
  }
  if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
  if (failure_) return *failure_;
  SHOAL_TRY(const TopicPartition stream, choose_stream(record));
  ProducerRecord placed = record;
  placed.partition = stream.partition;
  placed.time = record.time.value_or(base::SystemClock().wall_now());
  const bool idle = pending_.empty();
  doors::append_producer_record_line(placed, pending_);
  Lane& lane = lanes_[stream];
  lane.sizes.push_back(bytes);
  buffered_ += bytes;
  lane.batch += bytes;
  if (lane.batch >= options_.batch_bytes) {
    lane.batch = 0;
    partitioner_.on_batch_sealed(stream.topic);
  }
  const Position position{stream.topic, stream.partition, lane.next};
  ++lane.next;
  ++records_sent_;
  lock.unlock();
  if (idle) changed_.notify_all();
  return position;
}

Result<TopicPartition> RemoteProducer::choose_stream(const ProducerRecord& record) {
  const auto known = partitions_.find(record.topic);
  std::optional<ByteView> key;
  if (record.key) key = *record.key;
  return partitioner_.place(record.topic, record.partition, key,
                            known == partitions_.end() ? std::nullopt : std::optional(known->second));
}

Result<void> RemoteProducer::flush(const Wait& wait) {
  std::unique_lock lock(mutex_);
  if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
  // A node that ended after it acknowledged everything took nothing along.
  if (failure_ && failure_->code == Code::closed && buffered_ == 0) return {};
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
  pending_ += "{\"flush\":" + std::to_string(wanted) + (here ? ",\"here\":true" : "") + "}\n";
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
  std::string taken;
  for (;;) {
    taken.clear();
    {
      std::unique_lock lock(mutex_);
      changed_.wait(lock, [this] { return !pending_.empty() || finishing_ || failure_; });
      if (failure_) return;
      taken.swap(pending_);
    }
    // Why sending ends is told by the other direction.
    const auto sent = taken.empty() ? connection_->end_body(doors::Until::never())
                                    : connection_->send_chunk(taken, doors::Until::never());
    if (!sent.ok() || taken.empty()) return;
  }
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
  if (end && (!finishing_ || buffered_ > 0)) {
    return Error{Code::closed, "the node ended before everything was acknowledged", ""};
  }
  changed_.notify_all();
  return !end;
}

Result<void> RemoteProducer::acknowledge(const AckRun& run) {
  std::function<void(const AckRun&)> callback;
  std::size_t bytes = 0;
  std::uint64_t records = 0;
  {
    const std::lock_guard lock(mutex_);
    const auto found = lanes_.find({run.topic, run.partition});
    if (found == lanes_.end() || run.first != found->second.acked || run.last < run.first ||
        run.last >= found->second.next) {
      return Error{Code::unknown_outcome,
                   "the node acknowledged records of " + run.topic + " that this producer did not send",
                   "compare the end of the feed with your input before you go on"};
    }
    Lane& lane = found->second;
    for (; lane.acked <= run.last; ++lane.acked) {
      bytes += lane.sizes.front();
      lane.sizes.pop_front();
      ++records;
    }
    // Its batch is on its way: records without a key move on.
    lane.batch = 0;
    partitioner_.on_batch_sealed(run.topic);
    callback = on_acked_;
    calling_ = static_cast<bool>(callback);
  }
  if (callback) callback(run);
  const std::lock_guard lock(mutex_);
  calling_ = false;
  records_acked_ += records;
  buffered_ -= bytes;
  changed_.notify_all();
  return {};
}

void RemoteProducer::fail(Error error) {
  const std::lock_guard lock(mutex_);
  failure_ = std::move(error);
  changed_.notify_all();
}

}  // namespace shoal::attach
