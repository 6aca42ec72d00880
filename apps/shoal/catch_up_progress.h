#pragma once

#include "node_session.h"

#include <thread>
#include <vector>

namespace shoal::command {

/// Shows on a terminal how much of what mirrors know of they hold, as long as that grows. Its own thread; ends with
/// this object. Without a terminal it does nothing.
class CatchUpProgress {
 public:
  /// `session` must outlive it.
  CatchUpProgress(Messages& messages, NodeSession& session, std::vector<node::FeedReference> feeds);

 private:
  std::jthread thread_;
};

}  // namespace shoal::command
