#include "node/feeds/feed_news.h"

#include <utility>

namespace shoal::node {

std::uint64_t FeedNews::version() const {
  const std::lock_guard lock(mutex_);
  return version_;
}

bool FeedNews::wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline,
                           const std::stop_token& stop) const {
  std::unique_lock lock(mutex_);
  if (!changed_.wait_until(lock, stop, deadline, [&] { return version_ != seen || closed_; })) return false;
  // A feed that changes all the time would otherwise keep a caller past its deadline.
  return !closed_ && !stop.stop_requested() && std::chrono::steady_clock::now() < deadline;
}

void FeedNews::notify() {
  {
    const std::lock_guard lock(mutex_);
    ++version_;
    raise_signals();
  }
  changed_.notify_all();
}

void FeedNews::watch(const std::shared_ptr<ReadySignal>& signal) {
  const std::lock_guard lock(mutex_);
  signals_.push_back(signal);
  if (closed_) signal->raise();
}

void FeedNews::raise_signals() {
  std::erase_if(signals_, [](const std::weak_ptr<ReadySignal>& kept) {
    const auto signal = kept.lock();
    if (signal) signal->raise();
    return signal == nullptr;
  });
}

void FeedNews::close(Error reason) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) closed_ = std::move(reason);
    raise_signals();
  }
  changed_.notify_all();
}

std::optional<Error> FeedNews::closed() const {
  const std::lock_guard lock(mutex_);
  return closed_;
}

}  // namespace shoal::node
