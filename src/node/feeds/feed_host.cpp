#include "node/feeds/feed_host.h"

#include "base/try.h"
#include "node/runtime/system_random.h"

#include <algorithm>
#include <set>
#include <utility>

namespace shoal::node {

Result<std::shared_ptr<FeedHost>> FeedHost::open(const FeedId& feed, bool own, Parts parts) {
  base::LogSink* log = parts.log;
  SHOAL_TRY(auto rows, feed::FeedLog::open(parts.stores, feed));
  if (!rows->dropped_at_open().empty()) log->log(base::LogLevel::warning, "feed", rows->dropped_at_open());
  std::shared_ptr<FeedHost> host(new FeedHost(feed, std::move(rows), std::move(parts)));
  if (!own) {
    SHOAL_TRY(host->mirror_, feed::FeedMirror::open(*host->log_, *log));
  }
  SHOAL_CHECK(host->settle_fork());
  replication::ReplicatorContext replicator;
  replicator.reader = &host->reader_;
  replicator.mirror = host->mirror_.get();
  replicator.executor = host->parts_.strand.get();
  replicator.clock = host->parts_.clock;
  replicator.random = &host->random_;
  replicator.log = log;
  replicator.events = host.get();
  replicator.node_key = host->parts_.node_key;
  replicator.credit = host->parts_.credit;
  replication::ReplicatorOptions options;
  options.serve = host->parts_.upload;
  host->replicator_ = std::make_unique<replication::Replicator>(replicator, options);
  SHOAL_CHECK(host->open_receipts());
  return host;
}

FeedHost::FeedHost(const FeedId& feed, std::unique_ptr<feed::FeedLog> log, Parts parts)
    : id_(feed),
      parts_(std::move(parts)),
      fork_file_(parts_.forks, feed),
      log_(std::move(log)),
      reader_(*log_),
      random_(system_random()) {}

FeedHost::~FeedHost() = default;

bool FeedHost::run(std::function<void()> task) {
  enum class Stage : std::uint8_t { waiting, running, done, dropped };
  struct Job {
    std::mutex mutex;
    std::condition_variable changed;
    Stage stage = Stage::waiting;
  };
  const auto job = std::make_shared<Job>();
  post([job, task = std::move(task)] {
    {
      const std::lock_guard lock(job->mutex);
      if (job->stage == Stage::dropped) return;
      job->stage = Stage::running;
    }
    task();
    const std::lock_guard lock(job->mutex);
    job->stage = Stage::done;
    job->changed.notify_all();
  });
  constexpr std::chrono::milliseconds kCloseCheck{20};
  std::unique_lock lock(job->mutex);
  while (job->stage != Stage::done) {
    if (job->stage == Stage::waiting && closed()) {
      job->stage = Stage::dropped;
      return false;
    }
    job->changed.wait_for(lock, kCloseCheck);
  }
  return true;
}

std::optional<Error> FeedHost::writer_problem() const {
  const std::lock_guard lock(mutex_);
  return writer_problem_;
}

void FeedHost::set_writer_problem(std::optional<Error> problem) {
  const std::lock_guard lock(mutex_);
  writer_problem_ = std::move(problem);
}

FeedHost::WantHandle FeedHost::want(Want want) {
  if (own()) return nullptr;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++next_want_;
    wants_[id] = std::move(want);
    ++wants_changed_;
  }
  post([this] { apply_wants(); });
  return WantHandle(nullptr, [weak = weak_from_this(), id](void*) {
    const auto host = weak.lock();
    if (!host) return;
    {
      const std::lock_guard lock(host->mutex_);
      host->wants_.erase(id);
      ++host->wants_changed_;
    }
    host->post([raw = host.get()] { raw->apply_wants(); });
  });
}

std::vector<topic::TopicFilter> FeedHost::wanted_filters(bool& everything) const {
  std::vector<topic::TopicFilter> filters;
  const std::lock_guard lock(mutex_);
  everything = false;
  for (const auto& [id, want] : wants_) {
    everything = everything || want.everything;
    filters.push_back(want.filter);
  }
  return filters;
}

bool FeedHost::read_in_order() const {
  const std::lock_guard lock(mutex_);
  // A budget drops the oldest first: fetched in another order, what is dropped lies in files beside what stays.
  if (mirror_options_ && mirror_options_->max_bytes > 0) return true;
  return std::any_of(wants_.begin(), wants_.end(), [](const auto& item) { return item.second.in_order; });
}

