#include "doors/socket/producer_outbox.h"

#include <cstddef>

namespace shoal::doors {
namespace {

/// Answers that may wait for a client before its records do.
constexpr std::size_t kMaxWaiting = std::size_t{1} << 20;

}  // namespace

void ProducerOutbox::put(const std::string& line) {
  {
    const std::lock_guard lock(mutex_);
    if (!closed_) lines_ += line;
  }
  changed_.notify_all();
}

bool ProducerOutbox::await_room() {
  std::unique_lock lock(mutex_);
  changed_.wait(lock, [this] { return closed_ || lines_.size() < kMaxWaiting; });
  return !closed_;
}

std::string ProducerOutbox::take(std::chrono::milliseconds timeout) {
  std::string taken;
  {
    std::unique_lock lock(mutex_);
    changed_.wait_for(lock, timeout, [this] { return closed_ || !lines_.empty(); });
    taken.swap(lines_);
  }
  changed_.notify_all();
  return taken;
}

void ProducerOutbox::close() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
  }
  changed_.notify_all();
}

void ProducerOutbox::abandon() {
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    lines_.clear();
  }
  changed_.notify_all();
}

bool ProducerOutbox::finished() const {
  const std::lock_guard lock(mutex_);
  return closed_ && lines_.empty();
}

}  // namespace shoal::doors
