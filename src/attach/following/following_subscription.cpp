#include "attach/following/following_subscription.h"

#include "base/clock.h"
#include "base/try.h"
#include "node/api/deadline.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>

#include <algorithm>

namespace shoal::attach {
namespace {

constexpr std::chrono::seconds kResumeTimeout{10};

void watch_descriptor(int watched, int operation, int descriptor) {
  epoll_event event{};
  event.events = EPOLLIN;
  event.data.fd = descriptor;
  std::ignore = ::epoll_ctl(watched, operation, descriptor, &event);
}

/// What is left of a poll's time.
PollOptions until(const PollOptions& options, std::chrono::steady_clock::time_point deadline) {
  PollOptions rest = options;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
  rest.wait.timeout = node::limited(left);
  return rest;
}

}  // namespace

Result<std::shared_ptr<FollowingSubscription>> FollowingSubscription::open(std::shared_ptr<CurrentAccess> current,
                                                                           node::FeedReference feed,
                                                                           SubscribeOptions options) {
  std::shared_ptr<FollowingSubscription> made(
      new FollowingSubscription(std::move(current), std::move(feed), std::move(options)));
  SHOAL_CHECK(made->resume({kResumeTimeout}));
  return made;
}

Result<void> FollowingSubscription::resume(const Wait& wait) {
  SubscribeOptions options = options_;
  // Before the first record the original start is the better position, unless it moves as the feed grows.
  const bool moves = options.start.kind == Start::Kind::end || options.start.kind == Start::Kind::last;
  if (!cursor_.empty() && (given_ || moves)) options.start = Start::resume(cursor_);
  for (;;) {
    SHOAL_CHECK(check_known());
    auto made = access_->api().reading().subscribe(feed_, options);
    if (made.ok()) {
      inner_ = std::move(*made);
      return watched_ ? watch() : Result<void>();
    }
    if (!current_->lost(access_, made.error())) return std::move(made).error();
    SHOAL_TRY(access_, current_->replace(access_, wait));
  }
}

Result<void> FollowingSubscription::check_known() const {
  if (report_.tree_size == 0 || access_ != report_access_) return {};
  const auto info = access_->api().reading().info(feed_, Wait{});
  // If the node itself is gone, the next request to it fails and says so.
  if (!info.ok() || info->tree_size > 0) return {};
  return Error{Code::closed, "feed " + feed_.feed.hex() + " was removed", ""};
}

void FollowingSubscription::note_head() {
  report_ = inner_->head_report();
  report_access_ = access_;
}

void FollowingSubscription::leave() {
  note_head();
  inner_.reset();
  resumed_ = true;
  if (!watched_) return;
  // The descriptor becomes readable, its reader polls, and the poll resumes.
  if (watched_inner_ >= 0) watch_descriptor(watched_.get(), EPOLL_CTL_DEL, watched_inner_);
  watched_inner_ = -1;
  watch_descriptor(watched_.get(), EPOLL_CTL_ADD, always_ready_.get());
}

Result<bool> FollowingSubscription::enter(const Wait& wait) {
  if (inner_) return true;
  const auto resumed = resume(wait);
  if (resumed.ok()) return true;
  const Code code = resumed.error().code;
  if (code != Code::timed_out && code != Code::cancelled) return resumed.error();
  return false;
}

Result<Poll> FollowingSubscription::poll(const PollOptions& options) {
  const auto deadline = node::deadline_of(options.wait);
  for (;;) {
    const PollOptions rest = until(options, deadline);
    SHOAL_TRY(const bool entered, enter(rest.wait));
    if (!entered) return Poll(Poll::Status::timeout, {}, cursor_);
    auto polled = inner_->poll(rest);
    if (!polled.ok()) {
      if (!current_->lost(access_, polled.error())) return polled;
      leave();
      continue;
    }
    Poll noted = note(std::move(*polled));
    if (noted.status() != Poll::Status::records || !noted.records().empty()) return noted;
  }
}

Result<node::BatchPoll> FollowingSubscription::poll_batches(const PollOptions& options) {
  const auto deadline = node::deadline_of(options.wait);
  for (;;) {
    const PollOptions rest = until(options, deadline);
    SHOAL_TRY(const bool entered, enter(rest.wait));
    if (!entered) return node::BatchPoll{Poll::Status::timeout, {}, cursor_};
    auto polled = inner_->poll_batches(rest);
    if (polled.ok()) return note(std::move(*polled));
    if (!current_->lost(access_, polled.error())) return polled;
    leave();
  }
}

node::BatchPoll FollowingSubscription::note(node::BatchPoll poll) {
  if (!poll.cursor.empty()) cursor_ = poll.cursor;
  if (poll.status != Poll::Status::records) return poll;
  given_ = true;
  if (!resumed_ || options_.start.kind != Start::Kind::time) return poll;
  for (node::SelectedBatch& batch : poll.batches) batch.from = UnixMs(options_.start.number);
  return poll;
}

Poll FollowingSubscription::note(Poll poll) {
  if (!poll.cursor().empty()) cursor_ = poll.cursor();
  if (poll.status() != Poll::Status::records) return poll;
  given_ = true;
  polled_ = inner_;
  if (!resumed_ || options_.start.kind != Start::Kind::time) return poll;
  std::vector<RecordView> views;
  for (const RecordView& record : poll.records()) {
    if (record.time.value() >= options_.start.number) views.push_back(record);
  }
  auto owner = std::make_shared<Records>(poll.records());
  return Poll(Poll::Status::records, Records(std::move(views), std::move(owner)), poll.cursor());
}

Result<int> FollowingSubscription::descriptor() {
  if (!watched_) {
    watched_ = doors::FileDescriptor(::epoll_create1(EPOLL_CLOEXEC));
    always_ready_ = doors::FileDescriptor(::eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK));
    if (!watched_ || !always_ready_) {
      watched_.reset();
      return Error{Code::io, "the process has no descriptor left", "close some, or raise its limit (ulimit -n)"};
    }
    if (inner_) {
      SHOAL_CHECK(watch());
    } else {
      watch_descriptor(watched_.get(), EPOLL_CTL_ADD, always_ready_.get());
    }
  }
  return watched_.get();
}

