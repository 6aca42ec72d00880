#include "node/table/open_feeds.h"

#include "base/try.h"

namespace shoal::node {

Result<void> OpenFeeds::check_open() const {
  if (closed_) return Error{Code::closed, "the node is closed", ""};
  return {};
}

Result<std::shared_ptr<Storage>> OpenFeeds::storage() const {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  return storage_;
}

std::shared_ptr<FeedHost> OpenFeeds::host(const FeedId& feed) const {
  const std::lock_guard lock(mutex_);
  const auto open = hosts_.find(feed);
  return open == hosts_.end() ? nullptr : open->second;
}

std::shared_ptr<OwnFeed> OpenFeeds::writer(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto open = writers_.find(name);
  return open == writers_.end() ? nullptr : open->second;
}

Result<OpenFeeds::Opened> OpenFeeds::host_or_open(const FeedId& feed,
                                                  const std::function<Result<std::shared_ptr<FeedHost>>()>& open) {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  if (const auto known = hosts_.find(feed); known != hosts_.end()) return Opened{known->second, false};
  SHOAL_TRY(auto opened, open());
  hosts_[feed] = opened;
  return Opened{std::move(opened), true};
}

void OpenFeeds::add_writer(const std::string& name, std::shared_ptr<OwnFeed> writer) {
  const std::lock_guard lock(mutex_);
  writers_[name] = std::move(writer);
}

Result<FeedId> OpenFeeds::add_volatile(const std::string& name, const FeedId& feed) {
  const std::lock_guard lock(mutex_);
  SHOAL_CHECK(check_open());
  return volatile_feeds_.try_emplace(name, feed).first->second;
}

std::optional<FeedId> OpenFeeds::volatile_feed(const std::string& name) const {
  const std::lock_guard lock(mutex_);
  const auto known = volatile_feeds_.find(name);
  return known == volatile_feeds_.end() ? std::nullopt : std::optional(known->second);
}

std::map<std::string, FeedId> OpenFeeds::volatile_feeds() const {
  const std::lock_guard lock(mutex_);
  return volatile_feeds_;
}

std::vector<std::shared_ptr<FeedHost>> OpenFeeds::hosts() const {
  const std::lock_guard lock(mutex_);
  std::vector<std::shared_ptr<FeedHost>> hosts;
  hosts.reserve(hosts_.size());
  for (const auto& [id, open] : hosts_) hosts.push_back(open);
  return hosts;
}

void OpenFeeds::retire(const FeedReference& feed, const std::shared_ptr<FeedHost>& host) {
  const std::lock_guard lock(mutex_);
  hosts_.erase(feed.feed);
  writers_.erase(feed.name);
  volatile_feeds_.erase(feed.name);
  retired_.push_back(host);
}

void OpenFeeds::close() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  for (auto& [name, writer] : writers_) writer->stop_taking();
}

void OpenFeeds::close_feeds() {
  const std::lock_guard lock(mutex_);
  for (auto& [name, writer] : writers_) writer->close();
  for (auto& [id, host] : hosts_) host->close();
}

OpenFeeds::All OpenFeeds::take_all() {
  const std::lock_guard lock(mutex_);
  closed_ = true;
  return {std::exchange(hosts_, {}), std::exchange(writers_, {}), std::exchange(retired_, {}),
          std::exchange(storage_, nullptr)};
}

}  // namespace shoal::node
