// Each way in which a data directory becomes a copy changes its marker; what leaves it where it is does not.
#include "feed/format/directory_marker.h"

#include "store/file_journal.h"
#include "store/temp_dir.h"

#include <gtest/gtest.h>

#include <fcntl.h>
#include <sys/stat.h>

#include <array>
#include <cstdlib>
#include <fstream>
#include <string>

namespace shoal::feed {
namespace {

namespace fs = std::filesystem;

class DirectoryMarker : public ::testing::Test {
 protected:
  DirectoryMarker() {
    fs::create_directory(files_.directory);
    open_journal();
    first_ = marker();
  }

  /// As an opening of the directory does.
  std::string marker() {
    EXPECT_TRUE(keep_stamp(files_).ok());
    const auto found = directory_marker(files_);
    EXPECT_TRUE(found.ok());
    return found.value();
  }
  void open_journal() {
    EXPECT_TRUE(keep_stamp(files_).ok());
    EXPECT_TRUE(store::open_file_journal(files_.journal.string()).ok());
  }
  void write_journal() const { std::fstream(files_.journal, std::ios::in | std::ios::out | std::ios::binary) << "x"; }
  static void run(const std::string& command) { ASSERT_EQ(std::system(command.c_str()), 0) << command; }
  [[nodiscard]] std::string directory() const { return files_.directory.string(); }
  [[nodiscard]] std::string backup() const { return (dir_ / "backup").string(); }
  void expect_another_place() { EXPECT_FALSE(same_place(first_, marker())); }

  store::testing::TempDir dir_;
  MarkedFiles files_{dir_ / "data", dir_ / "data/journal", dir_ / "data/place"};
  std::string first_;
};

TEST_F(DirectoryMarker, StaysWhileNothingIsCopied) {
  EXPECT_EQ(marker(), first_);
  EXPECT_EQ(first_.find(" -"), std::string::npos) << first_ << ": this file system keeps times";
  write_journal();
  EXPECT_EQ(marker(), first_);
  open_journal();
  EXPECT_EQ(marker(), first_) << "a journal that was just made has no two times";
  fs::rename(files_.directory, dir_ / "moved");
  files_ = {dir_ / "moved", dir_ / "moved/journal", dir_ / "moved/place"};
  EXPECT_EQ(marker(), first_);
}

TEST_F(DirectoryMarker, ChangesInACopyElsewhere) {
  run("cp -a " + directory() + " " + backup());
  files_ = {dir_ / "backup", dir_ / "backup/journal", dir_ / "backup/place"};
  expect_another_place();
}

TEST_F(DirectoryMarker, ChangesWhenABackupIsCopiedOverIt) {
  for (const char* copy : {"cp -a ", "cp -r "}) {
    run("rm -rf " + backup() + " && " + copy + directory() + " " + backup());
    first_ = marker();
    write_journal();
    run(copy + backup() + "/. " + directory());
    expect_another_place();
  }
}

TEST_F(DirectoryMarker, ChangesWhenTarUnpacksOverIt) {
  run("tar -C " + directory() + " -cf " + backup() + ".tar .");
  write_journal();
  run("tar -C " + directory() + " -xf " + backup() + ".tar");
  expect_another_place();
}

/// As rsync --inplace: files that are the same stay, of the others the bytes and the time of modification are set.
TEST_F(DirectoryMarker, ChangesWhenTheJournalAloneIsRestoredInPlace) {
  std::ifstream before(files_.journal, std::ios::binary);
  const std::string bytes((std::istreambuf_iterator<char>(before)), {});
  struct stat old {};
  ASSERT_EQ(::stat(files_.journal.c_str(), &old), 0);
  write_journal();
  {
    std::fstream file(files_.journal, std::ios::in | std::ios::out | std::ios::binary);
    file.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  }
  const std::array<timespec, 2> times{old.st_atim, old.st_mtim};
  ASSERT_EQ(::utimensat(AT_FDCWD, files_.journal.c_str(), times.data(), 0), 0);
  const std::string renewed = marker();
  EXPECT_FALSE(same_place(first_, renewed));
  // It stays another place for every feed, whatever the journal is written from here on.
  write_journal();
  EXPECT_EQ(marker(), renewed);
}

TEST_F(DirectoryMarker, ChangesWhenTheStampIsGoneOrCut) {
  fs::remove(files_.stamp);
  expect_another_place();
  first_ = marker();
  fs::resize_file(files_.stamp, 3);
  expect_another_place();
}

TEST_F(DirectoryMarker, OnAFileSystemWithoutTimesTheStampCountsForNothing) {
  std::ofstream(files_.stamp) << "shoalcast place\ntimes unknown\n";
  const std::string unknown = marker();
  EXPECT_TRUE(unknown.ends_with(" -")) << unknown;
  const std::array<timespec, 2> times{timespec{1, 0}, timespec{1, 0}};
  ASSERT_EQ(::utimensat(AT_FDCWD, files_.journal.c_str(), times.data(), 0), 0);
  EXPECT_EQ(marker(), unknown) << "nor do the journal's";
}

TEST(SamePlace, ComparesWhatBothKnow) {
  EXPECT_TRUE(same_place("v2 m 1 2 3.4.5", "v2 m 1 2 3.4.5"));
  EXPECT_FALSE(same_place("v2 m 1 2 3.4.5", "v2 m 1 2 3.4.6"));
  EXPECT_FALSE(same_place("v2 m 1 2 3.4.5", "v2 m 1 9 3.4.5"));
  EXPECT_FALSE(same_place("v2 m 1 2 3.4.5", "v2 m 9 2 3.4.5"));
  EXPECT_FALSE(same_place("v2 m 1 2 3.4.5", "v2 n 1 2 3.4.5"));
  EXPECT_TRUE(same_place("v2 m 1 2 -", "v2 m 1 2 3.4.5"));
  EXPECT_TRUE(same_place("v2 - 1 2 -", "v2 m 1 2 3.4.5"));
}

TEST(SamePlace, TakesTheFirstVersionsMarker) {
  EXPECT_TRUE(same_place("v1 m 1 2", "v2 m 1 2 3.4.5"));
  EXPECT_TRUE(same_place("v1  1 2", "v2 - 1 2 3.4.5"));
  EXPECT_TRUE(same_place("v1  1 2", "v2 m 1 2 3.4.5"));
  EXPECT_FALSE(same_place("v1 m 1 2", "v2 m 1 3 3.4.5"));
  EXPECT_FALSE(same_place("v1 m 1 2", "v2 n 1 2 3.4.5"));
  EXPECT_FALSE(same_place("", "v2 m 1 2 3.4.5"));
  EXPECT_FALSE(same_place("v3 m 1 2 3.4.5", "v2 m 1 2 3.4.5"));
  EXPECT_FALSE(same_place("v2 m 1 2 3.4.5 more", "v2 m 1 2 3.4.5"));
}

}  // namespace
}  // namespace shoal::feed
