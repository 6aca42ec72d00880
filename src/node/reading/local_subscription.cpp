#include "node/reading/local_subscription.h"

#include "base/try.h"
#include "node/api/deadline.h"

#include <algorithm>
#include <utility>

/// A poll looks at the rows, and when there is nothing it waits until the feed changes and looks again (wait_for). So a
/// subscription has no thread and no queue of its own, and a slow caller costs no memory.
///
/// Where it begins and ends depends on the newest head, which a reader that just started does not know. It asks all
/// peers (HeadQuestion), and `until_head`, Start::end and Start::last wait for the answer. Without the question, the
/// head that was stored before would be taken for the end, and records that exist by now would be left out.
///
/// The reader never passes over what is missing. A payload that was dropped here is requested again (fetch_again), a
/// forked feed is delivered up to the part that both histories share, and what nobody brings ends the walk after
/// SubscribeOptions::find_timeout (StallDetector). Without these three a poll would wait for ever.
namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

/// After the last connected peer answered, peers that are still being dialled get this much longer.
constexpr std::chrono::milliseconds kHeadGrace{2000};

topic::Selection selection_of(const SubscribeOptions& options) {
  topic::Selection selection;
  selection.filter.topics = options.topics;
  selection.filter.partition = options.partition;
  if (options.start.kind == Start::Kind::time) selection.from = UnixMs(options.start.number);
  selection.before = options.before;
  selection.ordered = options.ordered;
  return selection;
}

Poll::Status status_of(const Poll& poll) { return poll.status(); }
Poll::Status status_of(const BatchPoll& poll) { return poll.status; }

SelectedBatch to_selected(topic::SelectedBatch from) {
  SelectedBatch selected;
  selected.batch = {from.block, std::move(from.stream), from.append_time, std::move(from.batch)};
  selected.first = from.first;
  selected.from = from.from;
  selected.before = from.before;
  selected.cursor = topic::encode_cursor(from.cursor);
  selected.ordered = from.ordered;
  return selected;
}

}  // namespace

LocalSubscription::LocalSubscription(const std::shared_ptr<FeedHost>& host, CursorStore cursors,
                                     SubscribeOptions options)
    : host_(host),
      id_(host->id()),
      cursors_(cursors),
      options_(std::move(options)),
      reader_(host->reader(), selection_of(options_)),
      stall_(limited(options_.find_timeout)) {
  options_.find_timeout = limited(options_.find_timeout);
}

Result<std::shared_ptr<LocalSubscription>> LocalSubscription::open(const std::shared_ptr<FeedHost>& host,
                                                                   CursorStore cursors, SubscribeOptions options) {
  std::shared_ptr<LocalSubscription> made(new LocalSubscription(host, cursors, std::move(options)));
  const SubscribeOptions& wanted = made->options_;
  if (wanted.start.kind == Start::Kind::token) SHOAL_CHECK(topic::decode_cursor(wanted.start.token));
  made->reading_ = host->cache().begin(wanted.cache_bytes);
  if (!host->own() && host->online()) {
    made->want_ = host->want(made->want());
    made->question_ = HeadQuestion::ask(*host, kHeadGrace, wanted.find_timeout);
  } else {
    auto answered = std::make_shared<HeadQuestion>();
    answered->answered = true;
    answered->done = true;
    made->question_ = std::move(answered);
  }
  return made;
}

FeedWants::Want LocalSubscription::want() const {
  FeedWants::Want want;
  want.filter = {options_.topics, options_.partition};
  want.everything = !options_.sparse || options_.topics.empty();
  return want;
}

Result<topic::StartPosition> LocalSubscription::start_position(const FeedHost& host) const {
  topic::StartPosition start;
  switch (options_.start.kind) {
    case Start::Kind::beginning:
    case Start::Kind::time: break;
    case Start::Kind::end: start.kind = topic::StartPosition::Kind::end; break;
    case Start::Kind::token: {
      SHOAL_TRY(start.cursor, topic::decode_cursor(options_.start.token));
      break;
    }
    case Start::Kind::stored: {
      if (options_.cursor.empty()) break;
      SHOAL_TRY(const auto cursor, cursors_.get(host.id(), options_.cursor));
      if (cursor) {
        SHOAL_TRY(start.cursor, topic::decode_cursor(cursor->token));
      }
      break;
    }
    case Start::Kind::offset:
      start.kind = topic::StartPosition::Kind::offset;
      start.number = options_.start.number;
      break;
    case Start::Kind::last:
      start.kind = topic::StartPosition::Kind::last;
      start.number = options_.start.number;
      break;
  }
  return start;
}

