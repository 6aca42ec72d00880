#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/text/batch_frame.h"
#include "doors/text/options_text.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"

#include <algorithm>

/// A subscription as a stream. It polls again only after the client has taken what there was.
namespace shoal::doors {
namespace {

/// Bytes of records that wait for a slow client; as JSON they are a few times as many.
constexpr std::size_t kPollBytes = std::size_t{128} << 10;
constexpr std::size_t kPollRecords = 2048;
/// The same of batches, which are written as they are.
constexpr std::size_t kPollBatchBytes = std::size_t{512} << 10;
/// A change of the head without a record is reported within this time.
constexpr std::chrono::milliseconds kHeadLag{500};

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
    auto said = std::chrono::steady_clock::now();
    // The first poll does not wait: the client gets the known head at once.
    for (std::chrono::milliseconds wait{0};; wait = std::min(call_.idle, kHeadLag)) {
      std::string text;
      const auto polled = call_.takes_batches ? poll_batches(wait, text) : poll_records(wait, text);
      if (call_.stop.stop_requested()) return Error{Code::closed, "the node is closed", ""};
      append_head(text);
      if (!text.empty()) SHOAL_CHECK(call_.answer.write(text));
      SHOAL_CHECK(polled);
      if (polled->status == Poll::Status::end) {
        SHOAL_CHECK(call_.answer.line("end", cursor_object(polled->cursor)));
        return call_.answer.end_stream();
      }
      const auto now = std::chrono::steady_clock::now();
      if (text.empty() && now - said < call_.idle) continue;
      if (text.empty()) SHOAL_CHECK(call_.answer.line("idle", "{}"));
      said = now;
    }
  }

 private:
  struct Polled {
    Poll::Status status = Poll::Status::timeout;
    std::string cursor;
  };

  [[nodiscard]] Result<Polled> poll_records(std::chrono::milliseconds wait, std::string& text) {
    SHOAL_TRY(
        const auto poll,
        subscription_.poll({.max_bytes = kPollBytes, .max_records = kPollRecords, .wait = Wait{wait, call_.stop}}));
    append_position(poll.status(), poll.cursor(), text);
    for (const RecordView& record : poll.records()) {
      append_record_line(record, subscription_.cursor_after(record), text);
    }
    return Polled{poll.status(), poll.cursor()};
  }

  [[nodiscard]] Result<Polled> poll_batches(std::chrono::milliseconds wait, std::string& text) {
    SHOAL_TRY(const auto poll,
              subscription_.poll_batches({.max_bytes = kPollBatchBytes, .wait = Wait{wait, call_.stop}}));
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

  void append_head(std::string& text) {
    const HeadReport report = subscription_.head_report();
    if (same(report, told_)) return;
    told_ = report;
    call_.answer.append_line("head", to_json([&](base::JsonWriter& json) { write_head_report(report, json); }), text);
  }

  Call& call_;
  node::SubscriptionApi& subscription_;
  bool begun_ = false;
  HeadReport told_;  ///< the newest report that the client has; it begins with the default one, too
};

}  // namespace

Result<void> get_subscription(Call& call) {
  SHOAL_TRY(const auto options, read_subscribe_query(call.query));
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto subscription, call.reading.subscribe(feed, options));
  return SubscriptionStream(call, *subscription).run();
}

}  // namespace shoal::doors
