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
