#include "node/reading/subscription.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "node/api/deadline.h"
#include "node/reading/record_view.h"
#include "store/keyspace.h"

#include <algorithm>

namespace shoal::node {
namespace {

using SteadyClock = std::chrono::steady_clock;

Error closed_error() { return {Code::closed, "the node is closed", ""}; }

/// After the last connected peer answered, others that are being dialled get this long.
constexpr std::chrono::milliseconds kHeadSettle{2000};

topic::Selection selection_of(const SubscribeOptions& options) {
  topic::Selection selection;
  selection.filter.topics = options.topics;
  selection.filter.partition = options.partition;
  if (options.start.kind == Start::Kind::time) selection.from = UnixMs(options.start.number);
  selection.before = options.before;
  selection.ordered = options.ordered;
  return selection;
}

RecordView view_of(const topic::Slice& slice, std::uint32_t position) {
  return to_view(slice.stream.topic, slice.stream.partition, slice.append_time, slice.block,
                 slice.batch->records()[position]);
}

std::size_t view_bytes(const RecordView& view) {
  return (view.key ? view.key->size() : 0) + (view.value ? view.value->size() : 0);
}

}  // namespace

Result<std::optional<StoredCursor>> CursorStore::get(const FeedId& feed, const std::string& name) const {
  SHOAL_TRY(const auto row, store_->get(store::Column::meta, store::cursor_key(feed, name)));
  if (!row) return std::optional<StoredCursor>{};
  base::WireReader reader(*row);
  StoredCursor cursor;
  cursor.token = std::string(base::as_text(reader.bytes(reader.u32())));
  cursor.note = std::string(base::as_text(reader.bytes(reader.u32())));
  if (!reader.finished())
    return Error{Code::corrupt, "the stored cursor '" + name + "' is damaged", "start again with -o"};
  return std::optional(std::move(cursor));
}

Result<void> CursorStore::put(const FeedId& feed, const std::string& name, const StoredCursor& cursor) {
  base::WireWriter row;
  row.u32(static_cast<std::uint32_t>(cursor.token.size()));
  row.bytes(base::as_bytes(cursor.token));
  row.u32(static_cast<std::uint32_t>(cursor.note.size()));
  row.bytes(base::as_bytes(cursor.note));
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::cursor_key(feed, name), std::move(row).take());
  return store_->write(batch, store::Sync::yes);
}

LocalSubscription::LocalSubscription(const std::shared_ptr<FeedHost>& host, CursorStore cursors,
                                     SubscribeOptions options)
    : host_(host),
      id_(host->id()),
      cursors_(cursors),
      options_(std::move(options)),
      reader_(host->reader(), selection_of(options_)) {
  options_.find_timeout = limited(options_.find_timeout);
}

Result<std::shared_ptr<LocalSubscription>> LocalSubscription::open(const std::shared_ptr<FeedHost>& host,
                                                                   CursorStore cursors, SubscribeOptions options) {
  std::shared_ptr<LocalSubscription> made(new LocalSubscription(host, cursors, std::move(options)));
  const SubscribeOptions& wanted = made->options_;
  if (wanted.start.kind == Start::Kind::token) SHOAL_CHECK(topic::decode_cursor(wanted.start.token));
  made->reading_ = host->begin_reading(wanted.cache_bytes);
  if (!host->own() && host->online()) {
    made->want_ = host->want(made->want());
    made->question_ = host->ask_heads(kHeadSettle, wanted.find_timeout);
  } else {
    auto answered = std::make_shared<FeedHost::HeadQuestion>();
    answered->answered = true;
    answered->done = true;
    made->question_ = std::move(answered);
  }
  return made;
}

FeedHost::Want LocalSubscription::want() const {
  FeedHost::Want want;
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
  last_cursor_ = topic::encode_cursor(reader_.cursor());
  return true;
}

void LocalSubscription::note_head_question(const FeedHost& host) {
  if (end_size_ || !question_->done) return;
  const auto head = host.reader().head();
  report_.answered = question_->answered;
  end_size_ = head ? head->tree_size : 0;
}

Result<Poll> LocalSubscription::poll(const PollOptions& options) {
  const auto deadline = deadline_of(options.wait);
  const auto host = host_.lock();
  if (!host) return closed_error();
  for (;;) {
    if (ready_) ready_->lower();
    const std::uint64_t version = host->version();
    auto polled = poll_now(*host, options);
    const bool nothing = polled && polled->status() == Poll::Status::timeout;
    if (ready_ && !nothing) ready_->raise();
    if (!nothing) return polled;
    if (!host->wait_change(version, deadline, options.wait.stop)) {
      if (host->closed()) return host->closed_error();
      return polled;
    }
  }
}

