#include "feed/log/feed_rows.h"

#include "base/try.h"
#include "base/wire.h"
#include "feed/format/checkpoint.h"
#include "feed/format/row_range.h"
#include "feed/log/log_rows.h"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <set>
#include <string>
#include <utility>

namespace shoal::feed {
namespace {

constexpr std::array kBlockColumns = {store::Column::headers, store::Column::payloads, store::Column::tree,
                                      store::Column::topics,  store::Column::offsets,  store::Column::times};

Result<std::optional<std::uint32_t>> read_number(const store::KvStore& heads, const Bytes& key, std::string_view name) {
  SHOAL_TRY(const auto row, heads.get(store::Column::meta, key));
  if (!row) return std::optional<std::uint32_t>{};
  base::WireReader in(*row);
  const std::uint32_t number = in.u32();
  if (!in.finished() || number == 0) return corrupt_feed("a malformed " + std::string(name));
  return std::optional<std::uint32_t>{number};
}

Result<std::optional<std::uint32_t>> find_number(const store::KvStore& heads, const FeedId& feed) {
  return read_number(heads, store::feed_number_key(feed), "feed number");
}

/// Calls `take` with key and value of each feed's number.
template <class Take>
Result<void> each_number(const store::KvStore& heads, const Take& take) {
  const store::KeyRange range = store::feed_numbers_range();
  const auto rows = heads.iterate(store::Column::meta);
  for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) {
    SHOAL_CHECK(take(rows->key(), rows->value()));
  }
  return rows->status();
}

/// What the store of blocks has of numbers that no feed has: a lost log of the store of heads takes numbers with it,
/// and the copies of heads beside the blocks tell whose they were.
struct Orphans {
  std::uint32_t highest = 0;             ///< 0: there are none
  std::optional<std::uint32_t> of_feed;  ///< its head is signed by the feed
};

/// Looks between the numbers that feeds have only: there are few gaps, and every new feed asks.
Result<Orphans> find_orphans(const FeedStores& stores, const FeedId& feed) {
  Orphans found;
  if (stores.one_store()) return found;
  std::set<std::uint32_t> known;
  SHOAL_CHECK(each_number(*stores.heads, [&](ByteView, ByteView value) -> Result<void> {
    known.insert(base::WireReader(value).u32());
    return {};
  }));
  const auto rows = stores.blocks->iterate(store::Column::meta);
  // Numbers begin with 1: rows of the store itself are passed over.
  for (std::uint32_t number = 1; number != 0; ++number) {
    if (known.contains(number)) continue;
    rows->seek(store::feed_range(store::FeedNumber{number}).begin);
    if (!rows->valid()) break;
    number = store::feed_of_key(rows->key()).value();
    if (known.contains(number)) continue;
    found.highest = number;
    SHOAL_TRY(const auto row, stores.blocks->get(store::Column::meta, store::head_key(store::FeedNumber{number})));
    const auto head = row ? decode_checkpoint(*row) : Result<Checkpoint>(Error{Code::not_found, "no head"});
    if (head && verify_checkpoint(feed, *head)) found.of_feed = number;
  }
  SHOAL_CHECK(rows->status());
  return found;
}

Result<std::uint32_t> give_number(const FeedStores& stores, const FeedId& feed) {
  store::KvStore& heads = *stores.heads;
  SHOAL_TRY(const auto next, read_number(heads, store::next_feed_number_key(), "next feed number"));
  SHOAL_TRY(const Orphans orphans, find_orphans(stores, feed));
  const std::uint32_t free = std::max(next.value_or(1), orphans.highest + 1);
  const std::uint32_t number = orphans.of_feed.value_or(free);
  const auto encode = [](std::uint32_t value) {
    base::WireWriter out(4);
    out.u32(value);
    return std::move(out).take();
  };
  store::WriteBatch batch;
  batch.put(store::Column::meta, store::feed_number_key(feed), encode(number));
  batch.put(store::Column::meta, store::next_feed_number_key(), encode(orphans.of_feed ? free : number + 1));
  SHOAL_CHECK(heads.write(batch, store::Sync::yes));
  return number;
}

}  // namespace

Error corrupt_feed(std::string_view what) {
  return Error{Code::corrupt, "stored feed: " + std::string(what),
               "run `shoal verify` on the feed; a mirror can be removed and fetched again"};
}

