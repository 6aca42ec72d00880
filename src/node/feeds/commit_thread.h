#pragma once

#include "base/clock.h"
#include "base/due_queue.h"

#include <shoal/result.h>

#include <condition_variable>
#include <functional>
#include <future>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

namespace shoal::node {

/// What the commit thread does for one own feed.
class CommitWork {
 public:
  virtual ~CommitWork() = default;
  /// Does what is due, one group of batches at most. Gives when there is more to do: a time that has passed means at
  /// once, after other feeds had their turn. Called on the commit thread only.
  [[nodiscard]] virtual std::optional<base::MonoTime> work() = 0;
};

/// The thread that signs: does the work of all own feeds that are due, one after the other. It may block on the disk. A
/// feed that has nothing to do costs nothing: feeds stand in a queue by the time at which they are due. Thread-safe.
class CommitThread {
 public:
  explicit CommitThread(const base::Clock& clock);
  ~CommitThread();
  CommitThread(const CommitThread&) = delete;
  CommitThread& operator=(const CommitThread&) = delete;

  /// Asks the feed at once what it has to do. It stays until stop().
  void add(std::shared_ptr<CommitWork> feed);
  /// Lets go of the feed. Only on the thread.
  void drop(const std::shared_ptr<CommitWork>& feed);
  /// The feed has work at this time, or sooner than was known. A feed that was not added, or was dropped, has none. Not
  /// under a lock that CommitWork::work() takes.
  void due(CommitWork& feed, base::MonoTime at);
  /// The same, now.
  void due(CommitWork& feed) { due(feed, base::MonoTime::min()); }
  /// Runs `task` on the thread and waits for it; at once when this is the thread.
  [[nodiscard]] Result<void> run(std::function<Result<void>()> task);
  /// Runs `task` on the thread, some time later. After stop() it does not run.
  void post(std::function<void()> task);
  /// Does what is due, joins, and lets go of the feeds. Not from the thread itself.
  void stop();

 private:
  void loop();
  /// Under mutex_: the feeds that are due now, which leave the queue.
  [[nodiscard]] std::vector<std::shared_ptr<CommitWork>> take_due();
  void work(const std::vector<std::shared_ptr<CommitWork>>& feeds);
  /// Under mutex_.
  void schedule(CommitWork& feed, base::MonoTime at);
  /// Under mutex_: until something is due, or came meanwhile.
  void sleep(std::unique_lock<std::mutex>& lock);

  const base::Clock* clock_;
  std::mutex mutex_;
  std::condition_variable wake_;
  bool stopping_ = false;
  std::map<CommitWork*, std::shared_ptr<CommitWork>> feeds_;
  base::DueQueue<CommitWork*> due_;
  std::vector<std::packaged_task<Result<void>()>> tasks_;
  std::thread thread_;
};

}  // namespace shoal::node