void FeedHost::apply_wants() {
  std::uint64_t change = 0;
  {
    const std::lock_guard lock(mutex_);
    change = wants_changed_;
  }
  bool everything = false;
  const auto filters = wanted_filters(everything);
  if (filters.empty() || starved()) {
    following_.reset();
    replicator_->stop_following();
  } else if (everything) {
    replication::Follow all;
    all.order = read_in_order() ? replication::FetchOrder::feed : replication::FetchOrder::rarest;
    follow(std::move(all));
  } else {
    follow(follow_of(filters));
    learn_topics();
  }
  const std::lock_guard lock(mutex_);
  wants_applied_ = std::max(wants_applied_, change);
}

/// Globs are resolved against the topics learned so far, and again when the feed gets new ones.
replication::Follow FeedHost::follow_of(const std::vector<topic::TopicFilter>& filters) const {
  std::set<TopicPartition> streams;
  for (const topic::TopicFilter& filter : filters) {
    if (!filter.names_only()) continue;
    for (const std::string& name : filter.topics) streams.insert({name, filter.partition.value_or(Partition(-1))});
  }
  if (const auto views = reader_.topics()) {
    for (const feed::TopicView& view : *views) {
      for (const topic::TopicFilter& filter : filters) {
        if (!filter.names_only() && filter.selects(view.stream)) streams.insert(view.stream);
      }
    }
  }
  replication::Follow follow;
  follow.everything = false;
  follow.topics.assign(streams.begin(), streams.end());
  return follow;
}

void FeedHost::follow(replication::Follow follow) {
  // The same again would only interrupt what is on its way.
  if (following_ && following_->everything == follow.everything && following_->topics == follow.topics) {
    if (following_->order != follow.order) replicator_->set_order(follow.order);
    following_->order = follow.order;
    return;
  }
  following_ = follow;
  follow.oldest = [this] { return oldest_wanted(); };
  {
    const std::lock_guard lock(mutex_);
    synced_size_ = 0;
  }
  unflushed_size_ = 0;
  unmatched_sync_.reset();
  giver_->on_wants_changed();
  // What the former follow still has to tell is before this in the strand, and says nothing of the new one.
  ++follows_;
  ++follows_changing_;
  post([this] { --follows_changing_; });
  replicator_->follow(std::move(follow));
}

bool FeedHost::wants_globs() const {
  bool everything = false;
  const auto filters = wanted_filters(everything);
  return !everything && std::any_of(filters.begin(), filters.end(),
                                    [](const topic::TopicFilter& filter) { return !filter.names_only(); });
}

void FeedHost::learn_topics() {
  const auto head = reader_.head();
  if (learning_ || !wants_globs() || (head && head->topic_count == learned_topic_count_)) return;
  learning_ = true;
  constexpr auto kTimeout = std::chrono::seconds(10);
  static constexpr auto kTopicsRetry = std::chrono::seconds(1);
  // The head may have more topics by the time of the answer, which it need not have.
  const std::uint32_t asked = head ? head->topic_count : 0;
  replicator_->fetch_topics({}, kTimeout, [this, asked](const Result<void>& learned) {
    learning_ = false;
    const auto now = reader_.head();
    if (learned && now) {
      learned_topic_count_ = asked != 0 ? asked : now->topic_count;
      apply_wants();
      // Nothing new is followed: what was held before they were known is all there is.
      if (const auto synced = std::exchange(unmatched_sync_, std::nullopt)) on_synced(*synced);
    } else {
      // Nobody was there who knows; a peer with the head that we have does not bring it up again.
      parts_.strand->post_after(kTopicsRetry, [weak = weak_from_this()] {
        const auto host = weak.lock();
        if (host && !host->closed()) host->learn_topics();
      });
    }
    notify();
  });
}

std::uint64_t FeedHost::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

bool FeedHost::wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline,
                           const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, stop, deadline, [&] { return version_ != seen || closed_; })) return false;
  // A feed that changes all the time keeps nobody beyond what was asked.
  return !closed_ && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline;
}

void FeedHost::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++version_;
    raise_signals();
  }
  changed_.notify_all();
}

void FeedHost::notify_after(std::chrono::milliseconds delay) {
  post([weak = weak_from_this(), delay] {
    const auto host = weak.lock();
    if (!host) return;
    host->parts_.strand->post_after(delay, [weak] {
      if (const auto still = weak.lock()) still->notify();
    });
  });
}

void FeedHost::watch(const std::shared_ptr<ReadySignal>& signal) {
  const std::lock_guard lock(mutex_);
  signals_.push_back(signal);
  if (closed_) signal->raise();
}

void FeedHost::raise_signals() {
  std::erase_if(signals_, [](const std::weak_ptr<ReadySignal>& kept) {
    const auto signal = kept.lock();
    if (signal) signal->raise();
    return signal == nullptr;
  });
}

void FeedHost::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    raise_signals();
  }
  changed_.notify_all();
}

void FeedHost::close_removed() {
  {
    const std::lock_guard lock(mutex_);
    removed_ = true;
  }
  close();
}

