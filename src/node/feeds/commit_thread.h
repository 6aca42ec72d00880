#pragma once

#include "node/feeds/own_feed.h"

#include <condition_variable>
#include <functional>
#include <future>
#include <memory>
#include <mutex>
#include <thread>
#include <vector>

namespace shoal::node {

/// The thread that signs: commits the groups of all own feeds, one after the other. It may block on the disk.
class CommitThread {
 public:
  explicit CommitThread(const base::Clock& clock);
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  /// The feed stays until stop().
  void add(std::shared_ptr<OwnFeed> feed);
  /// Lets go of the feed. Only on the thread.
  void drop(const std::shared_ptr<OwnFeed>& feed);
  /// Something may be due sooner than was thought.
  void wake();
  /// Runs `task` on the thread and waits for it; at once when this is the thread.
  [[nodiscard]] Result<void> run(std::function<Result<void>()> task);
  /// Runs `task` on the thread, some time later. After stop() it does not run.
  void post(std::function<void()> task);
  /// Commits what is due, joins, and lets go of the feeds. Not from the thread itself.
  void stop();

 private:
  void loop();
  /// Gives whether a feed may have more, and when to look again.
  struct Pass {
    bool more = false;
    base::MonoTime due{0};
  };
  [[nodiscard]] Pass commit_all(const std::vector<std::shared_ptr<OwnFeed>>& feeds);

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
