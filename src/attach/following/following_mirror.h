#pragma once

#include "attach/following/following_node.h"

#include <cstdint>
#include <memory>
#include <mutex>

namespace shoal::attach {

/// A persistent want that is asked for again when the node that had it ended.
class FollowingMirror final : public node::MirrorApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<FollowingMirror>> open(std::shared_ptr<FollowingNode> node,
                                                                     node::FeedReference feed, MirrorOptions options);
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  FollowingMirror(std::shared_ptr<FollowingNode> node, node::FeedReference feed, MirrorOptions options)
      : node_(std::move(node)), feed_(std::move(feed)), options_(std::move(options)), home_(node_->home()) {}

  /// Wants it of the present node, or of the next one.
  [[nodiscard]] Result<void> want(const Wait& wait);

  std::shared_ptr<FollowingNode> node_;
  const node::FeedReference feed_;
  const MirrorOptions options_;
  std::mutex mutex_;
  FollowingNode::Home home_;
  std::shared_ptr<node::MirrorApi> mirror_;  ///< of home_; null after that ended
  std::uint64_t reported_ = 0;
};

}  // namespace shoal::attach
