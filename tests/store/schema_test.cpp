// The version of a store: its file, its row, and what a store without one means.
#include "store/schema.h"

#include "base/log_sink.h"
#include "file_calls.h"
#include "store/forwarding_store.h"
#include "store/keyspace.h"
#include "store/rocks_kv_store.h"
#include "temp_dir.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cerrno>
#include <fstream>
#include <iterator>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

/// An iterator that finds nothing because it failed.
class FailedIterator final : public KvIterator {
 public:
  void seek(ByteView) override {}
  void seek_for_prev(ByteView) override {}
  void next() override {}
  void prev() override {}
  [[nodiscard]] bool valid() const override { return false; }
  [[nodiscard]] ByteView key() const override { return {}; }
  [[nodiscard]] ByteView value() const override { return {}; }
  [[nodiscard]] Result<void> status() const override { return Error{Code::io, "unreadable"}; }
};

class WatchedStore final : public ForwardingStore {
 public:
  explicit WatchedStore(std::unique_ptr<KvStore> store) : ForwardingStore(std::move(store)) {}
  [[nodiscard]] Result<void> write(const WriteBatch& batch, Sync sync) override {
    writes.push_back(sync);
    return ForwardingStore::write(batch, sync);
  }
  [[nodiscard]] std::unique_ptr<KvIterator> iterate(Column column) const override {
    if (unreadable) return std::make_unique<FailedIterator>();
    return ForwardingStore::iterate(column);
  }
  std::vector<Sync> writes;
  bool unreadable = false;
};

class SchemaRowTest : public ::testing::Test {
 protected:
  /// A store with this version row.
  void make(const std::optional<Bytes>& row, bool other_rows = false) {
    auto opened = open_rocks_store("schema", Backing::memory, log_);
    ASSERT_TRUE(opened.ok());
    store_ = std::make_unique<WatchedStore>(*std::move(opened));
    WriteBatch batch;
    if (row) {
      batch.put(Column::meta, schema_key(), *row);
    } else {
      batch.erase(Column::meta, schema_key());
    }
    if (other_rows) batch.put(Column::meta, head_key(FeedNumber{1}), Bytes{1});
    ASSERT_TRUE(store_->write(batch, Sync::no).ok());
    store_->writes.clear();
  }
  static Code code(const Result<void>& result) { return result.ok() ? Code::closed : result.error().code; }
  [[nodiscard]] std::optional<Bytes> row() const { return store_->get(Column::meta, schema_key()).value(); }

  const Bytes this_version_{0, 0, 0, 2};
  base::NullLogSink log_;
  std::unique_ptr<WatchedStore> store_;
};

TEST_F(SchemaRowTest, AStoreOfThisVersionIsNotWritten) {
  make(this_version_, true);
  EXPECT_TRUE(ensure_schema(*store_, std::nullopt).ok());
  EXPECT_TRUE(check_schema(*store_, std::nullopt).ok());
  EXPECT_TRUE(store_->writes.empty());
}

TEST_F(SchemaRowTest, AnOlderVersionIsTakenOverDurably) {
  make(Bytes{0, 0, 0, 1}, true);
  EXPECT_TRUE(check_schema(*store_, std::nullopt).ok());
  EXPECT_TRUE(store_->writes.empty()) << "only read";
  EXPECT_TRUE(ensure_schema(*store_, std::nullopt).ok());
  EXPECT_EQ(store_->writes, std::vector{Sync::yes});
  EXPECT_EQ(row(), this_version_);
}

TEST_F(SchemaRowTest, AnUnknownVersionIsRefused) {
  for (const Bytes& version : {Bytes{0, 0, 0, 0}, Bytes{0, 0, 0, 3}, Bytes{1, 0, 0, 2}}) {
    make(version);
    EXPECT_EQ(code(ensure_schema(*store_, 2)), Code::unsupported);
    EXPECT_EQ(code(check_schema(*store_, 2)), Code::unsupported);
  }
  for (const Bytes& version : {Bytes{}, Bytes{0, 0, 2}, Bytes{0, 0, 0, 2, 0}}) {
    make(version);
    EXPECT_EQ(code(ensure_schema(*store_, 2)), Code::corrupt);
    EXPECT_EQ(code(check_schema(*store_, 2)), Code::corrupt);
  }
  EXPECT_TRUE(store_->writes.empty());
}

