#include "attach/client/remote_subscription.h"

#include "base/clock.h"
#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/remote_paths.h"
#include "doors/text/report_json.h"

#include <algorithm>

namespace shoal::attach {
namespace {

std::size_t payload_bytes(const doors::RecordLine& line) {
  return (line.key ? line.key->size() : 0) + (line.value ? line.value->size() : 0);
}

}  // namespace

Result<std::shared_ptr<RemoteSubscription>> RemoteSubscription::open(std::shared_ptr<NodeClient> client,
                                                                     node::FeedReference feed,
                                                                     SubscribeOptions options) {
  std::shared_ptr<RemoteSubscription> made(
      new RemoteSubscription(std::move(client), std::move(feed), std::move(options)));
  SHOAL_CHECK(made->connect());
  return made;
}

RemoteSubscription::~RemoteSubscription() = default;

Result<void> RemoteSubscription::connect() {
  doors::QueryWriter query;
  doors::write_subscribe_query(options_, query);
  stream_.reset();
  SHOAL_TRY(auto connection,
            client_->stream({.target = doors::feed_path(feed_) + "/records" + query.text()}, answer_time()));
  stream_ = std::make_unique<LineStream>(std::move(connection));
  ended_ = false;
  return {};
}

Result<Poll> RemoteSubscription::poll(const PollOptions& options) {
  if (!stream_ || client_->closed()) return Error{Code::closed, "the node is closed", ""};
  const doors::Until until = doors::Until::wait(options.wait);
  const doors::Until at_once{doors::Until::Clock::time_point{}, {}};
  auto records = std::make_shared<Lines>();
  std::size_t bytes = 0;
  while (!ended_ && records->size() < options.max_records && bytes < options.max_bytes) {
    auto line = stream_->next(records->empty() ? until : at_once);
    if (!line.ok()) {
      const Code code = line.error().code;
      if (!records->empty()) break;  // An error that stays is told by the next poll.
      if (code == Code::timed_out || code == Code::cancelled) break;
      if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
      ended_by_ = line.error();
      return line.error();
    }
    const std::size_t before = records->size();
    SHOAL_TRY(ended_, take(std::move(*line), *records));
    if (records->size() > before) bytes += payload_bytes(records->back());
  }
  if (records->empty()) return Poll(ended_ ? Poll::Status::end : Poll::Status::timeout, {}, last_cursor_);
  last_cursor_ = records->back().cursor;
  last_ = records;
  looked_ = 0;
  std::vector<RecordView> views;
  views.reserve(records->size());
  for (const doors::RecordLine& line : *records) views.push_back(line.view());
  return Poll(Poll::Status::records, Records(std::move(views), std::move(records)), last_cursor_);
}

Result<bool> RemoteSubscription::take(StreamLine line, Lines& records) {
  if (line.kind == "record") {
    SHOAL_TRY(auto record, doors::read_record(line.object()));
    records.push_back(std::move(record));
  } else if (line.kind == "head") {
    SHOAL_TRY(report_, doors::read_head_report(line.object()));
  } else if (line.kind == "at" || line.kind == "end") {
    doors::JsonReader position = line.object();
    std::string cursor = position.optional_text("cursor").value_or("");
    SHOAL_CHECK(position.finish());
    if (!cursor.empty()) last_cursor_ = std::move(cursor);
    return line.kind == "end";
  } else {
    return Error{Code::unsupported, "the node's stream says '" + line.kind + "', which this version does not know",
                 "use the same version of shoal for all processes of a directory"};
  }
  return false;
}

Result<int> RemoteSubscription::descriptor() {
  if (!stream_) return Error{Code::closed, "the node is closed", ""};
  return stream_->connection().descriptor();
}

Result<void> RemoteSubscription::set_topics(std::vector<std::string> topics) {
  // A feed that was removed is not asked for anew: it would begin again, empty.
  if (ended_by_ && ended_by_->code == Code::closed) return *ended_by_;
  options_.topics = std::move(topics);
  if (!last_cursor_.empty()) options_.start = Start::resume(last_cursor_);
  return connect();
}

std::string RemoteSubscription::cursor_after(const RecordView& record) const {
  const std::size_t count = last_ ? last_->size() : 0;
  for (std::size_t step = 0; step < count; ++step) {
    // Callers ask for one record after the other.
    const std::size_t at = (looked_ + step) % count;
    const doors::RecordLine& line = (*last_)[at];
    if (line.block != record.block || line.position.offset != record.offset) continue;
    looked_ = at;
    return line.cursor;
  }
  return last_cursor_;
}

Result<void> RemoteSubscription::commit(const std::string& token, const std::string& note) {
  if (options_.cursor.empty()) return Error{Code::invalid_argument, "this subscription has no cursor name", ""};
  std::string body;
  base::JsonWriter json(body);
  doors::write_stored_cursor({token, note}, json);
  const doors::HttpRequest request{"PUT", doors::cursor_path(feed_.feed, options_.cursor), "application/json",
                                   std::move(body)};
  SHOAL_CHECK(client_->ask(request, answer_time()));
  return {};
}

Result<std::optional<StoredCursor>> RemoteSubscription::stored() const {
  if (options_.cursor.empty()) return std::optional<StoredCursor>{};
  SHOAL_TRY(auto answer, client_->ask({.target = doors::cursor_path(feed_.feed, options_.cursor)}, answer_time()));
  if (answer.is_null("cursor")) return std::optional<StoredCursor>{};
  SHOAL_TRY(auto cursor, doors::read_stored_cursor(answer.object("cursor")));
  return std::optional(std::move(cursor));
}

std::optional<std::chrono::milliseconds> RemoteSubscription::head_age() const {
  if (!report_.head_time) return std::nullopt;
  return std::chrono::milliseconds(base::SystemClock().wall_now() - *report_.head_time);
}

}  // namespace shoal::attach