Error FeedHost::closed_error() const {
  const std::lock_guard lock(mutex_);
  if (!removed_) return {Code::closed, "the node is closed", ""};
  return {Code::closed, "feed " + id().hex() + " was removed", ""};
}

bool FeedHost::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

std::shared_ptr<const FeedHost::HeadQuestion> FeedHost::ask_heads(std::chrono::milliseconds settle,
                                                                  std::chrono::milliseconds timeout) {
  auto question = std::make_shared<HeadQuestion>();
  post([this, question, settle, timeout] {
    replicator_->ask_heads(settle, timeout, [this, question](bool answered) {
      question->answered = answered;
      question->done = true;
      notify();
    });
  });
  return question;
}

std::uint64_t FeedHost::synced_size() const {
  const std::lock_guard lock(mutex_);
  return wants_applied_ == wants_changed_ ? synced_size_ : 0;
}

void FeedHost::committed(const feed::Checkpoint& head) {
  notify();
  if (!parts_.online) return;
  if (parts_.on_committed) parts_.on_committed(id_, head);
  // Sent from the commit thread itself when nothing else of the feed runs.
  parts_.strand->dispatch([this] { replicator_->on_committed(); });
}

void FeedHost::on_head(const feed::Checkpoint&) {
  plan_settle();
  giver_->on_held();
  learn_topics();
  notify();
}

void FeedHost::plan_settle() {
  if (std::exchange(settle_planned_, true)) return;
  parts_.strand->post_after(kSettleDelay, [weak = weak_from_this()] {
    const auto host = weak.lock();
    if (!host) return;
    host->settle_planned_ = false;
    const auto settled = host->log_->settle();
    if (!settled) host->parts_.log->log(base::LogLevel::error, "feed", settled.error().message);
  });
}

void FeedHost::on_blocks() {
  plan_settle();
  spend_allowance();
  giver_->on_held();
  notify();
}

void FeedHost::on_synced(const feed::Checkpoint& head) {
  if (follows_changing_ > 0) return;
  if (head.topic_count > learned_topic_count_ && wants_globs()) {
    unmatched_sync_ = head;
    return;
  }
  giver_->on_synced(head);
  unflushed_size_ = std::max(unflushed_size_, head.tree_size);
  plan_flush();
}

void FeedHost::plan_flush() {
  if (std::exchange(flush_planned_, true)) return;
  // Each flush makes a file, so a feed that grows many times a second is flushed only now and then; rarely, when nobody
  // asked for a copy that stays.
  constexpr base::MonoTime kInterval = std::chrono::milliseconds(250);
  constexpr base::MonoTime kUnkeptInterval = std::chrono::seconds(2);
  const base::MonoTime interval = mirror_options() ? kInterval : kUnkeptInterval;
  const base::MonoTime since = parts_.clock->mono_now() - last_flush_;
  if (since >= interval) return flush_synced();
  parts_.strand->post_after(interval - since, [this] { flush_synced(); });
}

/// The disk is waited for elsewhere; blocks are taken and delivered meanwhile.
void FeedHost::flush_synced() {
  last_flush_ = parts_.clock->mono_now();
  parts_.flusher->post([weak = weak_from_this(), follow = follows_, size = std::exchange(unflushed_size_, 0)] {
    const auto host = weak.lock();
    if (!host) return;
    const auto flushed = host->log_->make_durable();
    if (!flushed) host->parts_.log->log(base::LogLevel::error, "feed", flushed.error().message);
    host->post([host, follow, size = flushed.ok() ? size : 0] { host->flushed(follow, size); });
  });
}

void FeedHost::flushed(std::uint64_t follow, std::uint64_t size) {
  flush_planned_ = false;
  if (follow == follows_) {
    const std::lock_guard lock(mutex_);
    synced_size_ = std::max(synced_size_, size);
  }
  notify();
  if (unflushed_size_ > 0) plan_flush();
}

void FeedHost::on_peer_blamed(const replication::PeerView& peer, std::string_view what) {
  if (parts_.on_blamed) parts_.on_blamed(peer, what);
}

void FeedHost::on_peer_flooded(const replication::PeerView& peer, std::string_view) {
  if (parts_.on_flooded) parts_.on_flooded(peer);
}

void FeedHost::on_peers_changed() {
  const auto peers = replicator_->peers();
  has_peers_ = !peers.empty();
  if (parts_.on_peers) parts_.on_peers(*this, peers);
  notify();
}

bool FeedHost::has_audience() const {
  if (has_peers_) return true;
  const std::lock_guard lock(mutex_);
  return std::any_of(readings_.begin(), readings_.end(), [](const auto& reading) { return !reading.expired(); });
}

}  // namespace shoal::node
