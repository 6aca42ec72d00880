#include "base/try.h"
#include "c/objects.h"

namespace shoal::c {
namespace {

HandleTable<shoal_mirror, MirrorObject>& mirrors() { return handles<shoal_mirror, MirrorObject>(); }

}  // namespace
}  // namespace shoal::c

using namespace shoal;
using namespace shoal::c;

shoal_code shoal_mirror_open(shoal_node* node, const char* feed_id, const shoal_mirror_options* options,
                             shoal_mirror** mirror, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (mirror == nullptr) return null_argument("mirror");
    SHOAL_TRY(const auto open, find_node(node));
    SHOAL_TRY(const auto id, read_feed_id(feed_id));
    SHOAL_TRY(const auto given, read_options(options, "shoal_mirror_options"));
    MirrorOptions wanted;
    SHOAL_TRY(wanted.topics, read_texts(given.topics, given.topic_count, "topics"));
    if (given.keep_ms < 0) return Error{Code::invalid_argument, "keep_ms is below zero", ""};
    wanted.keep = std::chrono::milliseconds(given.keep_ms);
    wanted.max_bytes = given.max_bytes;
    SHOAL_TRY(auto made, open->mirror(id, wanted));
    *mirror = mirrors().add(std::make_shared<MirrorObject>(std::move(made)));
    return {};
  });
}

shoal_code shoal_mirror_wait_synced(shoal_mirror* mirror, std::int64_t timeout_ms, shoal_stop* stop,
                                    std::uint64_t* tree_size, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (timeout_ms != 0) SHOAL_CHECK(require_no_callback("shoal_mirror_wait_synced"));
    const auto found = mirrors().find(mirror);
    if (!found) return no_handle("shoal_mirror");
    SHOAL_TRY(const auto wait, read_wait(timeout_ms, stop));
    const std::unique_lock busy(found->busy, std::try_to_lock);
    if (!busy.owns_lock()) return Error{Code::in_use, "another call waits for this mirror", "one thread at a time"};
    SHOAL_TRY(const auto synced, found->mirror.wait_synced(wait));
    if (tree_size != nullptr) *tree_size = synced;
    return {};
  });
}

shoal_code shoal_mirror_free(shoal_mirror* mirror, shoal_error* error) {
  return guarded(error, [&]() -> Result<void> {
    if (mirror != nullptr && !mirrors().remove(mirror)) return no_handle("shoal_mirror");
    return {};
  });
}
