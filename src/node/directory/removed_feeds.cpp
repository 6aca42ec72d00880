#include "node/directory/removed_feeds.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "store/keyspace.h"

#include <algorithm>

namespace shoal::node {
namespace {

constexpr std::string_view kPrefix = "removed/";
constexpr std::uint8_t kVersion = 1;

Bytes key_of(const FeedId& feed) { return store::setting_key(std::string(kPrefix) + feed.hex()); }

Result<RemovedFeed> decode(ByteView row) {
  base::WireReader in(row);
  RemovedFeed removed;
  const bool version = in.u8() == kVersion;
  removed.done = in.u8() != 0;
  removed.feed.key.bytes = in.array<32>();
  removed.tree_size = in.u64();
  removed.root.bytes = in.array<32>();
  if (!version || !in.finished()) return Error{Code::corrupt, "the record of a removed feed is malformed", ""};
  return removed;
}

}  // namespace

Result<std::optional<RemovedFeed>> find_removed(const store::KvStore& own, const FeedId& feed) {
  SHOAL_TRY(const auto row, own.get(store::Column::meta, key_of(feed)));
  if (!row) return std::optional<RemovedFeed>{};
  SHOAL_TRY(const RemovedFeed removed, decode(*row));
  return std::optional<RemovedFeed>{removed};
}

Result<std::vector<RemovedFeed>> list_removed(const store::KvStore& own) {
  std::vector<RemovedFeed> out;
  const Bytes prefix = store::setting_key(kPrefix);
  const auto rows = own.iterate(store::Column::meta);
  for (rows->seek(prefix); rows->valid(); rows->next()) {
    const ByteView key = rows->key();
    if (key.size() < prefix.size() || !std::equal(prefix.begin(), prefix.end(), key.begin())) break;
    SHOAL_TRY(const RemovedFeed removed, decode(rows->value()));
    out.push_back(removed);
  }
  SHOAL_CHECK(rows->status());
  return out;
}

Result<void> put_removed(store::KvStore& own, const RemovedFeed& removed) {
  base::WireWriter row;
  row.u8(kVersion);
  row.u8(removed.done ? 1 : 0);
  row.bytes(removed.feed.key.bytes);
  row.u64(removed.tree_size);
  row.bytes(removed.root.bytes);
  store::WriteBatch batch;
  batch.put(store::Column::meta, key_of(removed.feed), std::move(row).take());
  return own.write(batch, store::Sync::yes);
}

Error removed_error(const std::string& name, const RemovedFeed& removed) {
  return Error{Code::unsafe_to_sign,
               "feed " + name + " was removed here at size " + std::to_string(removed.tree_size) +
                   ": signing on without its blocks would begin a second history",
               "publish under another name (shoal init OTHER); what others hold of it can still be read and mirrored"};
}

}  // namespace shoal::node
