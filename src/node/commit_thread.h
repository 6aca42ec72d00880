#pragma once

#include "node/own_feed.h"

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace shoal::node {

/// The thread that signs: commits the groups of all own feeds, one after the other. It may block on the disk.
class CommitThread {
 public:
  explicit CommitThread(const base::Clock& clock);
  /// Commits nothing more, and joins.
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  /// The feed stays until the thread is gone.
  void add(std::shared_ptr<OwnFeed> feed);
  /// Something may be due sooner than was thought.
  void wake();
  /// Runs `task` on the thread and waits for it.
  [[nodiscard]] Result<void> run(std::function<Result<void>()> task);
  void stop();

 private:
  void loop();

  const base::Clock* clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool woken_ = false;
  bool stopping_ = false;
  std::vector<std::shared_ptr<OwnFeed>> feeds_;
  std::vector<std::packaged_task<Result<void>()>> tasks_;
  std::thread thread_;
};

}  // namespace shoal::node