Result<std::optional<Bytes>> FeedRows::property(std::string_view name) const {
  return stores.heads->get(store::Column::meta, store::feed_property_key(number, name));
}

Result<void> FeedRows::set_property(std::string_view name, const std::optional<Bytes>& value) const {
  store::WriteBatch batch;
  const Bytes key = store::feed_property_key(number, name);
  if (value) {
    batch.put(store::Column::meta, key, *value);
  } else {
    batch.erase(store::Column::meta, key);
  }
  return stores.heads->write(batch, store::Sync::no);
}

Result<FeedRows> open_feed_rows(FeedStores stores, const FeedId& feed) {
  SHOAL_TRY(const auto known, find_number(*stores.heads, feed));
  if (known) return FeedRows{stores, feed, store::FeedNumber{*known}};
  SHOAL_TRY(const std::uint32_t given, give_number(stores, feed));
  return FeedRows{stores, feed, store::FeedNumber{given}};
}

Result<std::vector<FeedId>> list_feeds(store::KvStore& heads) {
  std::vector<FeedId> out;
  SHOAL_CHECK(each_number(heads, [&](ByteView key, ByteView) -> Result<void> {
    SHOAL_TRY(const FeedId feed, store::feed_of_number_key(key));
    out.push_back(feed);
    return {};
  }));
  return out;
}

Result<void> remove_feed_rows(FeedStores stores, const FeedId& feed) {
  SHOAL_TRY(const auto known, find_number(*stores.heads, feed));
  if (!known) return Error{Code::not_found, "the feed has no rows here"};
  const store::FeedNumber number{*known};
  SHOAL_CHECK(erase_rows(*stores.blocks, number));
  if (!stores.one_store()) SHOAL_CHECK(erase_rows(*stores.heads, number));
  store::WriteBatch batch;
  for (const store::KeyRange& range : {store::cursors_range(feed), store::groups_range(feed)}) {
    batch.erase_range(store::Column::meta, range.begin, range.end);
  }
  batch.erase(store::Column::meta, store::feed_number_key(feed));
  return stores.heads->write(batch, store::Sync::yes);
}

Result<void> move_block_rows(FeedStores stores, const FeedId& feed) {
  constexpr std::size_t kBytes = std::size_t{4} << 20;
  SHOAL_TRY(const auto known, find_number(*stores.heads, feed));
  if (!known) return {};
  const store::FeedNumber number{*known};
  SHOAL_TRY(const auto state, stores.blocks->get(store::Column::meta, state_key(number)));
  if (!state) return {};
  SHOAL_TRY(const StateRow summary, decode_state_row(*state));
  if (summary.feed != feed) return {};  // rows of another feed under the same number
  const store::KeyRange range = store::feed_range(number);
  for (std::size_t i = 0; i < store::kColumnCount; ++i) {
    const auto column = static_cast<store::Column>(i);
    store::WriteBatch batch;
    std::size_t bytes = 0;
    const auto rows = stores.blocks->iterate(column);
    for (rows->seek(range.begin); rows->valid() && in_range(range, rows->key()); rows->next()) {
      if (column == store::Column::meta) {
        SHOAL_TRY(const bool there, stores.heads->contains(column, rows->key()));
        if (there) continue;
      }
      batch.put(column, Bytes(rows->key().begin(), rows->key().end()),
                Bytes(rows->value().begin(), rows->value().end()));
      bytes += rows->value().size();
      if (bytes < kBytes) continue;
      SHOAL_CHECK(stores.heads->write(std::exchange(batch, {}), store::Sync::no));
      bytes = 0;
    }
    SHOAL_CHECK(rows->status());
    SHOAL_CHECK(stores.heads->write(batch, store::Sync::no));
  }
  SHOAL_CHECK(stores.heads->make_durable());
  return erase_rows(*stores.blocks, number);
}

Result<void> erase_rows(store::KvStore& store, store::FeedNumber number) {
  const store::KeyRange range = store::feed_range(number);
  for (const store::Column column : kBlockColumns) SHOAL_CHECK(store.drop_range(column, range.begin, range.end));
  store::WriteBatch batch;
  batch.erase_range(store::Column::meta, range.begin, range.end);
  return store.write(batch, store::Sync::no);
}

}  // namespace shoal::feed
