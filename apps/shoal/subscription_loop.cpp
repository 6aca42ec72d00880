#include "subscription_loop.h"

#include "base/try.h"
#include "text/time_text.h"

#include <algorithm>

namespace shoal::command {
namespace {

/// While no record comes, limits and the reader of the output are checked this often.
constexpr std::chrono::milliseconds kSlice{500};

}  // namespace

PollOptions SubscriptionLoop::next_poll(const std::stop_token& stop) const {
  PollOptions options;
  options.wait = {kSlice, stop};
  if (limits_.record_timeout.count() > 0) options.wait.timeout = std::min(kSlice, limits_.record_timeout);
  if (limits_.count > 0) {
    options.max_records =
        static_cast<std::size_t>(std::min<std::uint64_t>(options.max_records, limits_.count - delivered_));
  }
  return options;
}

Result<SubscriptionLoop::End> SubscriptionLoop::run(const std::stop_token& stop) {
  while (true) {
    SHOAL_TRY(const Poll poll, subscription_.poll(next_poll(stop)));
    if (poll.status() == Poll::Status::records) SHOAL_CHECK(deliver(poll));
    if (limits_.count > 0 && delivered_ >= limits_.count) return End::count;
    if (poll.status() == Poll::Status::end) return End::head;
    SHOAL_CHECK(check_limits(poll.status() == Poll::Status::records));
    if (stop.stop_requested()) return Error{Code::cancelled, "interrupted", ""};
  }
}

Result<void> SubscriptionLoop::deliver(const Poll& poll) {
  const bool with_cursor = sink_.wants_cursor();
  for (const RecordView& record : poll.records()) {
    SHOAL_CHECK(sink_.append(record, with_cursor ? subscription_.cursor_after(record) : std::string()));
  }
  delivered_ += poll.records().size();
  if (file_ == nullptr) SHOAL_CHECK(sink_.settle());
  return moves_cursor_ ? commit(poll.cursor()) : Result<void>();
}

Result<void> SubscriptionLoop::commit(const std::string& token) {
  std::string note;
  if (file_ != nullptr) {
    SHOAL_TRY(note, file_->settle());
  }
  SHOAL_CHECK(subscription_.commit(token, note));
  return file_ != nullptr ? file_->committed() : Result<void>();
}

Result<void> SubscriptionLoop::check_limits(bool got_records) {
  const auto now = Clock::now();
  const std::optional<UnixMs> head = subscription_.head_report().head_time;
  if (got_records) last_record_ = now;
  if (got_records || head != last_head_) last_sign_ = now;
  last_head_ = head;
  if (messages_ != nullptr) {
    if (const auto news = freshness_.look(now, wall_time(), head)) messages_->notice(*news);
  }
  if (watched_ != nullptr && !got_records && !watched_->look_for_reader()) {
    return Error{Code::closed, "nobody reads the output any more", ""};
  }
  if (limits_.record_timeout.count() > 0 && now - last_record_ >= limits_.record_timeout) {
    return Error{Code::timed_out, "no record came in time", "allow more with --timeout"};
  }
  if (limits_.stall_timeout.count() > 0 && now - last_sign_ >= limits_.stall_timeout) {
    const std::string age = head ? "; the newest head was signed " + format_head_age(wall_time() - *head) : "";
    return Error{Code::timed_out, "neither a record nor a heartbeat came in time" + age,
                 "allow more with --stall-exit; shoal peers shows who is connected"};
  }
  return {};
}

}  // namespace shoal::command
