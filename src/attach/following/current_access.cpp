#include "attach/following/current_access.h"

#include "base/try.h"
#include "doors/http/http_connection.h"
#include "node/api/deadline.h"

#include <algorithm>

namespace shoal::attach {

Result<std::shared_ptr<CurrentAccess>> CurrentAccess::open(NodeOptions options, const std::stop_token& stop) {
  SHOAL_TRY(auto access, DirectoryAccess::open(options, {kOpenTimeout, stop}));
  return std::shared_ptr<CurrentAccess>(new CurrentAccess(std::move(options), std::move(access)));
}

CurrentAccess::Access CurrentAccess::get() const {
  const std::lock_guard lock(mutex_);
  return access_;
}

void CurrentAccess::close() {
  Access access;
  {
    const std::lock_guard lock(mutex_);
    closed_ = true;
    access = access_;
  }
  access->close();
}

bool CurrentAccess::lost(const Access& access, const Error& error) const {
  if (!access->attached() || error.code != Code::closed) return false;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return false;
  }
  // A node that still answers means it: a feed that was removed stays closed.
  return doors::is_connection_lost(error) || !access->answers();
}

Result<CurrentAccess::Access> CurrentAccess::replace(const Access& lost, const Wait& wait) {
  const std::lock_guard replacing(replacing_);
  const auto now = std::chrono::steady_clock::now();
  auto patience = now + kOpenTimeout;
  {
    const std::lock_guard lock(mutex_);
    if (closed_) return Error{Code::closed, "the node is closed", ""};
    if (access_ != lost) return access_;
  }
  // It may have ended one connection only: of a reader that did not read.
  if (lost->answers()) return lost;
  {
    const std::lock_guard lock(mutex_);
    if (!lost_since_) lost_since_ = now;
    patience = *lost_since_ + kOpenTimeout;
  }
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(patience - now);
  auto opened =
      DirectoryAccess::open(options_, {std::min(node::limited(wait.timeout), node::limited(left)), wait.stop});
  if (!opened.ok()) {
    const bool patient = std::chrono::steady_clock::now() < patience;
    if (opened.error().code != Code::in_use || !patient) return std::move(opened).error();
    return Error{Code::timed_out, opened.error().message, opened.error().hint};
  }
  install(*opened);
  lost->close();
  return *opened;
}

void CurrentAccess::install(const Access& access) {
  std::function<void()> moved;
  bool closed = false;
  {
    const std::lock_guard lock(mutex_);
    access_ = access;
    lost_since_.reset();
    for (const auto& callback : on_blamed_) access->api().on_peer_blamed(callback);
    moved = on_moved_;
    closed = closed_;
  }
  if (closed) return access->close();
  if (serves_all_) access->api().serve_all();
  if (moved) moved();
}

void CurrentAccess::on_moved(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_moved_ = std::move(callback);
}

void CurrentAccess::check_holder() {
  const Access access = get();
  if (!access->attached()) return;
  // A found access is reported by on_moved(); without one, the next check looks again.
  if (!access->answers()) std::ignore = replace(access, Wait{});
  get()->rest();
}

void CurrentAccess::on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) {
  const std::lock_guard lock(mutex_);
  on_blamed_.push_back(callback);
  access_->api().on_peer_blamed(std::move(callback));
}

void CurrentAccess::serve_all() {
  serves_all_ = true;
  get()->api().serve_all();
}

}  // namespace shoal::attach
