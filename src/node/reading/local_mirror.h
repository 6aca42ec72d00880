#pragma once

#include "node/api/mirror_api.h"
#include "node/feeds/feed_host.h"

#include <cstdint>
#include <memory>

namespace shoal::node {

/// Waits for the persistent want of one feed, which stays when this goes.
class LocalMirror final : public MirrorApi {
 public:
  explicit LocalMirror(const std::shared_ptr<FeedHost>& host) : host_(host) {}
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  std::weak_ptr<FeedHost> host_;
  std::uint64_t reported_ = 0;
};

}  // namespace shoal::node
