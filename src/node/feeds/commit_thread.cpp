#include "node/feeds/commit_thread.h"

#include <algorithm>
#include <chrono>

namespace shoal::node {
namespace {

/// How often heartbeats are looked for when nothing else happens.
constexpr base::MonoTime kIdleInterval = std::chrono::seconds(1);

}  // namespace

CommitThread::CommitThread(const base::Clock& clock) : clock_(&clock), thread_([this] { loop(); }) {}

CommitThread::~CommitThread() { stop(); }

void CommitThread::add(std::shared_ptr<OwnFeed> feed) {
  const std::lock_guard lock(mutex_);
  feeds_.push_back(std::move(feed));
}

void CommitThread::drop(const std::shared_ptr<OwnFeed>& feed) {
  const std::lock_guard lock(mutex_);
  std::erase(feeds_, feed);
}

void CommitThread::wake() {
  {
    const std::lock_guard lock(mutex_);
    woken_ = true;
  }
  wake_.notify_one();
}

Result<void> CommitThread::run(std::function<Result<void>()> task) {
  if (std::this_thread::get_id() == thread_.get_id()) return task();
  std::packaged_task<Result<void>()> packaged(std::move(task));
  auto done = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Error{Code::closed, "the node is closed", ""};
    tasks_.push_back(std::move(packaged));
    woken_ = true;
  }
  wake_.notify_one();
  return done.get();
}

void CommitThread::post(std::function<void()> task) {
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return;
    tasks_.emplace_back([task = std::move(task)]() -> Result<void> {
      task();
      return {};
    });
    woken_ = true;
  }
  wake_.notify_one();
}

void CommitThread::stop() {
  {
    const std::lock_guard lock(mutex_);
    stopping_ = true;
  }
  wake_.notify_one();
  if (thread_.joinable()) thread_.join();
  feeds_.clear();
}

void CommitThread::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    woken_ = false;
    const bool last = stopping_;
    auto tasks = std::move(tasks_);
    tasks_.clear();
    lock.unlock();
    for (auto& task : tasks) task();
    lock.lock();
    const auto feeds = feeds_;  // as the tasks left them
    lock.unlock();
    Pass pass = commit_all(feeds);
    while (last && pass.more) pass = commit_all(feeds);
    lock.lock();
    if (last) return;
    const base::MonoTime now = clock_->mono_now();
    if (pass.more || pass.due <= now) continue;
    wake_.wait_for(lock, pass.due - now, [&] { return woken_ || stopping_; });
  }
}

CommitThread::Pass CommitThread::commit_all(const std::vector<std::shared_ptr<OwnFeed>>& feeds) {
  Pass pass;
  pass.due = clock_->mono_now() + kIdleInterval;
  for (const auto& feed : feeds) {
    if (const auto first = feed->next_due(); first && *first <= clock_->mono_now()) pass.more |= feed->commit_due();
    feed->heartbeat_if_due();
    feed->acknowledge_mirrored();
    feed->settle_if_due();
    for (const auto& next : {feed->next_due(), feed->settle_due()}) {
      if (next) pass.due = std::min(pass.due, *next);
    }
  }
  return pass;
}

}  // namespace shoal::node
