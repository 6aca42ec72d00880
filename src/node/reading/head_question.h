#pragma once

#include "node/feeds/feed_host.h"

#include <atomic>
#include <chrono>
#include <memory>

namespace shoal::node {

/// The question "what is your newest head", asked of every connected peer, and its result. Any thread.
struct HeadQuestion {
  std::atomic<bool> done = false;
  std::atomic<bool> answered = false;  ///< by a peer at least; set before `done`

  /// Asks. The question ends `grace` after the last answer, which is for peers that are being dialled, or after
  /// `timeout`; the feed's waiters are notified then.
  [[nodiscard]] static std::shared_ptr<const HeadQuestion> ask(FeedHost& host, std::chrono::milliseconds grace,
                                                               std::chrono::milliseconds timeout);
};

}  // namespace shoal::node
