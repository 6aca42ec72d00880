#include "base/try.h"
#include "doors/socket/handler_support.h"
#include "doors/socket/routes.h"
#include "doors/text/options_text.h"
#include "doors/text/record_line.h"
#include "doors/text/report_json.h"

#include <algorithm>

/// A subscription as a stream of lines. It polls again only after the client has taken what there was.
namespace shoal::doors {
namespace {

/// Bytes of records that wait for a slow client; as JSON they are a few times as many.
constexpr std::size_t kPollBytes = std::size_t{128} << 10;
constexpr std::size_t kPollRecords = 2048;
/// A change of the head without a record is reported within this time.
constexpr std::chrono::milliseconds kHeadLag{500};

bool same(const HeadReport& a, const HeadReport& b) {
  return a.answered == b.answered && a.head_time == b.head_time && a.tree_size == b.tree_size &&
         a.complete == b.complete;
}

void append_line(std::string_view kind, std::string_view object, std::string& out) {
  out.append("{\"").append(kind).append("\":").append(object).append("}\n");
}

std::string cursor_object(const std::string& cursor) {
  return to_json([&](base::JsonWriter& json) { json.begin_object().member("cursor", cursor).end_object(); });
}

/// Writes what one subscription gives to one client.
class SubscriptionStream {
 public:
  SubscriptionStream(Call& call, node::SubscriptionApi& subscription) : call_(call), subscription_(subscription) {}

  [[nodiscard]] Result<void> run() {
    SHOAL_CHECK(call_.answer.begin_stream(Answer::Content::lines));
    auto said = std::chrono::steady_clock::now();
    // The first poll does not wait: the client gets the known head at once.
    for (std::chrono::milliseconds wait{0};; wait = std::min(call_.idle, kHeadLag)) {
      const auto poll =
          subscription_.poll({.max_bytes = kPollBytes, .max_records = kPollRecords, .wait = Wait{wait, call_.stop}});
      if (call_.stop.stop_requested()) return Error{Code::closed, "the node is closed", ""};
      std::string lines;
      if (poll) append_position(*poll, lines);
      if (poll) append_records(*poll, lines);
      append_head(lines);
      if (!lines.empty()) SHOAL_CHECK(call_.answer.write(lines));
      SHOAL_CHECK(poll);
      if (poll->status() == Poll::Status::end) {
        SHOAL_CHECK(call_.answer.line("end", cursor_object(poll->cursor())));
        return call_.answer.end_stream();
      }
      const auto now = std::chrono::steady_clock::now();
      if (lines.empty() && now - said < call_.idle) continue;
      if (lines.empty()) SHOAL_CHECK(call_.answer.line("idle", "{}"));
      said = now;
    }
  }

 private:
  /// The position before the first record: a client that reconnects continues from here.
  void append_position(const Poll& poll, std::string& lines) {
    if (begun_ || poll.cursor().empty()) return;
    begun_ = true;
    if (poll.status() == Poll::Status::timeout) append_line("at", cursor_object(poll.cursor()), lines);
  }

  void append_records(const Poll& poll, std::string& lines) const {
    const auto& records = poll.records().views();
    for (const RecordView& record : records) {
      append_record_line(record, subscription_.cursor_after(record), lines);
    }
  }

  void append_head(std::string& lines) {
    const HeadReport report = subscription_.head_report();
    if (same(report, told_)) return;
    told_ = report;
    append_line("head", to_json([&](base::JsonWriter& json) { write_head_report(report, json); }), lines);
  }

  Call& call_;
  node::SubscriptionApi& subscription_;
  bool begun_ = false;
  HeadReport told_;  ///< the newest report that the client has; like the client it begins with the default one
};

}  // namespace

Result<void> get_subscription(Call& call) {
  SHOAL_TRY(const auto options, read_subscribe_query(call.query));
  SHOAL_TRY(const auto feed, feed_of(call));
  SHOAL_TRY(const auto subscription, call.reading.subscribe(feed, options));
  return SubscriptionStream(call, *subscription).run();
}

}  // namespace shoal::doors
