#include "attach/following/following_node.h"

#include "base/try.h"

namespace shoal::attach {

Result<std::shared_ptr<SharedNode>> open_node(NodeOptions options, const std::stop_token& stop) {
  SHOAL_TRY(auto access, CurrentAccess::open(std::move(options), stop));
  return std::shared_ptr<SharedNode>(std::make_shared<FollowingNode>(std::move(access)));
}

Result<node::NodeFacts> FollowingNode::facts() {
  return access_->ask([](node::NodeApi& api) { return api.facts(); });
}

Result<node::DoctorReport> FollowingNode::doctor(const std::optional<node::FeedReference>& feed, const Wait& wait) {
  return access_->ask(wait.stop, [&](node::NodeApi& api) { return api.doctor(feed, wait); });
}

}  // namespace shoal::attach
