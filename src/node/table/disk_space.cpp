#include "node/table/disk_space.h"

#include "base/try.h"

#include <cstdint>

namespace shoal::node {
namespace {

/// Payloads are rewritten when one part in this many of their files is dead, and at least this many bytes.
constexpr std::uint64_t kDeadPart = 4;
constexpr std::uint64_t kDeadBytes = std::uint64_t{4} << 20;

}  // namespace

Result<void> give_back_pruned(const feed::FeedLog& log, store::KvStore& store, const feed::BlockRange& span) {
  if (span.begin >= span.end) return {};
  SHOAL_CHECK(log.reclaim(span));
  return rewrite_if_worth(store);
}

Result<void> rewrite_if_worth(store::KvStore& store) {
  const store::KvStore::ValueFiles files = store.value_files(store::Column::payloads);
  if (files.dead < kDeadBytes || files.dead < files.bytes / kDeadPart) return {};
  return rewrite_payloads(store);
}

Result<void> rewrite_payloads(store::KvStore& store) {
  const Bytes first(1, 0);
  const Bytes last(32, 0xff);
  return store.compact(store::Column::payloads, first, last);
}

}  // namespace shoal::node