Result<bool> LocalSubscription::try_start(const FeedHost& host) {
  note_head_question(host);
  const bool needs_head = options_.start.kind == Start::Kind::end || options_.start.kind == Start::Kind::last;
  if (needs_head && !question_->done) return false;
  if (options_.start.kind == Start::Kind::last) {
    // The ends to count from are known with all headers, or with all signed topic entries.
    const auto head = host.reader().head();
    const bool known = !head || host.reader().header_prefix() >= head->tree_size ||
                       host.reader().known_entries().size() >= head->topic_count;
    if (!known && report_.answered) return false;
  }
  SHOAL_TRY(const auto start, start_position(host));
  SHOAL_CHECK(reader_.start(start));
  slices_.set_cursor(topic::encode_cursor(reader_.cursor()));
  return true;
}

void LocalSubscription::note_head_question(const FeedHost& host) {
  if (end_size_ || !question_->done) return;
  const auto head = host.reader().head();
  report_.answered = question_->answered;
  // What was signed and is lost here is an end that cannot be reached.
  end_size_ = std::max(head ? head->tree_size : 0, host.own_terms().signed_size());
}

Result<Poll> LocalSubscription::poll(const PollOptions& options) {
  return wait_for([&](FeedHost& host) { return poll_now(host, options); }, options.wait);
}

Result<BatchPoll> LocalSubscription::poll_batches(const PollOptions& options) {
  if (slices_.rest() != nullptr) {
    return Error{Code::invalid_argument, "the records of a batch are not read to their end", "poll once more before"};
  }
  return wait_for([&](FeedHost& host) { return poll_batches_now(host, options); }, options.wait);
}

template <typename Look>
auto LocalSubscription::wait_for(const Look& look, const Wait& wait) -> decltype(look(std::declval<FeedHost&>())) {
  const auto deadline = deadline_of(wait);
  const auto host = host_.lock();
  if (!host) return closed_error();
  for (;;) {
    if (ready_) ready_->lower();
    const std::uint64_t version = host->news().version();
    auto polled = look(*host);
    const bool nothing = polled && status_of(*polled) == Poll::Status::timeout;
    if (ready_ && !nothing) ready_->raise();
    if (!nothing) return polled;
    if (!host->news().wait_change(version, deadline, wait.stop)) {
      if (const auto closed = host->news().closed()) return *closed;
      return polled;
    }
  }
}

Result<void> LocalSubscription::prepare(FeedHost& host) {
  if (const auto closed = host.news().closed()) return *closed;
  if (!started_) {
    SHOAL_TRY(started_, try_start(host));
  }
  // What former polls gave has been delivered.
  if (reading_ && started_)
    host.cache().advance(reading_, slices_.rest() != nullptr ? slices_.rest()->block : reader_.read_to());
  return {};
}

Result<Poll> LocalSubscription::poll_now(FeedHost& host, const PollOptions& options) {
  SHOAL_CHECK(prepare(host));
  slices_.begin(options);
  bool more = started_;
  while (more) {
    const auto gathered = slices_.gather([this] { return reader_.next(); });
    more = gathered && *gathered;
    if (!gathered && gathered.error().code == Code::corrupt) damage_ = gathered.error();  // said once
    if (gathered || !slices_.empty()) continue;  // other errors come again with the next poll
    Error problem = gathered.error();
    if (!comes_again(host, problem)) return problem;
  }
  if (!slices_.empty()) return slices_.finish();
  SHOAL_TRY(const auto status, nothing_more(host));
  return Poll(status, {}, slices_.cursor());
}

Result<BatchPoll> LocalSubscription::poll_batches_now(FeedHost& host, const PollOptions& options) {
  SHOAL_CHECK(prepare(host));
  BatchPoll polled;
  std::size_t bytes = 0;
  while (started_ && (polled.batches.empty() || bytes < options.max_bytes)) {
    auto batch = reader_.next_batch();
    if (!batch && polled.batches.empty()) {
      Error problem = batch.error();
      if (!comes_again(host, problem)) return problem;
    }
    if (!batch || !*batch) break;  // an error comes again with the next poll
    bytes += (*batch)->batch.size();
    polled.batches.push_back(to_selected(std::move(**batch)));
  }
  if (polled.batches.empty()) {
    SHOAL_TRY(polled.status, nothing_more(host));
  } else {
    polled.status = Poll::Status::records;
    slices_.set_cursor(polled.batches.back().cursor);
  }
  polled.cursor = slices_.cursor();
  return polled;
}

Result<Poll::Status> LocalSubscription::nothing_more(FeedHost& host) {
  if (const auto damage = std::exchange(damage_, std::nullopt); damage && !host.awaits_damaged()) return *damage;
  if (const auto fork = host.fork().error()) {
    if (delivered_before_fork(host)) return *fork;
    return Poll::Status::timeout;
  }
  SHOAL_TRY(const bool end, at_end(host));
  return end ? Poll::Status::end : Poll::Status::timeout;
}

