#include "node/runtime/worker_pool.h"

#include <utility>

#include <boost/asio/defer.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>

#include <atomic>
#include <deque>
#include <map>
#include <mutex>
#include <thread>
#include <vector>

// Waking a thread costs as much as checking a signature, and a live record crosses several strands. So a pool thread
// that posts to an idle strand goes on with that strand itself after the present task (asio::defer), unless it has more
// to do already; and dispatch() runs the task inside the call when the strand is idle. Without both, each record wakes
// a thread for each strand that it crosses.
namespace shoal::node {
namespace {

namespace asio = boost::asio;

/// Tasks that a strand runs in a row before other strands get the thread.
constexpr int kBurst = 32;

/// What the present pool thread does after the present task.
struct ThreadState {
  bool strand_has_more = false;  ///< the running strand has another task
  bool has_next_strand = false;  ///< it goes on with a strand that was posted to meanwhile
};
thread_local ThreadState this_thread_state;

/// The queue, which lives as long as a strand does.
struct Queue {
  asio::io_context context;
  std::atomic<bool> ended{false};
};

class Strand final : public base::Executor, public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}

  void post(Task task) override {
    // Nobody would run the task, and its captures may hold this strand.
    if (queue_->ended) return;
    {
      const std::lock_guard lock(mutex_);
      tasks_.push_back(std::move(task));
      if (std::exchange(active_, true)) return;
    }
    schedule();
  }

  void dispatch(Task task) override {
    if (queue_->ended) return;
    {
      const std::lock_guard lock(mutex_);
      if (std::exchange(active_, true)) return tasks_.push_back(std::move(task));
    }
    task();
    {
      const std::lock_guard lock(mutex_);
      active_ = !tasks_.empty();
      if (!active_) return;
    }
    schedule();
  }

  TimerId post_after(base::MonoTime delay, Task task) override {
    const TimerId id = ++last_timer_;
    const auto [timer, fresh] = timers_.try_emplace(id, queue_->context, delay);
    timer->second.async_wait(
        [weak = weak_from_this(), id, run = std::move(task)](const boost::system::error_code& error) mutable {
          const auto self = weak.lock();
          if (error || !self) return;
          self->dispatch([raw = self.get(), id, run = std::move(run)] {
            // A timer that was cancelled after it fired still comes here; its entry is gone then.
            if (raw->timers_.erase(id) > 0) run();
          });
        });
    return id;
  }

  void cancel(TimerId timer) override { timers_.erase(timer); }

 private:
  /// A pool thread that is about to be free goes on with this strand itself, so that no other thread is woken.
  void schedule() {
    auto go = [self = shared_from_this()] { self->run(); };
    if (this_thread_state.strand_has_more || this_thread_state.has_next_strand)
      return asio::post(queue_->context, std::move(go));
    this_thread_state.has_next_strand = true;
    asio::defer(queue_->context, std::move(go));
  }

  void run() {
    this_thread_state = {};
    for (int i = 0; i < kBurst && !this_thread_state.has_next_strand; ++i) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
          active_ = false;
          return;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
        this_thread_state.strand_has_more = !tasks_.empty();
      }
      if (!queue_->ended) task();
      this_thread_state.strand_has_more = false;
    }
    {
      const std::lock_guard lock(mutex_);
      active_ = !tasks_.empty();
      if (!active_) return;
    }
    schedule();
  }

  std::shared_ptr<Queue> queue_;
  std::mutex mutex_;
  std::deque<Task> tasks_;  ///< under mutex_
  bool active_ = false;     ///< under mutex_: a thread runs this strand, or is scheduled to
  std::map<TimerId, asio::steady_timer> timers_;
  TimerId last_timer_ = 0;
};

}  // namespace

struct WorkerPool::Impl {
  std::shared_ptr<Queue> queue = std::make_shared<Queue>();
  asio::executor_work_guard<asio::io_context::executor_type> work = asio::make_work_guard(queue->context);
  std::vector<std::thread> threads;
};

WorkerPool::WorkerPool(unsigned threads) : impl_(std::make_unique<Impl>()) {
  for (unsigned i = 0; i < threads; ++i) impl_->threads.emplace_back([this] { impl_->queue->context.run(); });
}

WorkerPool::~WorkerPool() { stop(); }

std::shared_ptr<base::Executor> WorkerPool::make_strand() { return std::make_shared<Strand>(impl_->queue); }

void WorkerPool::stop() {
  if (impl_->threads.empty()) return;
  asio::io_context& context = impl_->queue->context;
  context.stop();
  for (std::thread& thread : impl_->threads) thread.join();
  impl_->threads.clear();
  // Tasks that were posted before the end (a connection's last messages) still run, here. Bounded, because tasks may
  // post others.
  constexpr int kLastTasks = 100000;
  const auto run_what_waits = [&context] {
    context.restart();
    for (int i = 0; i < kLastTasks && context.poll_one() > 0; ++i) {
    }
  };
  run_what_waits();
  impl_->queue->ended = true;
  run_what_waits();  // drops the rest
}

}  // namespace shoal::node