Result<void> FollowingSubscription::watch() {
  if (watched_inner_ >= 0) watch_descriptor(watched_.get(), EPOLL_CTL_DEL, watched_inner_);
  watch_descriptor(watched_.get(), EPOLL_CTL_DEL, always_ready_.get());
  SHOAL_TRY(watched_inner_, inner_->descriptor());
  watch_descriptor(watched_.get(), EPOLL_CTL_ADD, watched_inner_);
  return {};
}

Result<void> FollowingSubscription::set_topics(std::vector<std::string> topics) {
  options_.topics = topics;
  if (!inner_) return {};  // The next poll subscribes to them.
  note_head();
  SHOAL_CHECK(check_known());
  // The subscription has a new connection; the old descriptor was closed, and so left the epoll.
  const auto set = inner_->set_topics(std::move(topics));
  if (set.ok()) {
    watched_inner_ = -1;
    return watched_ ? watch() : Result<void>();
  }
  if (!current_->lost(access_, set.error())) return set;
  leave();
  return {};
}

std::string FollowingSubscription::cursor_after(const RecordView& record) const {
  return polled_ ? polled_->cursor_after(record) : cursor_;
}

Result<void> FollowingSubscription::commit(const std::string& token, const std::string& note) {
  if (options_.cursor.empty()) return Error{Code::invalid_argument, "this subscription has no cursor name", ""};
  return current_->ask([&](node::NodeApi& api) {
    return api.keeping().store_cursor(feed_, options_.cursor, {token, note});
  });
}

Result<std::optional<StoredCursor>> FollowingSubscription::stored() const {
  if (options_.cursor.empty()) return std::optional<StoredCursor>{};
  return current_->ask([&](node::NodeApi& api) { return api.keeping().stored_cursor(feed_, options_.cursor); });
}

std::optional<std::chrono::milliseconds> FollowingSubscription::head_age() const {
  if (inner_) return inner_->head_age();
  if (!report_.head_time) return std::nullopt;
  return std::chrono::milliseconds(base::SystemClock().wall_now() - *report_.head_time);
}

}  // namespace shoal::attach
