#include "attach/following/following_owning.h"

namespace shoal::attach {

Result<node::OpenedFeed> FollowingOwning::open_feed(const std::string& name, const FeedOptions& options) {
  return access_->ask([&](node::NodeApi& api) { return api.owning().open_feed(name, options); });
}

Result<void> FollowingOwning::publish_manifest(const std::string& name, const node::Manifest& manifest) {
  // Never repeated: the first call may have signed it.
  return access_->get()->api().owning().publish_manifest(name, manifest);
}

Result<std::shared_ptr<node::ProducerApi>> FollowingOwning::open_producer(const std::string& name,
                                                                          const ProducerOptions& options,
                                                                          const Wait& wait) {
  return access_->ask([&](node::NodeApi& api) { return api.owning().open_producer(name, options, wait); });
}

Result<std::shared_ptr<node::ProducerApi>> FollowingOwning::share_producer(const std::string& name,
                                                                           const ProducerOptions& options,
                                                                           const Wait& wait) {
  return access_->ask([&](node::NodeApi& api) { return api.owning().share_producer(name, options, wait); });
}

Result<node::RecoveredFeed> FollowingOwning::recover(const std::string& name, const node::RecoverOptions& options,
                                                     const Wait& wait) {
  return access_->ask([&](node::NodeApi& api) { return api.owning().recover(name, options, wait); });
}

}  // namespace shoal::attach
