#pragma once

#include "attach/following/current_access.h"

#include <cstdint>
#include <memory>
#include <mutex>
#include <utility>

namespace shoal::attach {

/// A mirror that is asked for again when the node that kept it has ended.
class FollowingMirror final : public node::MirrorApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<FollowingMirror>> open(std::shared_ptr<CurrentAccess> current,
                                                                     node::FeedReference feed, MirrorOptions options);
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  FollowingMirror(std::shared_ptr<CurrentAccess> current, node::FeedReference feed, MirrorOptions options)
      : current_(std::move(current)), feed_(std::move(feed)), options_(std::move(options)), access_(current_->get()) {}

  /// Asks the current node for the mirror, or the next one.
  [[nodiscard]] Result<void> want(const Wait& wait);

  std::shared_ptr<CurrentAccess> current_;
  const node::FeedReference feed_;
  const MirrorOptions options_;
  std::mutex mutex_;
  CurrentAccess::Access access_;
  std::shared_ptr<node::MirrorApi> mirror_;  ///< of access_; null after that node ended
  std::uint64_t reported_ = 0;
};

}  // namespace shoal::attach
