#include "node/runtime/worker_pool.h"

#include <benchmark/benchmark.h>

#include <boost/asio/dispatch.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/strand.hpp>

#include <sys/resource.h>

#include <atomic>
#include <functional>
#include <future>
#include <memory>
#include <thread>
#include <vector>

/// node::WorkerPool beside boost::asio::strand: what it costs to hand a task over (docs/adr/0013). Both have two
/// threads.
namespace shoal::node {
namespace {

namespace asio = boost::asio;

/// boost::asio's own strands on two threads.
class AsioPool {
 public:
  class Strand {
   public:
    explicit Strand(asio::io_context& context) : strand_(asio::make_strand(context)) {}
    template <typename Task>
    void post(Task task) {
      asio::post(strand_, std::move(task));
    }
    template <typename Task>
    void dispatch(Task task) {
      asio::dispatch(strand_, std::move(task));
    }

   private:
    asio::strand<asio::io_context::executor_type> strand_;
  };

  explicit AsioPool(unsigned threads) {
    for (unsigned i = 0; i < threads; ++i) threads_.emplace_back([this] { context_.run(); });
  }
  ~AsioPool() {
    context_.stop();
    for (std::thread& thread : threads_) thread.join();
  }
  std::shared_ptr<Strand> make_strand() { return std::make_shared<Strand>(context_); }

 private:
  asio::io_context context_;
  asio::executor_work_guard<asio::io_context::executor_type> work_ = asio::make_work_guard(context_);
  std::vector<std::thread> threads_;
};

/// Times that a thread of this process went to sleep.
double sleeps() {
  rusage used{};
  getrusage(RUSAGE_SELF, &used);
  return static_cast<double>(used.ru_nvcsw);
}

/// A thread outside the pool, as the commit thread is, hands a block to a strand that has nothing else to do.
template <typename Pool>
void HandOverFromOutside(benchmark::State& state) {
  Pool pool(2);
  const auto strand = pool.make_strand();
  const double before = sleeps();
  for (auto _ : state) {
    std::atomic<bool> done = false;
    strand->dispatch([&done] {
      done = true;
      done.notify_one();
    });
    done.wait(false);
  }
  state.counters["sleeps"] = benchmark::Counter(sleeps() - before, benchmark::Counter::kAvgIterations);
}
BENCHMARK_TEMPLATE(HandOverFromOutside, WorkerPool)->UseRealTime();
BENCHMARK_TEMPLATE(HandOverFromOutside, AsioPool)->UseRealTime();

/// A task goes back and forth between two strands, as a message does between a session and its feed.
template <typename Pool>
void BackAndForth(benchmark::State& state) {
  constexpr int kHops = 1000;
  Pool pool(2);
  const auto session = pool.make_strand();
  const auto feed = pool.make_strand();
  const double before = sleeps();
  for (auto _ : state) {
    std::promise<void> done;
    std::function<void(int)> hop = [&](int left) {
      if (left == 0) return done.set_value();
      (left % 2 == 0 ? session : feed)->post([&hop, left] { hop(left - 1); });
    };
    session->post([&hop] { hop(kHops); });
    done.get_future().wait();
  }
  state.SetItemsProcessed(state.iterations() * kHops);
  state.counters["sleeps_per_hop"] =
      benchmark::Counter((sleeps() - before) / kHops, benchmark::Counter::kAvgIterations);
}
BENCHMARK_TEMPLATE(BackAndForth, WorkerPool)->UseRealTime();
BENCHMARK_TEMPLATE(BackAndForth, AsioPool)->UseRealTime();

}  // namespace
}  // namespace shoal::node

BENCHMARK_MAIN();
