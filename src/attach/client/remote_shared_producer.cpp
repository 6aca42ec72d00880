#include "attach/client/remote_shared_producer.h"

#include "attach/client/remote_producer.h"
#include "base/try.h"
#include "doors/text/batch_frame.h"
#include "doors/text/batch_json.h"
#include "doors/text/error_json.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"
#include "record/record_batch.h"
#include "topic/record_buffer.h"

#include <algorithm>
#include <chrono>
#include <utility>

namespace shoal::attach {
namespace {

constexpr std::chrono::seconds kEndTimeout{30};

}  // namespace

Result<std::shared_ptr<RemoteSharedProducer>> RemoteSharedProducer::open(std::shared_ptr<NodeClient> client,
                                                                         const std::string& name,
                                                                         const ProducerOptions& options) {
  doors::QueryWriter query;
  doors::write_producer_query(sendable_options(options), query);
  query.add("shared", std::int64_t{1});
  doors::HttpRequest request{.method = "POST",
                             .target = "/v1/own/" + doors::percent_encode(name) + "/records" + query.text()};
  request.content_type = doors::kBatchesType;
  request.streamed = true;
  const doors::Until until = answer_time();
  SHOAL_TRY(auto connection, client->stream(request, until));
  SHOAL_CHECK(NodeClient::expect_success(*connection, until));
  std::shared_ptr<RemoteSharedProducer> made(new RemoteSharedProducer(std::move(client), std::move(connection)));
  SHOAL_TRY(const auto line, made->lines_.next(until));
  if (line.kind != "open") return Error{Code::unsupported, "the node opened a producer with '" + line.kind + "'", ""};
  made->reader_ = std::thread([producer = made.get()] { producer->read_all(); });
  return made;
}

RemoteSharedProducer::~RemoteSharedProducer() {
  // Without the reading thread it was never opened: there is nothing to commit, and nobody would see the end.
  if (reader_.joinable()) await_end();
  connection_->end();
  if (reader_.joinable()) reader_.join();
}

void RemoteSharedProducer::await_end() {
  {
    const std::lock_guard sending(sending_);
    std::ignore = connection_->end_body(doors::Until::wait({kEndTimeout, {}}));
  }
  std::unique_lock lock(mutex_);
  changed_.wait_for(lock, kEndTimeout, [this] { return ended_ || failure_; });
}

void RemoteSharedProducer::on_acked(std::function<void(const AckRun&)> callback) {
  std::unique_lock lock(mutex_);
  on_acked_ = std::move(callback);
  if (std::this_thread::get_id() != reader_.get_id()) {
    changed_.wait(lock, [this] { return !calling_; });
  }
}

Result<Position> RemoteSharedProducer::send(const ProducerRecord& record, const Wait& /*wait*/) {
  SHOAL_CHECK(topic::TopicWriter::size_of(topic::RecordBuffer::to_record(record, UnixMs(0))));
  std::string line;
  doors::append_producer_record_line(record, line);
  line.pop_back();  // the LF
  std::string frame;
  doors::append_line_frame(line, frame);
  return ask(frame);
}

Result<Position> RemoteSharedProducer::send_batch(const TopicPartition& stream, Bytes batch, const Wait& /*wait*/) {
  if (batch.size() > record::kMaxBatchSize) {
    return Error{Code::limit_exceeded, "a record batch may not be larger than 8 MiB", "send smaller batches"};
  }
  if (stream.topic.empty() || stream.topic.size() > doors::kMaxTopicName || stream.partition.value() < 0) {
    return Error{Code::invalid_argument, "'" + stream.topic + "' is no legal topic name", ""};
  }
  std::string frame;
  doors::append_send_frame(stream, batch, frame);
  return ask(frame);
}

Result<Position> RemoteSharedProducer::ask(const std::string& frame) {
  const auto question = std::make_shared<Question>();
  {
    const std::lock_guard sending(sending_);
    {
      const std::lock_guard lock(mutex_);
      if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
      if (failure_) return *failure_;
      questions_.push_back(question);
    }
    // The other direction reports why sending ends.
    std::ignore = connection_->send_chunk(frame, doors::Until::never());
  }
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [&] { return question->answer || failure_; });
  return question->answer ? *question->answer : Result<Position>(*failure_);
}

Result<void> RemoteSharedProducer::await_flush(bool here, const Wait& wait) {
  std::uint64_t wanted = 0;
  {
    const std::lock_guard sending(sending_);
    {
      const std::lock_guard lock(mutex_);
      if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
      if (failure_) return *failure_;
      wanted = ++flushes_;
    }
    std::string frame;
    const std::string number = std::to_string(wanted);
    doors::append_line_frame("{\"flush\":" + number + (here ? ",\"here\":true" : "") + "}", frame);
    std::ignore = connection_->send_chunk(frame, doors::Until::never());
  }
  std::unique_lock lock(mutex_);
  const auto done = [&] { return failure_ || flushed_ >= wanted; };
  if (!changed_.wait_for(lock, wait.stop, wait.timeout, done)) {
    if (wait.stop.stop_requested()) return Error{Code::cancelled, "stopped before all was acknowledged", ""};
    return Error{Code::timed_out, "not acknowledged in time", ""};
  }
  if (flushed_ >= wanted) return {};
  return *failure_;
}

void RemoteSharedProducer::read_all() {
  for (;;) {
    auto line = lines_.next(doors::Until::never());
    if (!line.ok()) {
      Error error = std::move(line).error();
      if (client_->closed()) error = Error{Code::closed, "the node is closed", ""};
      return fail(error);
    }
    const auto taken = take(std::move(*line));
    if (!taken.ok()) return fail(taken.error());
    if (!*taken) return;
  }
}

Result<bool> RemoteSharedProducer::take(StreamLine line) {
  if (line.kind == "acked") {
    SHOAL_TRY(const AckRun run, doors::read_ack_run(line.object()));
    acknowledge(run);
  } else if (line.kind == "placed") {
    SHOAL_TRY(const auto placed, doors::read_placed_run(line.object()));
    answer(placed.first);
  } else if (line.kind == "refused") {
    doors::JsonReader refused = line.object();
    std::ignore = refused.size("line");
    Error error;
    SHOAL_CHECK(doors::read_error(refused.object("error"), error));
    answer(error);
  } else if (line.kind == "flushed") {
    const std::lock_guard lock(mutex_);
    flushed_ = std::max(flushed_, line.json.size("flushed"));
    changed_.notify_all();
  } else if (line.kind == "end") {
    fail({Code::closed, "this producer has ended", ""});
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_all();
    return false;
  }
  return true;
}

void RemoteSharedProducer::answer(Result<Position> said) {
  const std::lock_guard lock(mutex_);
  if (questions_.empty()) return;
  questions_.front()->answer = std::move(said);
  questions_.pop_front();
  changed_.notify_all();
}

void RemoteSharedProducer::acknowledge(const AckRun& run) {
  std::function<void(const AckRun&)> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_acked_;
    calling_ = static_cast<bool>(callback);
  }
  if (callback) callback(run);
  const std::lock_guard lock(mutex_);
  calling_ = false;
  changed_.notify_all();
}

void RemoteSharedProducer::fail(const Error& error) {
  const std::lock_guard lock(mutex_);
  if (!failure_) failure_ = error;
  changed_.notify_all();
}

}  // namespace shoal::attach
