#include "store/rocks_files.h"

#include "temp_dir.h"

#include <gtest/gtest.h>
#include <rocksdb/env.h>

#include <unistd.h>

#include <array>
#include <filesystem>
#include <string>

namespace shoal::store {
namespace {

/// Puts a pipe in the place of the open file or directory `path`: nobody can sync one.
void make_syncs_fail(const std::filesystem::path& path) {
  std::array<int, 2> pipe{};
  ASSERT_EQ(::pipe(pipe.data()), 0);
  bool found = false;
  for (const auto& entry : std::filesystem::directory_iterator("/proc/self/fd")) {
    std::error_code gone;
    if (std::filesystem::read_symlink(entry.path(), gone) != path) continue;
    found = ::dup2(pipe[1], std::stoi(entry.path().filename())) >= 0;
  }
  ::close(pipe[0]);
  ::close(pipe[1]);
  ASSERT_TRUE(found);
}

class RocksFilesTest : public ::testing::Test {
 protected:
  RocksFilesTest() { EXPECT_TRUE(rocksdb::WriteStringToFile(files_.env(), "x", kept_).ok()); }

  [[nodiscard]] bool deletes() {
    const bool deleted = files_.env()->DeleteFile(kept_).ok();
    EXPECT_NE(deleted, std::filesystem::exists(kept_));
    return deleted;
  }

  testing::TempDir dir_;
  std::string kept_ = dir_ / "kept";
  RocksFiles files_{dir_ / "."};
};

TEST_F(RocksFilesTest, FilesAreDeletedWhileSyncsSucceed) {
  std::unique_ptr<rocksdb::WritableFile> file;
  ASSERT_TRUE(files_.env()->NewWritableFile(dir_ / "log", &file, {}).ok());
  EXPECT_TRUE(file->Append("row").ok() && file->Sync().ok() && file->Fsync().ok());
  EXPECT_TRUE(deletes());
}

TEST_F(RocksFilesTest, AfterAFailedSyncEverythingStaysUntilItIsForgotten) {
  for (const bool all : {false, true}) {
    std::unique_ptr<rocksdb::WritableFile> file;
    ASSERT_TRUE(files_.env()->NewWritableFile(dir_ / "log", &file, {}).ok());
    make_syncs_fail(dir_ / "log");
    EXPECT_FALSE((all ? file->Fsync() : file->Sync()).ok());
    EXPECT_FALSE(deletes());
    files_.forget_failed_sync();
  }
  EXPECT_TRUE(deletes());
}

TEST_F(RocksFilesTest, AFileThatIsContinuedIsWatchedToo) {
  std::unique_ptr<rocksdb::WritableFile> file;
  ASSERT_TRUE(files_.env()->ReopenWritableFile(kept_, &file, {}).ok());
  make_syncs_fail(kept_);
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_FALSE(deletes());
}

TEST_F(RocksFilesTest, SoIsADirectory) {
  std::unique_ptr<rocksdb::Directory> directory;
  ASSERT_TRUE(files_.env()->NewDirectory(dir_ / "", &directory).ok());
  EXPECT_TRUE(directory->Fsync().ok());
  make_syncs_fail((dir_ / "x").parent_path());
  EXPECT_FALSE(directory->Fsync().ok());
  EXPECT_FALSE(deletes());
}

TEST_F(RocksFilesTest, TheNextStartKnowsOfAFailedSyncUntilItIsForgotten) {
  EXPECT_FALSE(files_.sync_failed());
  std::unique_ptr<rocksdb::WritableFile> file;
  ASSERT_TRUE(files_.env()->NewWritableFile(dir_ / "log", &file, {}).ok());
  make_syncs_fail(dir_ / "log");
  EXPECT_FALSE(file->Sync().ok());
  EXPECT_TRUE(files_.sync_failed());
  RocksFiles next(dir_ / ".");
  EXPECT_TRUE(next.sync_failed());
  EXPECT_TRUE(next.env()->DeleteFile(kept_).ok()) << "it writes a manifest of its own first";
  next.forget_failed_sync();
  EXPECT_FALSE(next.sync_failed());
  EXPECT_FALSE(RocksFiles(dir_ / ".").sync_failed());
}

}  // namespace
}  // namespace shoal::store
