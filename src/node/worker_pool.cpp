#include "node/worker_pool.h"

#include <utility>

#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/strand.hpp>

#include <atomic>
#include <map>
#include <thread>
#include <vector>

namespace shoal::node {
namespace {

namespace asio = boost::asio;

/// The queue, which lives as long as a strand does.
struct Queue {
  asio::io_context context;
  std::atomic<bool> ended{false};
};

class Strand final : public base::Executor, public std::enable_shared_from_this<Strand> {
 public:
  explicit Strand(std::shared_ptr<Queue> queue)
      : queue_(std::move(queue)), strand_(asio::make_strand(queue_->context)) {}

  void post(Task task) override {
    // What nobody will run any more must not keep its captures, which may hold this strand.
    if (!queue_->ended) asio::post(strand_, std::move(task));
  }

  TimerId post_after(base::MonoTime delay, Task task) override {
    const TimerId id = ++last_timer_;
    const auto [timer, fresh] = timers_.try_emplace(id, strand_, delay);
    timer->second.async_wait(
        [weak = weak_from_this(), id, run = std::move(task)](const boost::system::error_code& error) {
          const auto self = weak.lock();
          // A timer that was cancelled after it fired still comes here; its entry is gone then.
          if (error || !self || self->timers_.erase(id) == 0) return;
          run();
        });
    return id;
  }

  void cancel(TimerId timer) override { timers_.erase(timer); }

 private:
  std::shared_ptr<Queue> queue_;
  asio::strand<asio::io_context::executor_type> strand_;
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
  context.restart();
  for (int i = 0; i < kLastTasks && context.poll_one() > 0; ++i) {
  }
  impl_->queue->ended = true;
}

}  // namespace shoal::node
