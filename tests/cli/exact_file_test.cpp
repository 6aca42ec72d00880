#include "exact_file.h"

#include "temporary_directory.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

class ExactFileTest : public testing::Test {
 protected:
  std::unique_ptr<ExactFile> open(const std::optional<StoredCursor>& stored) {
    auto opened = ExactFile::open(file_, stored);
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? std::move(*opened) : nullptr;
  }
  std::string write_and_commit(ExactFile& file, const std::string& text) {
    EXPECT_TRUE(file.out().write(text).ok());
    const auto note = file.settle();
    EXPECT_TRUE(note.ok());
    EXPECT_TRUE(file.committed().ok());
    return *note;
  }
  Code open_error(const std::optional<StoredCursor>& stored) {
    const auto opened = ExactFile::open(file_, stored);
    EXPECT_FALSE(opened.ok());
    return opened.ok() ? Code::io : opened.error().code;
  }

  TemporaryDirectory directory_;
  const std::filesystem::path file_ = directory_ / "out";
  const std::filesystem::path first_ = directory_ / "out.first";
};

TEST_F(ExactFileTest, CutsWhatCameAfterTheLastCommit) {
  std::string note;
  {
    const auto file = open(std::nullopt);
    note = write_and_commit(*file, "one\ntwo\n");
    ASSERT_TRUE(file->out().write("three, never committed\n").ok());
    ASSERT_TRUE(file->settle().ok());
  }
  EXPECT_EQ(read_text(file_), "one\ntwo\nthree, never committed\n");
  {
    const auto file = open(StoredCursor{"token", note});
    EXPECT_EQ(read_text(file_), "one\ntwo\n");
    write_and_commit(*file, "three\n");
  }
  EXPECT_EQ(read_text(file_), "one\ntwo\nthree\n");
  EXPECT_FALSE(std::filesystem::exists(first_));
}

TEST_F(ExactFileTest, NothingIsInTheFileBeforeTheFirstCommit) {
  const auto file = open(std::nullopt);
  ASSERT_TRUE(file->out().write("uncommitted").ok());
  ASSERT_TRUE(file->settle().ok());
  EXPECT_EQ(read_text(file_), "");
  EXPECT_EQ(read_text(first_), "uncommitted");
}

TEST_F(ExactFileTest, StartsAgainWhenKilledBeforeTheFirstCommit) {
  write_text(file_, "");
  write_text(first_, "left by a dead process");
  const auto file = open(std::nullopt);
  write_and_commit(*file, "good");
  EXPECT_EQ(read_text(file_), "good");
}

TEST_F(ExactFileTest, TakesItsNameWhenKilledRightAfterTheFirstCommit) {
  write_text(file_, "");
  write_text(first_, "12345and more");
  const auto file = open(StoredCursor{"token", "length 5"});
  write_and_commit(*file, "6");
  EXPECT_EQ(read_text(file_), "123456");
}

TEST_F(ExactFileTest, NeverOverwritesAForeignFile) {
  write_text(file_, "precious");
  EXPECT_EQ(open_error(std::nullopt), Code::already_exists);
  EXPECT_EQ(read_text(file_), "precious");
}

TEST_F(ExactFileTest, NoticesAFileThatGotShorter) {
  write_text(file_, "123");
  EXPECT_EQ(open_error(StoredCursor{"token", "length 4"}), Code::corrupt);
  std::filesystem::remove(file_);
  EXPECT_EQ(open_error(StoredCursor{"token", "length 4"}), Code::corrupt);
}

TEST_F(ExactFileTest, RefusesACursorOfAnotherKind) {
  EXPECT_EQ(open_error(StoredCursor{"token", ""}), Code::invalid_argument);
  EXPECT_EQ(open_error(StoredCursor{"token", "length -1"}), Code::invalid_argument);
}

}  // namespace
}  // namespace shoal::command
