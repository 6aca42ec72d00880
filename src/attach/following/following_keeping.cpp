#include "attach/following/following_keeping.h"

#include "attach/following/following_mirror.h"
#include "base/try.h"

namespace shoal::attach {

Result<std::shared_ptr<node::MirrorApi>> FollowingKeeping::mirror(const node::FeedReference& feed,
                                                                  const MirrorOptions& options) {
  const auto asked = access_->get();
  if (!asked->attached()) return asked->api().keeping().mirror(feed, options);
  SHOAL_TRY(auto made, FollowingMirror::open(access_, feed, options));
  return std::shared_ptr<node::MirrorApi>(std::move(made));
}

Result<void> FollowingKeeping::remove(const node::FeedReference& feed) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().remove(feed); });
}

Result<std::optional<StoredCursor>> FollowingKeeping::stored_cursor(const node::FeedReference& feed,
                                                                    const std::string& name) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().stored_cursor(feed, name); });
}

Result<void> FollowingKeeping::store_cursor(const node::FeedReference& feed, const std::string& name,
                                            const StoredCursor& cursor) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().store_cursor(feed, name, cursor); });
}

Result<void> FollowingKeeping::replace_cursor(const node::FeedReference& feed, const std::string& name,
                                              const std::string& expected, const StoredCursor& cursor) {
  // Not twice: the first one may have replaced it.
  return access_->get()->api().keeping().replace_cursor(feed, name, expected, cursor);
}

Result<std::vector<node::NamedCursor>> FollowingKeeping::list_cursors(const node::FeedReference& feed) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().list_cursors(feed); });
}

Result<void> FollowingKeeping::erase_cursor(const node::FeedReference& feed, const std::string& name) {
  return access_->get()->api().keeping().erase_cursor(feed, name);
}

Result<void> FollowingKeeping::store_group_offsets(const node::FeedReference& feed, const std::string& group,
                                                   const std::vector<node::GroupOffset>& offsets) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().store_group_offsets(feed, group, offsets); });
}

Result<std::vector<node::GroupOffset>> FollowingKeeping::group_offsets(const node::FeedReference& feed,
                                                                       const std::string& group) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().group_offsets(feed, group); });
}

Result<std::vector<std::string>> FollowingKeeping::groups(const node::FeedReference& feed) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().groups(feed); });
}

Result<void> FollowingKeeping::erase_group(const node::FeedReference& feed, const std::string& group) {
  return access_->get()->api().keeping().erase_group(feed, group);
}

Result<node::AuditReport> FollowingKeeping::verify(const node::FeedReference& feed, const node::Progress& progress) {
  return access_->ask([&](node::NodeApi& api) { return api.keeping().verify(feed, progress); });
}

Result<node::BundleSummary> FollowingKeeping::export_bundle(const node::FeedReference& feed,
                                                            const node::ExportOptions& options,
                                                            const node::ByteSink& sink,
                                                            const node::Progress& progress) {
  // Never repeated: the sink may have taken bytes already.
  return access_->get()->api().keeping().export_bundle(feed, options, sink, progress);
}

Result<node::BundleSummary> FollowingKeeping::import_bundle(const node::ByteSource& source,
                                                            const node::Progress& progress) {
  return access_->get()->api().keeping().import_bundle(source, progress);
}

}  // namespace shoal::attach