TEST_F(SchemaRowTest, WithoutAVersionOnlyAnEmptyStoreIsNew) {
  make(std::nullopt, true);
  EXPECT_EQ(code(ensure_schema(*store_, std::nullopt)), Code::corrupt);
  EXPECT_EQ(code(check_schema(*store_, std::nullopt)), Code::corrupt);
  EXPECT_TRUE(store_->writes.empty());
  EXPECT_TRUE(check_schema(*store_, 2).ok());
  EXPECT_TRUE(ensure_schema(*store_, 2).ok()) << "the file tells";
  EXPECT_EQ(row(), this_version_);
  make(std::nullopt);
  EXPECT_TRUE(check_schema(*store_, std::nullopt).ok());
  EXPECT_TRUE(ensure_schema(*store_, std::nullopt).ok());
  EXPECT_EQ(row(), this_version_);
}

TEST_F(SchemaRowTest, AStoreThatCannotBeReadIsNotEmpty) {
  make(std::nullopt, true);
  store_->unreadable = true;
  EXPECT_EQ(code(ensure_schema(*store_, std::nullopt)), Code::io);
  EXPECT_EQ(code(check_schema(*store_, std::nullopt)), Code::io);
  EXPECT_TRUE(store_->writes.empty());
}

class SchemaFileTest : public ::testing::Test {
 protected:
  [[nodiscard]] Result<std::optional<std::uint32_t>> read(const std::string& text) const {
    std::ofstream(file_) << text;
    return read_schema_file(dir_ / ".");
  }
  [[nodiscard]] Result<void> write() const { return write_schema_file(dir_ / "."); }

  testing::TempDir dir_;
  const fs::path file_ = dir_ / "SCHEMA";
};

TEST_F(SchemaFileTest, IsReadOrSaysWhatIsWrong) {
  EXPECT_EQ(read_schema_file(dir_ / ".").value(), std::nullopt);
  EXPECT_EQ(read("2 2\n").value(), 2U);
  EXPECT_EQ(read("1 1").value(), 1U);
  EXPECT_EQ(read("3 3").error().code, Code::unsupported);
  EXPECT_EQ(read("4294967298 4294967298").error().code, Code::unsupported) << "2 in its last 32 bits";
  for (const char* text : {"", "0 0", "x", "2", "2 3", "3 2", "99999999999999999999 99999999999999999999"}) {
    EXPECT_EQ(read(text).value(), std::nullopt) << "damaged: the row tells";
    ASSERT_TRUE(write().ok());
    EXPECT_EQ(read_schema_file(dir_ / ".").value(), 2U) << "and is written anew";
  }
}

TEST_F(SchemaFileTest, IsWrittenOnceAndSyncedBeforeItHasItsName) {
  testing::FileCalls calls(dir_ / ".");
  ASSERT_TRUE(write().ok());
  EXPECT_EQ(calls.made(), (std::vector<std::string>{"write SCHEMA.new", "fdatasync SCHEMA.new", "rename SCHEMA"}));
  EXPECT_EQ(read_schema_file(dir_ / ".").value(), 2U);
  ASSERT_TRUE(write().ok());
  EXPECT_EQ(calls.made().size(), 3U);
  EXPECT_EQ(read("1 1").value(), 1U);
  ASSERT_TRUE(write().ok());
  EXPECT_EQ(read_schema_file(dir_ / ".").value(), 2U) << "it was taken over";
}

TEST_F(SchemaFileTest, AFailureLeavesNone) {
  testing::FileCalls calls(dir_ / ".");
  for (const char* call : {"open SCHEMA.new", "write SCHEMA.new", "fdatasync SCHEMA.new", "rename SCHEMA"}) {
    for (const auto& [reason, code] : {std::pair{ENOSPC, Code::no_space}, std::pair{EIO, Code::io}}) {
      calls.fail(call, reason);
      const Result<void> written = write();
      ASSERT_FALSE(written.ok()) << call;
      EXPECT_EQ(written.error().code, code) << call;
      EXPECT_FALSE(fs::exists(file_)) << call;
    }
  }
  calls.limit_bytes(1);
  EXPECT_FALSE(write().ok()) << "a part of it";
  EXPECT_FALSE(fs::exists(file_));
  calls.limit_bytes(100);
  EXPECT_TRUE(write().ok());
  EXPECT_EQ(write_schema_file(dir_ / "none").error().code, Code::io);
}

TEST_F(SchemaFileTest, ItsDescriptorIsClosedAlsoWhenItIsZero) {
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  EXPECT_TRUE(write().ok());
  EXPECT_EQ(open_files(), before);
  fs::remove(file_);
  const int input = ::dup(0);
  ::close(0);
  EXPECT_TRUE(write().ok());
  EXPECT_EQ(::dup(0), -1);
  ::dup2(input, 0);
  ::close(input);
}

}  // namespace
}  // namespace shoal::store
