#include "doors/socket/producer_stream.h"

#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/text/batch_json.h"
#include "doors/text/error_json.h"
#include "doors/text/line_splitter.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"
#include "record/record_batch.h"

#include <thread>

namespace shoal::doors {
namespace {

constexpr std::size_t kMaxLine = std::size_t{16} << 20;
/// The longest wait of a call that the client or the server may end.
constexpr std::chrono::milliseconds kLong = std::chrono::hours(24);
/// When the client is gone, what it sent is committed within this time.
constexpr std::chrono::milliseconds kLastFlush = std::chrono::seconds(30);

std::string line_of(std::string_view kind, std::string_view object) {
  std::string line = "{\"";
  return line.append(kind).append("\":").append(object).append("}\n");
}

/// What can be seen of a batch from outside.
Result<record::BatchInfo> inspect(ByteView batch) {
  auto info = record::inspect_batch(batch);
  // Here the client's mistake, not a peer's lie.
  if (!info) return Error{Code::invalid_argument, info.error().message, info.error().hint};
  return info;
}

bool is_refusal(Code code) { return code == Code::limit_exceeded || code == Code::invalid_argument; }

}  // namespace

ProducerStream::ProducerStream(Call& call, std::shared_ptr<node::ProducerApi> producer, bool tells_places)
    : call_(call),
      producer_(std::move(producer)),
      tells_places_(tells_places),
      outbox_(std::make_shared<ProducerOutbox>()) {}

Result<void> ProducerStream::run() {
  producer_->on_acked([outbox = outbox_](const AckRun& run) {
    outbox->put(line_of("acked", to_json([&](base::JsonWriter& json) { write_ack_run(run, json); })));
  });
  SHOAL_TRY(const auto open, open_line());
  SHOAL_CHECK(call_.request.accept_body());
  SHOAL_CHECK(call_.answer.begin_stream(Answer::Content::lines));
  outbox_->put(open);
  std::thread writer([this] { write_lines(); });
  auto done = call_.gives_batches ? read_frames() : read_lines();
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
  LineSplitter splitter(kMaxLine);
  const auto take = [this](std::string_view line) { return take_line(line); };
  for (;;) {
    SHOAL_TRY(const auto part, call_.request.read_body(true));
    if (part.empty()) break;
    SHOAL_CHECK(splitter.add(part, take));
  }
  // The last line may lack its LF.
  return splitter.rest().empty() ? Result<void>() : take_line(splitter.rest());
}

Result<void> ProducerStream::read_frames() {
  FrameSplitter splitter;
  for (;;) {
    SHOAL_TRY(const auto part, call_.request.read_body(true));
    if (part.empty()) break;
    splitter.add(part);
    for (;;) {
      SHOAL_TRY(const auto frame, splitter.next());
      if (!frame) break;
      SHOAL_CHECK(take_frame(*frame));
    }
  }
  if (!splitter.empty()) return Error{Code::invalid_argument, "the last frame is cut off", ""};
  return {};
}

Result<void> ProducerStream::take_line(std::string_view line) {
  if (line.ends_with('\r')) line.remove_suffix(1);
  return take([&] { return line.empty() ? Result<void>() : obey_line(line); });
}

Result<void> ProducerStream::take_frame(const Frame& frame) {
  return take([&]() -> Result<void> {
    if (frame.kind == FrameKind::line) return obey_line(frame.body);
    if (frame.kind != FrameKind::send) return Error{Code::invalid_argument, "a producer sends no such frame", ""};
    return send_batch(frame.body);
  });
}

template <typename Obey>
Result<void> ProducerStream::take(const Obey& obey) {
  ++number_;
  if (!outbox_->await_room()) return Error{Code::closed, "the client takes no answers", ""};
  const Result<void> obeyed = obey();
  if (obeyed || !is_refusal(obeyed.error().code)) return obeyed;
  std::string refused = "{\"line\":" + std::to_string(number_) + ",\"error\":";
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
  SHOAL_TRY(const auto position, producer_->send(record, Wait{kLong, call_.stop}));
  note_taken(position, 1);
  return {};
}

Result<void> ProducerStream::send_batch(std::string_view frame) {
  SHOAL_TRY(auto sent, read_send_frame(frame));
  SHOAL_TRY(const record::BatchInfo info, inspect(sent.bytes));
  SHOAL_TRY(const auto position, producer_->send_batch(sent.stream, std::move(sent.bytes), Wait{kLong, call_.stop}));
  note_taken(position, info.record_count);
  return {};
}

void ProducerStream::note_taken(const Position& first, std::uint32_t count) {
  records_ += count;
  if (!tells_places_) return;
  const PlacedRun run{first, first.offset + (static_cast<std::int64_t>(count) - 1)};
  outbox_->put(line_of("placed", to_json([&](base::JsonWriter& json) { write_placed_run(run, json); })));
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
