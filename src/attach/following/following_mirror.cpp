#include "attach/following/following_mirror.h"

#include "base/try.h"
#include "node/api/deadline.h"

namespace shoal::attach {

Result<std::shared_ptr<FollowingMirror>> FollowingMirror::open(std::shared_ptr<CurrentAccess> current,
                                                               node::FeedReference feed, MirrorOptions options) {
  std::shared_ptr<FollowingMirror> made(new FollowingMirror(std::move(current), std::move(feed), std::move(options)));
  SHOAL_CHECK(made->want({std::chrono::seconds(10)}));
  return made;
}

Result<void> FollowingMirror::want(const Wait& wait) {
  for (;;) {
    auto made = access_->api().keeping().mirror(feed_, options_);
    if (made.ok()) {
      mirror_ = std::move(*made);
      return {};
    }
    if (!current_->lost(access_, made.error())) return std::move(made).error();
    SHOAL_TRY(access_, current_->replace(access_, wait));
  }
}

Result<std::uint64_t> FollowingMirror::wait_synced(const Wait& wait) {
  const auto deadline = node::deadline_of(wait);
  const std::lock_guard lock(mutex_);
  for (;;) {
    const auto left = std::chrono::ceil<std::chrono::milliseconds>(deadline - std::chrono::steady_clock::now());
    const Wait rest{node::limited(left), wait.stop};
    if (!mirror_) SHOAL_CHECK(want(rest));
    auto synced = mirror_->wait_synced(rest);
    if (synced.ok() && *synced > reported_) {
      reported_ = *synced;
      return synced;
    }
    // The next node reports again what this one had reported.
    if (synced.ok()) continue;
    if (!current_->lost(access_, synced.error())) return synced;
    mirror_.reset();
  }
}

}  // namespace shoal::attach
