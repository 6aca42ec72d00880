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

namespace shoal::node {
namespace {

namespace asio = boost::asio;

/// Tasks that a strand runs in one go; then others get their turn.
constexpr int kBurst = 32;

/// What this pool thread is about: a strand that has more to do after the present task, and one that it took over.
struct Here {
  bool more = false;
  bool next_taken = false;
};
thread_local Here here;

/// The queue, which lives as long as a strand does.
struct Queue {
  asio::io_context context;
  std::atomic<bool> ended{false};
};

class Strand final : public base::Executor, public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(std::shared_ptr<Queue> queue) : queue_(std::move(queue)) {}

  void post(Task task) override {
    // What nobody will run any more must not keep its captures, which may hold this strand.
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
  /// A thread that is about to be free goes on with this strand itself; no other one is woken.
  void schedule() {
    auto go = [self = shared_from_this()] { self->run(); };
    if (here.more || here.next_taken) return asio::post(queue_->context, std::move(go));
    here.next_taken = true;
    asio::defer(queue_->context, std::move(go));
  }

  void run() {
    here = {};
    for (int i = 0; i < kBurst && !here.next_taken; ++i) {
      Task task;
      {
        const std::lock_guard lock(mutex_);
        if (tasks_.empty()) {
          active_ = false;
          return;
        }
        task = std::move(tasks_.front());
        tasks_.pop_front();
        here.more = !tasks_.empty();
      }
      if (!queue_->ended) task();
      here.more = false;
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
  bool active_ = false;     ///< under mutex_: some thread runs this strand, or will
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
  // What was posted before the end (a connection's last words) still runs, here. Bounded, because tasks may post
  // others.
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
