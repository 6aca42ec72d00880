#include "node/feed_host.h"

#include "base/try.h"
#include "node/system_random.h"

#include <set>

namespace shoal::node {

Result<std::unique_ptr<FeedHost>> FeedHost::open(const FeedId& feed, bool own, Parts parts) {
  base::LogSink* log = parts.log;
  SHOAL_TRY(auto rows, feed::FeedLog::open(parts.stores, feed));
  if (!rows->dropped_at_open().empty()) log->log(base::LogLevel::warning, "feed", rows->dropped_at_open());
  std::unique_ptr<FeedHost> host(new FeedHost(feed, std::move(rows), std::move(parts)));
  if (!own) {
    SHOAL_TRY(host->mirror_, feed::FeedMirror::open(*host->log_, *log));
  }
  replication::Replicator::Parts replicator;
  replicator.reader = &host->reader_;
  replicator.mirror = host->mirror_.get();
  replicator.executor = host->parts_.strand.get();
  replicator.clock = host->parts_.clock;
  replicator.random = &host->random_;
  replicator.log = log;
  replicator.events = host.get();
  replication::Replicator::Options options;
  options.serve = host->parts_.upload;
  host->replicator_ = std::make_unique<replication::Replicator>(replicator, options);
  return host;
}

FeedHost::FeedHost(const FeedId& feed, std::unique_ptr<feed::FeedLog> log, Parts parts)
    : id_(feed),
      parts_(std::move(parts)),
      log_(std::move(log)),
      reader_(*log_),
      random_(system_random()),
      alive_(std::make_shared<FeedHost*>(this)) {}

FeedHost::~FeedHost() = default;

FeedHost::WantHandle FeedHost::want(Want want) {
  if (own()) return nullptr;
  std::uint64_t id = 0;
  {
    const std::lock_guard lock(mutex_);
    id = ++next_want_;
    wants_[id] = std::move(want);
  }
  post([this] { apply_wants(); });
  const std::weak_ptr<FeedHost*> weak = alive_;
  return WantHandle(nullptr, [weak, id](void*) {
    const auto host = weak.lock();
    if (!host) return;
    {
      const std::lock_guard lock((*host)->mutex_);
      (*host)->wants_.erase(id);
    }
    (*host)->post([self = *host] { self->apply_wants(); });
  });
}

void FeedHost::apply_wants() {
  bool everything = false;
  bool any = false;
  std::vector<topic::TopicFilter> filters;
  {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, want] : wants_) {
      any = true;
      everything = everything || want.everything;
      filters.push_back(want.filter);
    }
  }
  if (!any) {
    replicator_->stop_following();
    return;
  }
  replication::Follow follow;
  follow.everything = everything;
  if (!everything) {
    std::set<TopicPartition> streams;
    for (const topic::TopicFilter& filter : filters) {
      if (filter.names_only()) {
        for (const std::string& name : filter.topics) streams.insert({name, filter.partition.value_or(Partition(-1))});
      }
    }
    // Globs are resolved against the topics learned so far, and again when the feed gets new ones.
    if (const auto views = reader_.topics()) {
      for (const feed::TopicView& view : *views) {
        for (const topic::TopicFilter& filter : filters) {
          if (filter.selects(view.stream) && !filter.names_only()) streams.insert(view.stream);
        }
      }
    }
    follow.topics.assign(streams.begin(), streams.end());
    learn_topics();
  }
  replicator_->follow(std::move(follow));
}

void FeedHost::learn_topics() {
  const auto head = reader_.head();
  if (learning_ || (head && head->topic_count == learned_topic_count_)) return;
  learning_ = true;
  constexpr auto kTimeout = std::chrono::seconds(10);
  replicator_->fetch_topics({}, kTimeout, [this](Result<void> learned) {
    learning_ = false;
    const auto now = reader_.head();
    if (learned && now) {
      learned_topic_count_ = now->topic_count;
      apply_wants();
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
  return changed_.wait_until(lock, stop, deadline, [&] { return version_ != seen || closed_; }) && !closed_;
}

void FeedHost::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++version_;
  }
  changed_.notify_all();
}

void FeedHost::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
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
      {
        const std::lock_guard lock(mutex_);
        question->done = true;
        question->answered = answered;
      }
      notify();
    });
  });
  return question;
}

std::uint64_t FeedHost::synced_size() const {
  const std::lock_guard lock(mutex_);
  return synced_size_;
}

void FeedHost::committed(feed::CommitResult commit) {
  notify();
  if (!parts_.online) return;
  post([this, commit = std::move(commit)] { replicator_->on_committed(commit); });
}

void FeedHost::on_head(const feed::Checkpoint& head) {
  const auto needs_topics = [&] {
    const std::lock_guard lock(mutex_);
    for (const auto& [id, want] : wants_) {
      if (!want.everything) return true;
    }
    return false;
  };
  if (head.topic_count != learned_topic_count_ && needs_topics()) learn_topics();
  notify();
}

void FeedHost::on_blocks() { notify(); }

void FeedHost::on_synced(const feed::Checkpoint& head) {
  if (mirror_) {
    const auto flushed = mirror_->flush();
    if (!flushed) {
      parts_.log->log(base::LogLevel::error, "feed", flushed.error().message);
      return;
    }
  }
  {
    const std::lock_guard lock(mutex_);
    synced_size_ = std::max(synced_size_, head.tree_size);
  }
  notify();
}

void FeedHost::on_peer_blamed(const replication::PeerView& peer, std::string_view what) {
  if (parts_.on_blamed) parts_.on_blamed(peer, what);
}

void FeedHost::on_peers_changed() { notify(); }

void FeedHost::on_fork() { notify(); }

}  // namespace shoal::node
