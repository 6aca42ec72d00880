#include "doors/socket/producer_stream.h"

#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/text/error_json.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"

#include <thread>

namespace shoal::doors {
namespace {

constexpr std::size_t kMaxLine = std::size_t{16} << 20;
/// Answers that may wait for a client before its records do.
constexpr std::size_t kMaxWaiting = std::size_t{1} << 20;
/// The longest wait of a call that the client or the server may end.
constexpr std::chrono::milliseconds kLong = std::chrono::hours(24);
/// When the client is gone, what it sent is committed within this time.
constexpr std::chrono::milliseconds kLastFlush = std::chrono::seconds(30);

std::string line_of(std::string_view kind, std::string_view object) {
  std::string line = "{\"";
  return line.append(kind).append("\":").append(object).append("}\n");
}

bool is_refusal(Code code) { return code == Code::limit_exceeded || code == Code::invalid_argument; }

}  // namespace

void ProducerStream::Outbox::put(std::string line) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) lines_ += line;
  }
  changed_.notify_all();
}

bool ProducerStream::Outbox::await_room() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || lines_.size() < kMaxWaiting; });
  return !closed_;
}

std::string ProducerStream::Outbox::take(std::chrono::milliseconds timeout) {
  std::string taken;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return closed_ || !lines_.empty(); });
    taken.swap(lines_);
  }
  changed_.notify_all();
  return taken;
}

void ProducerStream::Outbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void ProducerStream::Outbox::abandon() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    lines_.clear();
  }
  changed_.notify_all();
}

bool ProducerStream::Outbox::finished() const {
  const std::lock_guard lock(mutex_);
  return closed_ && lines_.empty();
}

ProducerStream::ProducerStream(Call& call, std::shared_ptr<node::ProducerApi> producer)
    : call_(call), producer_(std::move(producer)), outbox_(std::make_shared<Outbox>()), splitter_(kMaxLine) {}

Result<void> ProducerStream::run() {
  producer_->on_acked([outbox = outbox_](const AckRun& run) {
    outbox->put(line_of("acked", to_json([&](base::JsonWriter& json) { write_ack_run(run, json); })));
  });
  SHOAL_TRY(const auto open, open_line());
  SHOAL_CHECK(call_.request.accept_body());
  SHOAL_CHECK(call_.answer.begin_stream(Answer::Content::lines));
  outbox_->put(open);
  std::thread writer([this] { write_lines(); });
  auto done = read_lines();
  if (done) done = flush();
  // Commits what was taken, whatever ended the reading.
  producer_.reset();
  outbox_->close();
  writer.join();
  SHOAL_CHECK(done);
  const auto end =
      to_json([&](base::JsonWriter& json) { json.begin_object().member("records", records_).end_object(); });
  SHOAL_CHECK(call_.answer.line("end", end));
  return call_.answer.end_stream();
}

Result<std::string> ProducerStream::open_line() {
  SHOAL_TRY(const auto feed, feed_of(call_));
  SHOAL_TRY(const auto info, call_.reading.info(feed, Wait{}));
  std::map<std::string_view, std::int64_t> partitions;
  for (const TopicInfo& topic : info.topics) ++partitions[topic.name];
  return line_of("open", to_json([&](base::JsonWriter& json) {
                   json.begin_object().key("topics").begin_array();
                   for (const TopicInfo& topic : info.topics) {
                     json.begin_object()
                         .member("name", topic.name)
                         .member("partition", topic.partition.value())
                         .member("next_offset", topic.end_offset.value())
                         .member("partitions", partitions[topic.name])
                         .end_object();
                   }
                   json.end_array().end_object();
                 }));
}

Result<void> ProducerStream::read_lines() {
  const auto take = [this](std::string_view line) { return take_line(line); };
  for (;;) {
    SHOAL_TRY(const auto part, call_.request.read_body(true));
    if (part.empty()) break;
    SHOAL_CHECK(splitter_.add(part, take));
  }
  // The last line may lack its LF.
  return splitter_.rest().empty() ? Result<void>() : take_line(splitter_.rest());
}

Result<void> ProducerStream::take_line(std::string_view line) {
  ++line_number_;
  if (line.ends_with('\r')) line.remove_suffix(1);
  if (line.empty()) return {};
  if (!outbox_->await_room()) return Error{Code::closed, "the client takes no answers", ""};
  const auto obeyed = obey_line(line);
  if (obeyed || !is_refusal(obeyed.error().code)) return obeyed;
  std::string refused = "{\"line\":" + std::to_string(line_number_) + ",\"error\":";
  append_error(obeyed.error(), refused);
  outbox_->put(line_of("refused", refused.append("}")));
  return {};
}

Result<void> ProducerStream::obey_line(std::string_view line) {
  SHOAL_TRY(auto parsed, JsonReader::parse(line));
  if (!parsed.has("flush")) return send_record(parsed);
  const std::uint64_t number = parsed.size("flush");
  const bool here = parsed.boolean_or("here", false);
  SHOAL_CHECK(parsed.finish());
  SHOAL_CHECK(here ? producer_->flush_here(Wait{kLong, call_.stop}) : flush());
  outbox_->put(line_of("flushed", std::to_string(number)));
  return {};
}

Result<void> ProducerStream::send_record(const JsonReader& line) {
  SHOAL_TRY(const auto record, read_producer_record(line));
  SHOAL_CHECK(producer_->send(record, Wait{kLong, call_.stop}));
  ++records_;
  return {};
}

Result<void> ProducerStream::flush() {
  // Even of a client that is gone all is kept; but no mirror is waited for then.
  auto flushed = producer_->flush(Wait{kLong, call_.stop});
  if (flushed || !call_.stop.stop_requested()) return flushed;
  return producer_->flush_here(Wait{kLastFlush, {}});
}

void ProducerStream::write_lines() {
  for (;;) {
    const std::string lines = outbox_->take(call_.idle);
    if (!lines.empty()) {
      if (!call_.answer.write(lines).ok()) outbox_->abandon();
    } else if (outbox_->finished()) {
      return;
    } else if (!call_.answer.line("idle", "{}").ok()) {
      outbox_->abandon();
    }
  }
}

}  // namespace shoal::doors
