#include "node/directory/storage.h"

#include "node/node_testing.h"
#include "store/keyspace.h"

#include <fstream>

namespace shoal::node {
namespace {

using testing::code_of;
using testing::must;
using testing::TempDir;

struct LogLines final : base::LogSink {
  void log(base::LogLevel level, std::string_view /*component*/, std::string_view message) override {
    if (level >= base::LogLevel::warning) lines.emplace_back(message);
  }
  std::vector<std::string> lines;
};

Bytes row_key() { return store::feed_property_key(store::FeedNumber{1}, "test"); }

class StorageTest : public ::testing::Test {
 protected:
  StorageTest() {
    auto storage = must(open());
    for (store::KvStore* each : {storage->own.get(), storage->mirrored.get()}) {
      store::WriteBatch batch;
      batch.put(store::Column::meta, row_key(), Bytes{1, 2, 3});
      must(each->write(batch, store::Sync::yes));
    }
    first_key_ = storage->node_key->public_key();
    EXPECT_TRUE(log_.lines.empty());
  }

  Result<std::shared_ptr<Storage>> open() { return Storage::open(data_, log_); }
  [[nodiscard]] static bool has_row(const store::KvStore& store) {
    return must(store.contains(store::Column::meta, row_key()));
  }
  [[nodiscard]] bool exists(const std::string& name) const { return std::filesystem::exists(data_ / name); }
  /// The one line says what is damaged, where it is now, and what to do or what follows.
  void expect_line(const std::string& what, const std::string& aside, const std::string& follows) const {
    ASSERT_EQ(log_.lines.size(), 1U) << ::testing::PrintToString(log_.lines);
    for (const std::string& part : {what, aside, follows}) {
      EXPECT_NE(log_.lines[0].find(part), std::string::npos) << part << " in: " << log_.lines[0];
    }
  }

  TempDir dir_;
  std::filesystem::path data_ = dir_ / "data";
  LogLines log_;
  PublicKey first_key_;
};

TEST_F(StorageTest, ADamagedMirrorStoreIsPutAsideAndOwnFeedsGoOn) {
  std::filesystem::remove(data_ / "mirrored/CURRENT");
  std::ofstream(data_ / "mirrored/000099.sst") << "x";
  const auto storage = must(open());
  EXPECT_TRUE(has_row(*storage->own));
  EXPECT_FALSE(has_row(*storage->mirrored));
  EXPECT_TRUE(exists("mirrored.damaged-1/000099.sst"));
  expect_line("other people's feeds", "mirrored.damaged-1", "fetched again");
}

TEST_F(StorageTest, OfADamagedOwnStoreWhatCanBeReadIsTakenOver) {
  std::ofstream(data_ / "own/CURRENT") << "MANIFEST-999999\n";
  const auto storage = must(open());
  EXPECT_TRUE(has_row(*storage->own));
  EXPECT_TRUE(has_row(*storage->mirrored));
  EXPECT_TRUE(exists("own.damaged-1/CURRENT"));
  expect_line("own feeds", "own.damaged-1", "exit 9");
}

TEST_F(StorageTest, AnEmptiedCutOrForeignJournalIsPutAside) {
  std::filesystem::resize_file(data_ / "journal", 0);
  must(open());
  expect_line("journal", "journal.damaged-1", "exit 9");
  log_.lines.clear();
  std::filesystem::resize_file(data_ / "journal", 4096);
  must(open());
  expect_line("journal", "journal.damaged-2", "exit 9");
  log_.lines.clear();
  {
    std::fstream file(data_ / "journal", std::ios::in | std::ios::out | std::ios::binary);
    file << std::string(4096, 'x');
  }
  must(open());
  expect_line("journal", "journal.damaged-3", "exit 9");
  log_.lines.clear();
  must(open());
  EXPECT_TRUE(log_.lines.empty()) << "it was said once";
}

TEST_F(StorageTest, AMissingJournalIsSaid) {
  std::filesystem::remove(data_ / "journal");
  must(open());
  expect_line("journal", "missing", "exit 9");
}

TEST_F(StorageTest, ADamagedNodeKeyIsMadeAnew) {
  std::ofstream(data_ / "node.key") << "shoalcast secret";
  const auto storage = must(open());
  EXPECT_NE(storage->node_key->public_key(), first_key_);
  EXPECT_TRUE(exists("node.key.damaged-1"));
  expect_line("node's key", "node.key.damaged-1", "pinned");
  log_.lines.clear();
}

TEST_F(StorageTest, ANodeKeyThatOthersCanReadIsRefusedAsItIs) {
  std::filesystem::permissions(data_ / "node.key", std::filesystem::perms(0644));
  EXPECT_EQ(code_of(open()), Code::bad_key);
  EXPECT_FALSE(exists("node.key.damaged-1"));
}

TEST_F(StorageTest, AStoreThatCannotBeUsedIsNotPutAside) {
  std::filesystem::rename(data_ / "mirrored", data_ / "elsewhere");
  std::ofstream(data_ / "mirrored") << "a file";
  EXPECT_FALSE(open().ok());
  EXPECT_FALSE(exists("mirrored.damaged-1"));
  EXPECT_TRUE(log_.lines.empty());
}

TEST_F(StorageTest, ItsReserveIsKeptUnlessItIsWhatIsUsed) {
  EXPECT_TRUE(exists("reserve"));
  std::filesystem::remove(data_ / "reserve");
  must(Storage::open(data_, log_, {}, Storage::WhenFull::use_reserve));
  EXPECT_FALSE(exists("reserve"));
  const auto storage = must(open());
  EXPECT_TRUE(exists("reserve"));
  ASSERT_TRUE(storage->reserve.has_value());
  EXPECT_TRUE(storage->reserve->release());
}

TEST_F(StorageTest, ANodeKeyIsMadeOnceAndReadAfterThat) {
  EXPECT_EQ(must(open())->node_key->public_key(), first_key_);
  const auto made = must(load_node_key(dir_ / "other.key"));
  EXPECT_EQ(must(load_node_key(dir_ / "other.key")).public_key(), made.public_key());
  EXPECT_EQ(code_of(load_node_key(dir_ / "missing/node.key")), Code::io);
}

TEST_F(StorageTest, WhatTheStoresHoldIsThereAgain) {
  const auto storage = must(open());
  EXPECT_TRUE(has_row(*storage->own));
  EXPECT_TRUE(has_row(*storage->mirrored));
  EXPECT_FALSE(storage->place.empty());
  EXPECT_TRUE(log_.lines.empty());
}

}  // namespace
}  // namespace shoal::node
