#pragma once

#include "base/executor.h"

#include <memory>

namespace shoal::node {

/// Threads that run strands: tasks of one strand never overlap, tasks of different strands do. docs/ARCHITECTURE.md has
/// the table of who may block where; here nobody waits for another strand.
class WorkerPool {
 public:
  explicit WorkerPool(unsigned threads);
  ~WorkerPool();
  WorkerPool(const WorkerPool&) = delete;
  WorkerPool& operator=(const WorkerPool&) = delete;

  [[nodiscard]] std::shared_ptr<base::Executor> make_strand();
  /// Joins the threads after what was posted has run; timers that are not due are dropped. Not from a pool thread.
  void stop();

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace shoal::node
