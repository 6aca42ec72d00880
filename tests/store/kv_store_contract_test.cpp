// What every KvStore promises, run on each backing.
#include "store/kv_store.h"

#include "base/bytes.h"
#include "base/log_sink.h"
#include "store/buffered_store.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <iterator>
#include <map>
#include <utility>

namespace shoal::store {
namespace {

Bytes text(std::string_view value) {
  const ByteView bytes = base::as_bytes(value);
  return Bytes(bytes.begin(), bytes.end());
}

struct Kind {
  const char* name;
  Backing backing;
  bool buffered = false;
};

class KvStoreContract : public ::testing::TestWithParam<Kind> {
 protected:
  void SetUp() override {
    Result<std::unique_ptr<KvStore>> opened = open_rocks_store(dir_ / "store", GetParam().backing, log_);
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    store_ = std::move(opened).value();
    if (GetParam().buffered) {
      store_ = std::make_unique<BufferedStore>(std::move(store_), BufferedStore::kMirrors);
    }
  }

  void put(Column column, std::string_view key, std::string_view value) {
    WriteBatch batch;
    batch.put(column, text(key), text(value));
    ASSERT_TRUE(store_->write(batch, Sync::deferred).ok());
  }

  std::string get(Column column, std::string_view key) {
    const Result<std::optional<Bytes>> value = store_->get(column, text(key));
    if (!value.ok()) return "error: " + value.error().message;
    if (!*value) return "(none)";
    return std::string(base::as_text(**value));
  }

  bool contains(Column column, std::string_view key) {
    const Result<bool> found = store_->contains(column, text(key));
    EXPECT_TRUE(found.ok());
    return found.ok() && *found;
  }

  static std::string key_at(const KvIterator& at) {
    return at.valid() ? std::string(base::as_text(at.key())) : "(end)";
  }

