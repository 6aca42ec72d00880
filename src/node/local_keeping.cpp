#include "node/local_keeping.h"

#include "base/try.h"
#include "feed/bundle/bundle.h"
#include "feed/read/feed_audit.h"
#include "node/reading/cursor_store.h"
#include "node/reading/group_offsets.h"
#include "node/reading/local_mirror.h"
#include "topic/cursor.h"
#include "topic/topic_filter.h"

#include <functional>
#include <set>
#include <tuple>
#include <vector>

namespace shoal::node {
namespace {

/// The known topics that match the patterns. Code::not_found for a pattern that matches none.
Result<std::vector<std::string>> topics_named(const feed::FeedReader& reader,
                                              const std::vector<std::string>& patterns) {
  SHOAL_TRY(const auto views, reader.topics());
  std::set<std::string> names;
  for (const std::string& pattern : patterns) {
    const topic::TopicFilter filter{{pattern}, {}};
    bool found = false;
    for (const feed::TopicView& view : views) {
      if (!filter.selects(view.stream)) continue;
      names.insert(view.stream.topic);
      found = true;
    }
    if (!found) {
      return Error{Code::not_found, "the feed has no topic " + pattern + " that is known here",
                   "shoal topics FEED lists them"};
    }
  }
  return std::vector<std::string>(names.begin(), names.end());
}

}  // namespace

Result<std::shared_ptr<MirrorApi>> LocalKeeping::mirror(const FeedReference& feed, const MirrorOptions& options) {
  if (feed.own) {
    return Error{Code::invalid_argument, "feed " + feed.name + " is your own: it needs no mirror here",
                 "shoal node serves it"};
  }
  if (options.keep.count() < 0) return Error{Code::invalid_argument, "a mirror keeps for a while, or 0 for ever", ""};
  SHOAL_TRY(const auto open, table_.mirror(feed, options));
  retention_.wake();
  return std::shared_ptr<MirrorApi>(std::make_shared<LocalMirror>(open));
}

Result<std::optional<StoredCursor>> LocalKeeping::stored_cursor(const FeedReference& feed, const std::string& name) {
  SHOAL_TRY(const auto files, table_.storage());
  return CursorStore(*files->own).get(feed.feed, name);
}

Result<void> LocalKeeping::store_cursor(const FeedReference& feed, const std::string& name,
                                        const StoredCursor& cursor) {
  if (name.empty()) return Error{Code::invalid_argument, "a cursor needs a name", ""};
  SHOAL_CHECK(topic::decode_cursor(cursor.token));
  SHOAL_TRY(const auto files, table_.storage());
  return CursorStore(*files->own).put(feed.feed, name, cursor);
}

Result<void> LocalKeeping::replace_cursor(const FeedReference& feed, const std::string& name,
                                          const std::string& expected, const StoredCursor& cursor) {
  if (name.empty()) return Error{Code::invalid_argument, "a cursor needs a name", ""};
  SHOAL_CHECK(topic::decode_cursor(cursor.token));
  SHOAL_TRY(const auto files, table_.storage());
  return CursorStore(*files->own).put_if(feed.feed, name, expected, cursor);
}

Result<std::vector<NamedCursor>> LocalKeeping::list_cursors(const FeedReference& feed) {
  SHOAL_TRY(const auto files, table_.storage());
  return CursorStore(*files->own).list(feed.feed);
}

Result<void> LocalKeeping::erase_cursor(const FeedReference& feed, const std::string& name) {
  SHOAL_TRY(const auto files, table_.storage());
  return CursorStore(*files->own).erase(feed.feed, name);
}

Result<void> LocalKeeping::store_group_offsets(const FeedReference& feed, const std::string& group,
                                               const std::vector<GroupOffset>& offsets) {
  SHOAL_TRY(const auto files, table_.storage());
  return GroupOffsets(*files->own).put(feed.feed, group, offsets, clock_.wall_now());
}

Result<std::vector<GroupOffset>> LocalKeeping::group_offsets(const FeedReference& feed, const std::string& group) {
  SHOAL_TRY(const auto files, table_.storage());
  return GroupOffsets(*files->own).get(feed.feed, group);
}

Result<std::vector<std::string>> LocalKeeping::groups(const FeedReference& feed) {
  SHOAL_TRY(const auto files, table_.storage());
  return GroupOffsets(*files->own).groups(feed.feed);
}

Result<void> LocalKeeping::erase_group(const FeedReference& feed, const std::string& group) {
  SHOAL_TRY(const auto files, table_.storage());
  return GroupOffsets(*files->own).erase(feed.feed, group);
}

Result<AuditReport> LocalKeeping::verify(const FeedReference& feed, const Progress& progress) {
  SHOAL_TRY(const auto open, table_.host(feed));
  const auto problem = open->own_terms().writer_problem();
  if (problem && problem->code == Code::corrupt) return *problem;
  // An own feed that is shorter than its signed head is damaged, although what is there hashes correctly.
  const auto head = open->reader().head();
  const std::uint64_t held = head ? head->tree_size : 0;
  const std::uint64_t lost_to = open->own_terms().signed_size();
  if (!head && lost_to > 0) return lost_blocks(held, lost_to);
  SHOAL_TRY(AuditReport report, feed::audit(open->reader(), progress));
  if (!open->own() && !report.damage.empty()) std::ignore = open->run([] {});  // what was found is dropped by now
  if (lost_to > held) report.damage.push_back(lost_blocks(held, lost_to).message);
  return report;
}

Result<BundleSummary> LocalKeeping::export_bundle(const FeedReference& feed, const ExportOptions& options,
                                                  const ByteSink& sink, const Progress& progress) {
  SHOAL_TRY(const auto open, table_.host(feed));
  feed::BundleSelection selection;
  SHOAL_TRY(selection.topics, topics_named(open->reader(), options.topics));
  selection.from = options.from.value_or(selection.from);
  selection.before = options.before.value_or(selection.before);
  selection.after_size = options.after_size;
  selection.part_bytes = options.part_bytes;
  SHOAL_TRY(BundleSummary summary, feed::write_bundle(open->reader(), selection, sink, progress));
  const std::uint64_t signed_size = open->own_terms().signed_size();
  if (signed_size > summary.head.tree_size) summary.lacking += signed_size - summary.head.tree_size;
  return summary;
}

Result<BundleSummary> LocalKeeping::import_bundle(const ByteSource& source, const Progress& progress) {
  SHOAL_TRY(const auto files, table_.storage());
  SHOAL_TRY(auto import, feed::BundleImport::open(source));
  SHOAL_TRY(const auto reference, table_.resolve(import.feed().hex()));
  Result<BundleSummary> imported = Error{Code::closed, "the node is closed", ""};
  const auto take = [&](FeedHost& host) -> Result<void> {
    // The mirror is used on its strand only. The source may be slow: it is read on this thread.
    const auto with_mirror = [&host](const std::function<Result<void>(feed::FeedMirror&)>& job) -> Result<void> {
      Result<void> done = Error{Code::closed, "the node is closed", ""};
      std::ignore = host.run([&] { done = job(*host.mirror()); });
      return done;
    };
    imported = import.run(with_mirror, files->directory->path(), progress);
    host.news().notify();
    return imported ? Result<void>{} : imported.error();
  };
  if (reference.own) {
    SHOAL_CHECK(table_.take_in(reference, take));
  } else {
    SHOAL_TRY(const auto open, table_.host(reference));
    SHOAL_CHECK(take(*open));
  }
  return imported;
}

}  // namespace shoal::node
