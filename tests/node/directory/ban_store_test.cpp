#include "node/directory/ban_store.h"

#include "store/keyspace.h"
#include "store/rocks_kv_store.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using Saved = replication::BanList::Saved;

class BanStore : public ::testing::Test {
 protected:
  BanStore() : store_(store::open_rocks_store("bans", store::Backing::memory, log_).value()) {}

  base::NullLogSink log_;
  std::unique_ptr<store::KvStore> store_;
};

Saved ban(std::uint8_t number, std::chrono::seconds left) {
  Saved out{{}, left, number};
  out.node.bytes.fill(number);
  return out;
}

TEST_F(BanStore, RowsComeBackAsTheyWere) {
  EXPECT_TRUE(load_bans(*store_).value().empty());
  const std::vector<Saved> bans{ban(1, 600s), ban(2, 24h)};
  ASSERT_TRUE(save_bans(*store_, bans).ok());
  EXPECT_EQ(load_bans(*store_).value(), bans);
  // Nobody is banned any more: what the row said is over.
  ASSERT_TRUE(save_bans(*store_, {}).ok());
  EXPECT_TRUE(load_bans(*store_).value().empty());
}

TEST_F(BanStore, AnEmptyListLeavesNoRow) {
  ASSERT_TRUE(save_bans(*store_, {}).ok());
  EXPECT_FALSE(store_->contains(store::Column::meta, store::setting_key("bans")).value());
}

TEST_F(BanStore, CutAndForeignRowsAreCorrupt) {
  ASSERT_TRUE(save_bans(*store_, {ban(1, 600s), ban(2, 1s)}).ok());
  const Bytes key = store::setting_key("bans");
  const Bytes row = store_->get(store::Column::meta, key).value().value();
  const auto with_row = [&](Bytes bytes) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, key, std::move(bytes));
    EXPECT_TRUE(store_->write(batch, store::Sync::no).ok());
    return load_bans(*store_);
  };
  for (std::size_t size = 0; size < row.size(); ++size) {
    EXPECT_EQ(with_row(Bytes(row.begin(), row.begin() + static_cast<std::ptrdiff_t>(size))).error().code, Code::corrupt)
        << size;
  }
  Bytes later = row;
  later[0] = 2;
  EXPECT_EQ(with_row(later).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::node
