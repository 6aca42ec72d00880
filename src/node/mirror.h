#pragma once

#include "node/feed_host.h"
#include "node/node_api.h"

namespace shoal::node {

/// A persistent want of this process.
class LocalMirror final : public MirrorApi {
 public:
  LocalMirror(FeedHost& host, const MirrorOptions& options, std::shared_ptr<void> keep_alive);
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  FeedHost* host_;
  std::shared_ptr<void> keep_alive_;
  FeedHost::WantHandle want_;
  std::uint64_t reported_ = 0;
};

}  // namespace shoal::node
