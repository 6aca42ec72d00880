#include "attach/client/remote_subscription.h"

#include "base/clock.h"
#include "base/json_text.h"
#include "base/try.h"
#include "doors/text/batch_frame.h"
#include "doors/text/options_text.h"
#include "doors/text/query.h"
#include "doors/text/remote_paths.h"
#include "doors/text/report_json.h"
#include "topic/cursor.h"

#include <utility>
#include <variant>

namespace shoal::attach {
namespace {

const doors::Until kAtOnce{doors::Until::Clock::time_point{}, {}};

bool is_wait_over(const Error& error) { return error.code == Code::timed_out || error.code == Code::cancelled; }

/// Opened where it is read. The node's own disk is not blamed for what its answer holds.
Result<topic::Slice> open_batch(node::SelectedBatch from) {
  topic::SelectedBatch selected;
  selected.block = from.batch.block;
  selected.stream = std::move(from.batch.stream);
  selected.append_time = from.batch.append_time;
  selected.batch = std::move(from.batch.bytes);
  selected.first = from.first;
  selected.from = from.from;
  selected.before = from.before;
  selected.ordered = from.ordered;
  SHOAL_TRY(selected.cursor, topic::decode_cursor(from.cursor));
  return topic::Slice::open(std::move(selected));
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
  const doors::HttpRequest request{.target = doors::feed_path(feed_) + "/records" + query.text(),
                                   .accept = std::string(doors::kBatchesType)};
  SHOAL_TRY(auto connection, client_->stream(request, answer_time()));
  auto stream = std::make_unique<FrameStream>(std::move(connection));
  SHOAL_CHECK(stream->check_type());
  stream_ = std::move(stream);
  slices_.drop_rest();
  ended_ = false;
  return {};
}

Result<Poll> RemoteSubscription::poll(const PollOptions& options) {
  if (!stream_ || client_->closed()) return Error{Code::closed, "the node is closed", ""};
  const doors::Until until = doors::Until::wait(options.wait);
  slices_.begin(options);
  for (bool more = true; more;) {
    const auto gathered = slices_.gather([&] { return next_slice(slices_.empty() ? until : kAtOnce); });
    more = gathered && *gathered;
    // After records, the next poll reports an error that stays.
    if (gathered || !slices_.empty() || is_wait_over(gathered.error())) continue;
    if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
    return gathered.error();
  }
  if (!slices_.empty()) return slices_.finish();
  return Poll(ended_ ? Poll::Status::end : Poll::Status::timeout, {}, slices_.cursor());
}

Result<node::BatchPoll> RemoteSubscription::poll_batches(const PollOptions& options) {
  if (!stream_ || client_->closed()) return Error{Code::closed, "the node is closed", ""};
  if (slices_.rest() != nullptr) {
    return Error{Code::invalid_argument, "the records of a batch are not read to their end", "poll once more before"};
  }
  const doors::Until until = doors::Until::wait(options.wait);
  node::BatchPoll polled;
  std::size_t bytes = 0;
  while (polled.batches.empty() || bytes < options.max_bytes) {
    auto batch = next_batch(polled.batches.empty() ? until : kAtOnce);
    if (!batch && polled.batches.empty() && !is_wait_over(batch.error())) {
      if (client_->closed()) return Error{Code::closed, "the node is closed", ""};
      return batch.error();
    }
    if (!batch || !*batch) break;
    bytes += (*batch)->batch.bytes.size();
    slices_.set_cursor((*batch)->cursor);
    polled.batches.push_back(std::move(**batch));
  }
  polled.status = ended_ ? Poll::Status::end : Poll::Status::timeout;
  if (!polled.batches.empty()) polled.status = Poll::Status::records;
  polled.cursor = slices_.cursor();
  return polled;
}

Error RemoteSubscription::fail(const Error& error) {
  if (!is_wait_over(error)) ended_by_ = error;
  return error;
}

Result<std::optional<node::SelectedBatch>> RemoteSubscription::next_batch(const doors::Until& until) {
  if (ended_by_) return *ended_by_;
  while (!ended_) {
    auto item = stream_->next(until);
    if (!item) return fail(item.error());
    if (auto* const batch = std::get_if<node::SelectedBatch>(&*item)) return std::optional(std::move(*batch));
    if (const auto taken = take(std::get<StreamLine>(std::move(*item))); !taken) return fail(taken.error());
  }
  return std::optional<node::SelectedBatch>{};
}

Result<std::optional<topic::Slice>> RemoteSubscription::next_slice(const doors::Until& until) {
  for (;;) {
    SHOAL_TRY(auto batch, next_batch(until));
    if (!batch) return std::optional<topic::Slice>{};
    auto slice = open_batch(std::move(*batch));
    if (!slice) return fail({Code::unsupported, "the node sent a batch that is none: " + slice.error().message, ""});
    if (!slice->records.empty()) return std::optional(std::move(*slice));
  }
}

Result<void> RemoteSubscription::take(StreamLine line) {
  if (line.kind == "head") {
    SHOAL_TRY(report_, doors::read_head_report(line.object()));
    return {};
  }
  if (line.kind != "at" && line.kind != "end") {
    return Error{Code::unsupported, "the node's stream says '" + line.kind + "', which this version does not know",
                 "use the same version of shoal for all processes of a directory"};
  }
  doors::JsonReader position = line.object();
  std::string cursor = position.optional_text("cursor").value_or("");
  SHOAL_CHECK(position.finish());
  if (!cursor.empty()) slices_.set_cursor(std::move(cursor));
  ended_ = line.kind == "end";
  return {};
}

Result<int> RemoteSubscription::descriptor() {
  if (!stream_) return Error{Code::closed, "the node is closed", ""};
  return stream_->connection().descriptor();
}

Result<void> RemoteSubscription::set_topics(std::vector<std::string> topics) {
  // A feed that was removed is not asked for anew: it would begin again, empty.
  if (ended_by_ && ended_by_->code == Code::closed) return *ended_by_;
  ended_by_.reset();
  options_.topics = std::move(topics);
  if (!slices_.cursor().empty()) options_.start = Start::resume(slices_.cursor());
  return connect();
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
