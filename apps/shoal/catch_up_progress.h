#pragma once

#include "node_session.h"

#include <thread>
#include <vector>

namespace shoal::command {

/// Shows on a terminal how many of the known blocks the mirrors hold, while that number grows. Has a thread of its own,
/// which the destructor ends. Without a terminal it does nothing.
class CatchUpProgress {
 public:
  /// `session` must outlive it.
  CatchUpProgress(Messages& messages, NodeSession& session, std::vector<node::FeedReference> feeds);

 private:
  std::jthread thread_;
};

}  // namespace shoal::command
