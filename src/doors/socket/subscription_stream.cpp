#include "base/try.h"
#include "doors/http/http_connection.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/socket/stream_places.h"
#include "doors/text/batch_frame.h"
#include "doors/text/options_text.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"

#include <poll.h>

#include <algorithm>
#include <chrono>
#include <optional>
#include <string>
#include <tuple>

/// A subscription as a stream. It polls again only after the client has taken what there was.
namespace shoal::doors {
namespace {

/// Bytes of records that wait for a slow client; as JSON they are a few times as many.
constexpr std::size_t kPollBytes = std::size_t{128} << 10;
constexpr std::size_t kPollRecords = 2048;
/// The same of batches, which are written as they are.
constexpr std::size_t kPollBatchBytes = std::size_t{512} << 10;
/// Heads without a record are reported this far apart: a client of a quiet topic does not get one for each record of a
/// busy one.
constexpr std::chrono::milliseconds kHeadInterval{500};

using Clock = std::chrono::steady_clock;

bool same(const HeadReport& a, const HeadReport& b) {
  return a.answered == b.answered && a.head_time == b.head_time && a.tree_size == b.tree_size &&
         a.complete == b.complete;
}

std::string cursor_object(const std::string& cursor) {
  return to_json([&](base::JsonWriter& json) { json.begin_object().member("cursor", cursor).end_object(); });
}

/// Writes what one subscription gives to one client: records as lines, or the batches that hold them.
class SubscriptionStream {
 public:
  SubscriptionStream(Call& call, node::SubscriptionApi& subscription) : call_(call), subscription_(subscription) {}

  [[nodiscard]] Result<void> run() {
    SHOAL_CHECK(call_.answer.begin_stream(call_.takes_batches ? Answer::Content::batches : Answer::Content::lines));
    // Readable after each change of the feed: the stream waits for that, and polls without a wait.
    SHOAL_TRY(const int changed, subscription_.descriptor());
    auto said = Clock::now();
    for (;;) {
      std::string text;
      const auto polled = call_.takes_batches ? poll_batches(text) : poll_records(text);
      if (call_.stop.stop_requested()) return Error{Code::closed, "the node is closed", ""};
      const auto now = Clock::now();
      const auto head_due = append_head(now, text);
      if (!text.empty()) SHOAL_CHECK(call_.answer.write(text));
      SHOAL_CHECK(polled);
      if (polled->status == Poll::Status::end) {
        SHOAL_CHECK(call_.answer.line("end", cursor_object(polled->cursor)));
        return call_.answer.end_stream();
      }
      if (text.empty() && now - said >= call_.idle) {
        SHOAL_CHECK(call_.answer.line("idle", "{}"));
        said = now;
      }
      if (!text.empty()) said = now;
      const auto idle_due = said + call_.idle;
      std::ignore = wait_ready(changed, POLLIN, {head_due ? std::min(*head_due, idle_due) : idle_due, call_.stop});
    }
  }

 private:
  struct Polled {
    Poll::Status status = Poll::Status::timeout;
    std::string cursor;
  };

  [[nodiscard]] Result<Polled> poll_records(std::string& text) {
    SHOAL_TRY(const auto poll,
              subscription_.poll({.max_bytes = kPollBytes, .max_records = kPollRecords, .wait = Wait{{}, call_.stop}}));
    append_position(poll.status(), poll.cursor(), text);
    for (const RecordView& record : poll.records()) {
      append_record_line(record, subscription_.cursor_after(record), text);
    }
    return Polled{poll.status(), poll.cursor()};
  }

  [[nodiscard]] Result<Polled> poll_batches(std::string& text) {
    SHOAL_TRY(const auto poll,
              subscription_.poll_batches({.max_bytes = kPollBatchBytes, .wait = Wait{{}, call_.stop}}));
    append_position(poll.status, poll.cursor, text);
    for (const node::SelectedBatch& batch : poll.batches) append_batch_frame(batch, text);
    return Polled{poll.status, poll.cursor};
  }

  /// The position before the first record: a client that reconnects continues from here.
  void append_position(Poll::Status status, const std::string& cursor, std::string& text) {
    if (begun_ || cursor.empty()) return;
    begun_ = true;
    if (status == Poll::Status::timeout) call_.answer.append_line("at", cursor_object(cursor), text);
  }

  /// With records always, else when kHeadInterval is over; gives the time when that is, for a head that waits.
  std::optional<Clock::time_point> append_head(Clock::time_point now, std::string& text) {
    const HeadReport report = subscription_.head_report();
    if (same(report, reported_)) return std::nullopt;
    if (text.empty() && now < next_head_) return next_head_;
    reported_ = report;
    next_head_ = now + kHeadInterval;
    call_.answer.append_line("head", to_json([&](base::JsonWriter& json) { write_head_report(report, json); }), text);
    return std::nullopt;
  }

  Call& call_;
  node::SubscriptionApi& subscription_;
  bool begun_ = false;
  HeadReport reported_;            ///< the newest report that the client has; it begins with the default one, too
  Clock::time_point next_head_{};  ///< earliest time of the next head without a record
};

}  // namespace

Result<void> get_subscription(Call& call) {
  SHOAL_TRY(const auto options, read_subscribe_query(call.query));
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto place, call.places.take());
  SHOAL_TRY(const auto subscription, call.reading.subscribe(feed, options));
  return SubscriptionStream(call, *subscription).run();
}

}  // namespace shoal::doors
