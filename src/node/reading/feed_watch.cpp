#include "node/reading/feed_watch.h"

#include "base/try.h"

namespace shoal::node {

Result<std::shared_ptr<FeedWatch>> FeedWatch::open(const std::shared_ptr<FeedHost>& host) {
  if (const auto closed = host->news().closed()) return *closed;
  SHOAL_TRY(auto signal, ReadySignal::make());
  host->news().watch(signal);
  return std::shared_ptr<FeedWatch>(new FeedWatch(host, std::move(signal)));
}

Result<std::uint64_t> FeedWatch::version() {
  // Lowered before the state is read: a change after that raises the signal again.
  signal_->lower();
  const auto host = host_.lock();
  const auto closed = host ? host->news().closed() : Error{Code::closed, "the node is closed", ""};
  if (!closed) return host->news().version();
  signal_->raise();
  return *closed;
}

}  // namespace shoal::node