  testing::TempDir dir_;
  base::NullLogSink log_;
  std::unique_ptr<KvStore> store_;
};

TEST_P(KvStoreContract, ReadsWhatItWrote) {
  put(Column::meta, "a", "1");
  put(Column::headers, "a", "2");
  put(Column::meta, "empty", "");
  EXPECT_EQ(get(Column::meta, "a"), "1");
  EXPECT_EQ(get(Column::headers, "a"), "2");
  EXPECT_EQ(get(Column::meta, "empty"), "");
  EXPECT_EQ(get(Column::tree, "a"), "(none)");
  put(Column::meta, "a", "3");
  EXPECT_EQ(get(Column::meta, "a"), "3");
}

TEST_P(KvStoreContract, ABatchIsAppliedInOrderAcrossColumns) {
  put(Column::topics, "k1", "old");
  put(Column::topics, "k2", "old");
  WriteBatch batch;
  EXPECT_TRUE(batch.empty());
  batch.erase(Column::topics, text("k1"));
  batch.erase_range(Column::topics, text("k2"), text("k9"));
  batch.put(Column::topics, text("k3"), text("new"));
  batch.put(Column::offsets, text("k3"), text("other"));
  ASSERT_TRUE(store_->write(batch, Sync::yes).ok());
  EXPECT_EQ(get(Column::topics, "k1"), "(none)");
  EXPECT_EQ(get(Column::topics, "k2"), "(none)");
  EXPECT_EQ(get(Column::topics, "k3"), "new");
  EXPECT_EQ(get(Column::offsets, "k3"), "other");
}

TEST_P(KvStoreContract, EmptyAndInvertedRangesEraseNothing) {
  put(Column::times, "m", "1");
  WriteBatch batch;
  batch.erase_range(Column::times, text("m"), text("m"));
  batch.erase_range(Column::times, text("z"), text("a"));
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  ASSERT_TRUE(store_->drop_range(Column::times, text("z"), text("a")).ok());
  EXPECT_EQ(get(Column::times, "m"), "1");
}

TEST_P(KvStoreContract, ContainsFollowsPutsErasesAndRanges) {
  const std::string large(100'000, 'x');
  for (const bool flushed : {false, true}) {
    for (const Column column : {Column::payloads, Column::meta}) {
      put(column, "b1", large);
      put(column, "b2", "small");
      put(column, "b3", large);
      put(column, "b4", large);
      if (flushed) {
        ASSERT_TRUE(store_->compact(column, text("a"), text("z")).ok());
      }
      EXPECT_TRUE(contains(column, "b1"));
      EXPECT_TRUE(contains(column, "b2"));
      EXPECT_FALSE(contains(column, "b"));
      EXPECT_FALSE(contains(column, "b11"));
      WriteBatch batch;
      batch.erase(column, text("b1"));
      batch.erase_range(column, text("b2"), text("b4"));
      ASSERT_TRUE(store_->write(batch, Sync::no).ok());
      EXPECT_FALSE(contains(column, "b1"));
      EXPECT_FALSE(contains(column, "b2"));
      EXPECT_FALSE(contains(column, "b3"));
      EXPECT_TRUE(contains(column, "b4"));
      put(column, "b3", large);
      EXPECT_TRUE(contains(column, "b3"));
    }
  }
}

TEST_P(KvStoreContract, IteratesInUnsignedByteOrderBothWays) {
  WriteBatch batch;
  for (const int first : {0x00, 0x7f, 0x80, 0xff}) {
    batch.put(Column::headers, Bytes{static_cast<std::uint8_t>(first)}, Bytes{static_cast<std::uint8_t>(first)});
  }
  ASSERT_TRUE(store_->write(batch, Sync::no).ok());
  const std::unique_ptr<KvIterator> at = store_->iterate(Column::headers);
  std::vector<int> forward;
  for (at->seek({}); at->valid(); at->next()) forward.push_back(at->key()[0]);
  EXPECT_EQ(forward, (std::vector<int>{0x00, 0x7f, 0x80, 0xff}));
  ASSERT_TRUE(at->status().ok());
  std::vector<int> backward;
  for (at->seek_for_prev(Bytes{0xff, 0xff}); at->valid(); at->prev()) backward.push_back(at->value()[0]);
  EXPECT_EQ(backward, (std::vector<int>{0xff, 0x80, 0x7f, 0x00}));
}

TEST_P(KvStoreContract, SeeksToNeighboursOfAbsentKeys) {
  put(Column::offsets, "b", "1");
  put(Column::offsets, "d", "2");
  const std::unique_ptr<KvIterator> at = store_->iterate(Column::offsets);
  at->seek(text("a"));
  EXPECT_EQ(key_at(*at), "b");
  at->seek(text("b"));
  EXPECT_EQ(key_at(*at), "b");
  at->seek(text("c"));
  EXPECT_EQ(key_at(*at), "d");
  at->seek(text("e"));
  EXPECT_FALSE(at->valid());
  EXPECT_TRUE(at->status().ok());
  at->seek_for_prev(text("e"));
  EXPECT_EQ(key_at(*at), "d");
  at->seek_for_prev(text("d"));
  EXPECT_EQ(key_at(*at), "d");
  at->seek_for_prev(text("c"));
  EXPECT_EQ(key_at(*at), "b");
  at->seek_for_prev(text("a"));
  EXPECT_FALSE(at->valid());
}

TEST_P(KvStoreContract, AnIteratorSeesTheStoreAsItWas) {
  put(Column::headers, "a", "1");
  const std::unique_ptr<KvIterator> at = store_->iterate(Column::headers);
  put(Column::headers, "a", "2");
  put(Column::headers, "b", "2");
  at->seek({});
  EXPECT_EQ(base::as_text(at->value()), "1");
  at->next();
  EXPECT_FALSE(at->valid());
}

TEST_P(KvStoreContract, IteratesOverLargePayloads) {
  put(Column::payloads, "a", std::string(3'000'000, 'a'));
  put(Column::payloads, "b", "tiny");
  put(Column::payloads, "c", std::string(2'000, 'c'));
  ASSERT_TRUE(store_->compact(Column::payloads, text("a"), text("z")).ok());
  const std::unique_ptr<KvIterator> at = store_->iterate(Column::payloads);
  std::vector<std::size_t> sizes;
  for (at->seek({}); at->valid(); at->next()) sizes.push_back(at->value().size());
  EXPECT_EQ(sizes, (std::vector<std::size_t>{3'000'000, 4, 2'000}));
}

TEST_P(KvStoreContract, DropRangeErasesExactlyItsKeys) {
  for (const Column column : {Column::payloads, Column::headers}) {
    for (const char* key : {"a", "b", "c", "d"}) put(column, key, std::string(2'000, 'x'));
    ASSERT_TRUE(store_->make_durable().ok());
    ASSERT_TRUE(store_->drop_range(column, text("b"), text("d")).ok());
    EXPECT_TRUE(contains(column, "a"));
    EXPECT_FALSE(contains(column, "b"));
    EXPECT_FALSE(contains(column, "c"));
    EXPECT_TRUE(contains(column, "d"));
    put(column, "b", "again");
    EXPECT_EQ(get(column, "b"), "again");
  }
}

// Random histories against a plain map.
TEST_P(KvStoreContract, BehavesAsAMap) {
  std::map<Bytes, Bytes> model;
  const bool good = rc::check([&] {
    const auto key = [] { return Bytes{static_cast<std::uint8_t>(*rc::gen::inRange(0, 12))}; };
    for (int step = 0; step < 10; ++step) {
      WriteBatch batch;
      for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
        const Bytes first = key();
        switch (*rc::gen::inRange(0, 4)) {
          case 0:
            batch.erase(Column::payloads, first);
            model.erase(first);
            break;
          case 1: {
            const Bytes end = key();
            batch.erase_range(Column::payloads, first, end);
            if (first < end) model.erase(model.lower_bound(first), model.lower_bound(end));
            break;
          }
          default: {
            const Bytes value(static_cast<std::size_t>(*rc::gen::inRange(0, 1500)), first[0]);
            batch.put(Column::payloads, first, value);
            model[first] = value;
          }
        }
      }
      RC_ASSERT(store_->write(batch, *rc::gen::element(Sync::no, Sync::deferred, Sync::deferred)).ok());
      if (*rc::gen::inRange(0, 40) == 0) RC_ASSERT(store_->make_durable().ok());
      const Bytes any = key();
      const auto held = store_->get(Column::payloads, any);
      RC_ASSERT(held.ok() && held->has_value() == model.contains(any));
      if (model.contains(any)) RC_ASSERT(**held == model[any]);
      RC_ASSERT(*store_->contains(Column::payloads, any) == model.contains(any));
      const auto first = store_->first_at(Column::payloads, any);
      const auto expected_first = model.lower_bound(any);
      RC_ASSERT(first.ok() && first->has_value() == (expected_first != model.end()));
      if (*first) RC_ASSERT((*first)->key == expected_first->first && (*first)->value == expected_first->second);
      const std::unique_ptr<KvIterator> at = store_->iterate(Column::payloads);
      auto expected = model.begin();
      for (at->seek({}); at->valid(); at->next(), ++expected) {
        RC_ASSERT(expected != model.end());
        RC_ASSERT(Bytes(at->key().begin(), at->key().end()) == expected->first);
        RC_ASSERT(Bytes(at->value().begin(), at->value().end()) == expected->second);
      }
      RC_ASSERT(expected == model.end());
      // A walk that turns round.
      const Bytes from = key();
      at->seek_for_prev(from);
      auto place = model.upper_bound(from);
      for (int turn = 0; turn < 6; ++turn) {
        RC_ASSERT(at->valid() == (place != model.begin()));
        if (!at->valid()) break;
        RC_ASSERT(Bytes(at->key().begin(), at->key().end()) == std::prev(place)->first);
        if (*rc::gen::inRange(0, 2) == 0) {
          at->prev();
          --place;
        } else {
          at->next();
          if (place == model.end()) break;
          ++place;
        }
      }
    }
  });
  EXPECT_TRUE(good);
}

TEST_P(KvStoreContract, ReclaimKeepsWhatIsLive) {
  for (std::uint8_t i = 0; i < 40; ++i) {
    WriteBatch batch;
    batch.put(Column::payloads, Bytes{0, 0, 0, 1, i}, Bytes(20'000, i));
    batch.put(Column::payloads, Bytes{0, 0, 0, 2, i}, Bytes(20'000, i));
    ASSERT_TRUE(store_->write(batch, Sync::deferred).ok());
  }
  ASSERT_TRUE(store_->make_durable().ok());
  const auto live = [](ByteView key) { return key[4] >= 30; };
  const LiveRows rows{[&](ByteView first, ByteView last) -> std::uint64_t {
                        const std::uint64_t begin = std::max<std::uint64_t>(first[4], 30);
                        return last[4] < begin ? 0 : last[4] - begin + 1;
                      },
                      live};
  ASSERT_TRUE(store_->reclaim(Column::payloads, Bytes{0, 0, 0, 1}, Bytes{0, 0, 0, 1, 30}, rows).ok());
  for (std::uint8_t i = 0; i < 40; ++i) {
    EXPECT_EQ(**store_->get(Column::payloads, Bytes{0, 0, 0, 2, i}), Bytes(20'000, i)) << "of another feed";
    if (i < 30) continue;
    EXPECT_EQ(**store_->get(Column::payloads, Bytes{0, 0, 0, 1, i}), Bytes(20'000, i));
  }
}

INSTANTIATE_TEST_SUITE_P(Backings, KvStoreContract,
                         ::testing::Values(Kind{"disk", Backing::disk}, Kind{"memory", Backing::memory},
                                           Kind{"buffered", Backing::disk, true}),
                         [](const auto& one) { return std::string(one.param.name); });

}  // namespace
}  // namespace shoal::store
