#pragma once

#include "node/feed_host.h"
#include "node/node_api.h"

namespace shoal::node {

/// A persistent want of this process.
class LocalMirror final : public MirrorApi {
 public:
  LocalMirror(const std::shared_ptr<FeedHost>& host, const MirrorOptions& options);
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  std::weak_ptr<FeedHost> host_;
  FeedHost::WantHandle want_;
  std::uint64_t reported_ = 0;
};

}  // namespace shoal::node