Result<Poll> LocalSubscription::poll_now(FeedHost& host, const PollOptions& options) {
  if (host.closed()) return host.closed_error();
  if (!started_) {
    SHOAL_TRY(started_, try_start(host));
  }
  std::vector<RecordView> views;
  std::vector<std::shared_ptr<const topic::Slice>> owners;
  std::size_t bytes = 0;
  bool more = started_;
  // What former polls gave has been delivered.
  if (reading_ && started_) host.note_read(reading_, taken_.slice ? taken_.slice->block : reader_.read_to());
  while (more && views.size() < options.max_records && (views.empty() || bytes < options.max_bytes)) {
    const auto gathered = gather(options, bytes, views, owners);
    more = gathered && *gathered;
    if (gathered || !views.empty()) continue;  // the error comes again with the next poll
    Error problem = gathered.error();
    if (problem.code != Code::pruned || !fetch_again(host, problem)) return problem;
  }
  if (!views.empty()) {
    last_slices_ = owners;
    last_cursor_ = cursor_after(views.back());
    auto owner = std::make_shared<std::vector<std::shared_ptr<const topic::Slice>>>(std::move(owners));
    return Poll(Poll::Status::records, Records(std::move(views), std::move(owner)), last_cursor_);
  }
  if (const auto fork = host.fork_error()) {
    if (delivered_before_fork(host)) return *fork;
    return Poll(Poll::Status::timeout, {}, last_cursor_);
  }
  SHOAL_TRY(const bool end, at_end(host));
  if (end) return Poll(Poll::Status::end, {}, last_cursor_);
  return Poll(Poll::Status::timeout, {}, last_cursor_);
}

Result<int> LocalSubscription::descriptor() {
  const auto host = host_.lock();
  if (!host) return closed_error();
  if (host->closed()) return host->closed_error();
  if (!ready_) {
    SHOAL_TRY(ready_, ReadySignal::make());
    host->watch(ready_);
  }
  return ready_->descriptor();
}

Result<void> LocalSubscription::set_topics(std::vector<std::string> topics) {
  const auto host = host_.lock();
  if (!host) return closed_error();
  if (host->closed()) return host->closed_error();
  options_.topics = std::move(topics);
  reader_.select({options_.topics, options_.partition});
  // The rest of a block that was begun goes when its topic does; the position is behind it already.
  const topic::TopicFilter filter{options_.topics, options_.partition};
  if (taken_.slice && !filter.selects(taken_.slice->stream)) taken_ = {};
  if (want_.use_count() > 0) {  // the handle itself is null
    // The former want goes after the new one has come: what both want stays on its way.
    auto wanted = host->want(want());
    want_.swap(wanted);
  }
  if (ready_) ready_->raise();
  return {};
}

bool LocalSubscription::fetch_again(FeedHost& host, Error& problem) {
  const auto& at = reader_.pruned_at();
  if (host.own() || !host.online() || !at) return false;
  const bool same = again_ && again_->at.stream == at->stream && again_->at.offset == at->offset;
  if (same) {
    const std::lock_guard lock(again_->mutex);
    if (!again_->done) return true;
    if (again_->error) {
      problem = *again_->error;
      return false;
    }
    // It came, and went again before it was read: once more.
  }
  again_ = std::make_shared<Again>();
  again_->at = *at;
  host.post([&host, again = again_, timeout = options_.find_timeout] {
    host.replicator().fetch_offset(again->at.stream, again->at.offset, timeout,
                                   [&host, again](const Result<BlockIndex>& found) {
                                     {
                                       const std::lock_guard lock(again->mutex);
                                       again->done = true;
                                       if (!found) again->error = found.error();
                                     }
                                     host.notify();
                                   });
  });
  return true;
}

Result<bool> LocalSubscription::gather(const PollOptions& options, std::size_t& bytes, std::vector<RecordView>& views,
                                       std::vector<std::shared_ptr<const topic::Slice>>& owners) {
  if (!taken_.slice) {
    SHOAL_TRY(auto slice, reader_.next());
    if (!slice) return false;
    taken_ = Taken{std::make_shared<const topic::Slice>(std::move(*slice)), 0};
  }
  owners.push_back(taken_.slice);
  const topic::Slice& slice = *taken_.slice;
  while (taken_.next < slice.records.size() && views.size() < options.max_records &&
         (views.empty() || bytes < options.max_bytes)) {
    views.push_back(view_of(slice, slice.records[taken_.next++]));
    bytes += view_bytes(views.back());
  }
  if (taken_.next == slice.records.size()) taken_ = {};
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
  return report_.complete || !report_.answered || has_stalled(host);
}

bool LocalSubscription::delivered_before_fork(FeedHost& host) {
  const auto head = host.reader().head();
  if (!started_ || !head || host.own() || !host.online()) return true;
  const std::uint64_t end = std::min(head->tree_size, host.reader().fork_limit().value_or(head->tree_size));
  const auto read = reader_.has_read_to(end);
  return !read || *read || has_stalled(host);
}

bool LocalSubscription::has_stalled(FeedHost& host) {
  const auto now = SteadyClock::now();
  const std::uint64_t headers = host.reader().header_prefix();
  const std::uint64_t payloads = host.reader().held_payload_count();
  const bool first = progress_.since == SteadyClock::time_point{};
  if (first || headers != progress_.headers || payloads != progress_.payloads) progress_ = {headers, payloads, now};
  if (now - progress_.since > options_.find_timeout) return true;
  // Nothing but time makes it stall: whoever waits is woken to look again.
  if (now >= stall_check_) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(progress_.since + options_.find_timeout - now) +
                      std::chrono::milliseconds(1);
    stall_check_ = now + left;
    host.notify_after(left);
  }
  return false;
}

std::string LocalSubscription::cursor_after(const RecordView& record) const {
  for (const auto& slice : last_slices_) {
    if (slice->block != record.block) continue;
    const auto position = static_cast<std::uint32_t>(record.offset - slice->batch->info().base_offset);
    return topic::encode_cursor(slice->cursor_after(position));
  }
  return last_cursor_;
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
