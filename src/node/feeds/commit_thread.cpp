#include "node/feeds/commit_thread.h"

#include <utility>

namespace shoal::node {

CommitThread::CommitThread(const base::Clock& clock) : clock_(&clock), thread_([this] { loop(); }) {}

CommitThread::~CommitThread() { stop(); }

void CommitThread::add(std::shared_ptr<CommitWork> feed) {
  {
    const std::lock_guard lock(mutex_);
    CommitWork& added = *feed;
    feeds_.emplace(&added, std::move(feed));
    schedule(added, base::MonoTime::min());
  }
  wake_.notify_one();
}

void CommitThread::drop(const std::shared_ptr<CommitWork>& feed) {
  const std::lock_guard lock(mutex_);
  feeds_.erase(feed.get());
  due_.erase(feed.get());
}

void CommitThread::due(CommitWork& feed, base::MonoTime at) {
  {
    const std::lock_guard lock(mutex_);
    schedule(feed, at);
    // The thread sleeps until the first of all is due.
    if (due_.next_due() != at) return;
  }
  wake_.notify_one();
}

void CommitThread::schedule(CommitWork& feed, base::MonoTime at) {
  if (!feeds_.contains(&feed)) return;
  const auto known = due_.due(&feed);
  if (!known || at < *known) due_.set(&feed, at);
}

Result<void> CommitThread::run(std::function<Result<void>()> task) {
  if (std::this_thread::get_id() == thread_.get_id()) return task();
  std::packaged_task<Result<void>()> packaged(std::move(task));
  auto done = packaged.get_future();
  {
    const std::lock_guard lock(mutex_);
    if (stopping_) return Error{Code::closed, "the node is closed", ""};
    tasks_.push_back(std::move(packaged));
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
  const std::lock_guard lock(mutex_);
  feeds_.clear();
  due_ = {};
}

void CommitThread::loop() {
  std::unique_lock lock(mutex_);
  for (;;) {
    const bool last = stopping_;
    auto tasks = std::exchange(tasks_, {});
    lock.unlock();
    for (auto& task : tasks) task();
    lock.lock();
    const auto feeds = take_due();
    lock.unlock();
    work(feeds);
    lock.lock();
    if (!feeds.empty() || !tasks.empty()) continue;
    if (last) return;
    sleep(lock);
  }
}

std::vector<std::shared_ptr<CommitWork>> CommitThread::take_due() {
  std::vector<std::shared_ptr<CommitWork>> feeds;
  const base::MonoTime now = clock_->mono_now();
  while (const auto first = due_.first(now)) {
    due_.erase(*first);
    feeds.push_back(feeds_.at(*first));
  }
  return feeds;
}

void CommitThread::work(const std::vector<std::shared_ptr<CommitWork>>& feeds) {
  for (const auto& feed : feeds) {
    const auto next = feed->work();
    if (!next) continue;
    const std::lock_guard lock(mutex_);
    schedule(*feed, *next);
  }
}

void CommitThread::sleep(std::unique_lock<std::mutex>& lock) {
  const auto woken = [this] {
    const auto first = due_.next_due();
    return stopping_ || !tasks_.empty() || (first && *first <= clock_->mono_now());
  };
  // What is due sooner than what was first when the wait began ends the wait, and the loop waits anew.
  const auto first = due_.next_due();
  if (woken()) return;
  if (first) {
    wake_.wait_for(lock, *first - clock_->mono_now());
  } else {
    wake_.wait(lock);
  }
}

}  // namespace shoal::node