Result<int> LocalSubscription::descriptor() {
  const auto host = host_.lock();
  if (!host) return closed_error();
  if (const auto closed = host->news().closed()) return *closed;
  if (!ready_) {
    SHOAL_TRY(ready_, ReadySignal::make());
    host->news().watch(ready_);
  }
  return ready_->descriptor();
}

Result<void> LocalSubscription::set_topics(std::vector<std::string> topics) {
  const auto host = host_.lock();
  if (!host) return closed_error();
  if (const auto closed = host->news().closed()) return *closed;
  options_.topics = std::move(topics);
  reader_.select({options_.topics, options_.partition});
  // The rest of a block that was begun goes when its topic does; the position is behind it already.
  const topic::TopicFilter filter{options_.topics, options_.partition};
  if (slices_.rest() != nullptr && !filter.selects(slices_.rest()->stream)) slices_.drop_rest();
  if (want_) {
    // The former want goes after the new one has come: what both want stays on its way.
    auto wanted = host->want(want());
    want_.swap(wanted);
  }
  if (ready_) ready_->raise();
  return {};
}

bool LocalSubscription::comes_again(FeedHost& host, Error& problem) {
  if (problem.code == Code::corrupt) return host.awaits_damaged();
  return problem.code == Code::pruned && fetch_again(host, problem);
}

bool LocalSubscription::fetch_again(FeedHost& host, Error& problem) {
  const auto& at = reader_.pruned_at();
  if (host.own() || !host.online() || !at) return false;
  if (refetch_ && refetch_->is_for(at->stream, at->offset)) {
    const auto answer = refetch_->answer();
    if (!answer) return true;
    if (!*answer) {
      problem = answer->error();
      return false;
    }
    // It came, and was dropped again before it was read: once more.
  }
  refetch_ = OffsetRequest::start(host, at->stream, at->offset, options_.find_timeout);
  return true;
}

Result<bool> LocalSubscription::at_end(FeedHost& host) {
  if (!options_.until_head) return false;
  note_head_question(host);
  if (!started_ || !end_size_) return false;
  const auto head = host.reader().head();
  if (head) report_.head_time = head->time;
  report_.tree_size = *end_size_;
  SHOAL_TRY(report_.complete, reader_.has_read_to(*end_size_));
  // Nobody there to bring the rest: what is held was delivered.
  return report_.complete || !report_.answered || !host.online() || has_stalled(host);
}

bool LocalSubscription::delivered_before_fork(FeedHost& host) {
  const auto head = host.reader().head();
  if (!started_ || !head || host.own() || !host.online() || host.reader().contradicted()) return true;
  const std::uint64_t end = std::min(head->tree_size, host.reader().fork_limit().value_or(head->tree_size));
  const auto read = reader_.has_read_to(end);
  return !read || *read || has_stalled(host);
}

bool LocalSubscription::has_stalled(FeedHost& host) {
  const auto now = SteadyClock::now();
  if (stall_.stalled(host.reader().header_prefix(), host.reader().held_payload_count(), now)) return true;
  // A waiting poll() is woken to ask again: no other event would wake it.
  if (const auto delay = stall_.next_check(now)) host.notify_after(*delay);
  return false;
}

Result<void> LocalSubscription::commit(const std::string& token, const std::string& note) {
  if (options_.cursor.empty()) return Error{Code::invalid_argument, "this subscription has no cursor name", ""};
  SHOAL_CHECK(topic::decode_cursor(token));
  const auto host = host_.lock();
  if (!host) return closed_error();
  return cursors_.put(id_, options_.cursor, {token, note});
}

Result<std::optional<StoredCursor>> LocalSubscription::stored() const {
  if (options_.cursor.empty()) return std::optional<StoredCursor>{};
  const auto host = host_.lock();
  if (!host) return closed_error();
  return cursors_.get(id_, options_.cursor);
}

HeadReport LocalSubscription::head_report() const {
  HeadReport report = report_;
  const auto host = host_.lock();
  const auto head = host ? host->reader().head() : std::nullopt;
  if (!head) return report;
  // Heartbeats show too, which bring no record.
  report.head_time = head->time;
  if (!options_.until_head) report.tree_size = head->tree_size;
  return report;
}

std::optional<std::chrono::milliseconds> LocalSubscription::head_age() const {
  const auto host = host_.lock();
  const auto head = host ? host->reader().head() : std::nullopt;
  if (!head) return std::nullopt;
  return std::chrono::milliseconds(base::SystemClock().wall_now() - head->time);
}

}  // namespace shoal::node
