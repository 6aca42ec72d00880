// What the journal's file does with each answer of the system.
#include "store/journal_file.h"

#include "file_calls.h"
#include "journal_samples.h"
#include "temp_dir.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <tuple>
#include <vector>

namespace shoal::store {
namespace {

namespace fs = std::filesystem;

using testing::FileCalls;
using testing::sample;

class JournalFileTest : public ::testing::Test {
 protected:
  JournalFileTest() { create(); }
  void create() {
    fs::remove(path_);
    EXPECT_TRUE(create_journal_file(path_, content_).ok());
  }
  [[nodiscard]] std::unique_ptr<JournalFile> must_open() {
    auto opened = open_journal_file(path_);
    EXPECT_TRUE(opened.ok()) << (opened.ok() ? "" : opened.error().message);
    return opened.ok() ? *std::move(opened) : nullptr;
  }
  static Code failure(const Result<void>& result) { return result.ok() ? Code::closed : result.error().code; }

  testing::TempDir dir_;
  const std::string path_ = dir_ / "journal";
  const Bytes content_ = sample(1, 20'000);
  FileCalls calls_{dir_ / "."};
};

TEST_F(JournalFileTest, AnErrorHasTheCodeAndTheHintOfItsReason) {
  const auto file = must_open();
  const Bytes bytes(512);
  for (const auto& [reason, code, hint] :
       {std::tuple{EIO, Code::io, ""}, std::tuple{ENOSPC, Code::no_space, "free some space"},
        std::tuple{EDQUOT, Code::no_space, "free some space"},
        std::tuple{EFBIG, Code::no_space, "raise the limit of a file's size (ulimit -f)"}}) {
    calls_.fail("pwrite journal", reason);
    const Result<void> written = file->write(0, bytes);
    ASSERT_FALSE(written.ok()) << reason;
    EXPECT_EQ(written.error().code, code) << reason;
    EXPECT_EQ(written.error().hint, hint) << reason;
    EXPECT_NE(written.error().message.find("cannot write " + path_), std::string::npos) << written.error().message;
  }
}

TEST_F(JournalFileTest, ReadsAndWritesGoOnAfterASignalAndInPieces) {
  const auto file = must_open();
  calls_.limit_bytes(700);
  Bytes read(content_.size() - 100);
  calls_.fail("pread journal", EINTR, 2);
  ASSERT_TRUE(file->read(100, read).ok());
  EXPECT_EQ(read, Bytes(content_.begin() + 100, content_.end()));
  const Bytes written = sample(2, 5000);
  calls_.fail("pwrite journal", EINTR, 2);
  ASSERT_TRUE(file->write(3000, written).ok());
  Bytes again(written.size());
  ASSERT_TRUE(file->read(3000, again).ok());
  EXPECT_EQ(again, written);
  Bytes before(3000);
  ASSERT_TRUE(file->read(0, before).ok());
  EXPECT_EQ(before, Bytes(content_.begin(), content_.begin() + 3000));
}

TEST_F(JournalFileTest, AWriteThatMovesNothingFails) {
  const auto file = must_open();
  calls_.limit_bytes(0);
  errno = EINTR;
  EXPECT_FALSE(file->write(0, Bytes(512)).ok());
}

TEST_F(JournalFileTest, AReadThatFailsOrFindsTheEndSaysSo) {
  const auto file = must_open();
  Bytes bytes(512);
  calls_.fail("pread journal", EIO);
  EXPECT_EQ(failure(file->read(0, bytes)), Code::io);
  EXPECT_EQ(failure(file->read(content_.size() - 511, bytes)), Code::corrupt);
  EXPECT_TRUE(file->read(content_.size() - 512, bytes).ok());
}

TEST_F(JournalFileTest, AFailedSyncIsNotTriedAgain) {
  const auto file = must_open();
  for (const int reason : {EIO, EINTR}) {
    calls_.fail("fdatasync journal", reason);
    EXPECT_EQ(failure(file->sync()), Code::io);
    EXPECT_TRUE(file->sync().ok());
  }
}

TEST_F(JournalFileTest, ItsSizeIsThatOfTheFile) {
  const auto file = must_open();
  EXPECT_EQ(file->size().value(), content_.size());
  calls_.fail("fstat journal", EIO);
  EXPECT_EQ(file->size().error().code, Code::io);
}

TEST_F(JournalFileTest, OpeningTellsWhyItFails) {
  calls_.fail("flock journal", ENOLCK);
  EXPECT_EQ(open_journal_file(path_).error().code, Code::io);
  const auto held = must_open();
  EXPECT_EQ(open_journal_file(path_).error().code, Code::in_use);
  EXPECT_EQ(open_journal_file(dir_ / "none").error().code, Code::not_found);
  EXPECT_EQ(read_journal_file(dir_ / "none").error().code, Code::not_found);
  // Through a link a journal of somebody else would be written.
  const std::string link = dir_ / "link";
  fs::create_symlink(path_, link);
  for (const Error& error : {open_journal_file(link).error(), read_journal_file(link).error()}) {
    EXPECT_EQ(error.code, Code::io);
    EXPECT_NE(error.message.find("cannot open"), std::string::npos) << error.message;
  }
}

// It is, in a process that was started with its input closed.
TEST_F(JournalFileTest, TheDescriptorMayBeZero) {
  const int input = ::dup(0);
  ::close(0);
  errno = ENOENT;
  EXPECT_TRUE(open_journal_file(path_).ok());
  errno = ENOENT;
  EXPECT_TRUE(read_journal_file(path_).ok());
  fs::remove(path_);
  EXPECT_TRUE(create_journal_file(path_, content_).ok());
  EXPECT_EQ(::dup(0), -1) << "closed again";
  ::dup2(input, 0);
  ::close(input);
}

TEST_F(JournalFileTest, ReadingItTakesNoLockAndFailsWithTheFile) {
  const auto held = must_open();
  EXPECT_EQ(read_journal_file(path_).value(), content_);
  calls_.fail("fstat journal", EIO);
  EXPECT_EQ(read_journal_file(path_).error().code, Code::io);
  calls_.fail("pread journal", EIO);
  EXPECT_EQ(read_journal_file(path_).error().code, Code::io);
}

TEST_F(JournalFileTest, OfAFileThatIsNoJournalOnlyTheBeginningIsRead) {
  constexpr std::size_t kMost = std::size_t{16} << 20;
  fs::resize_file(path_, kMost + 1);
  EXPECT_EQ(read_journal_file(path_).value().size(), kMost);
}

TEST_F(JournalFileTest, DescriptorsAreClosed) {
  const auto open_files = [] {
    return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
  };
  const auto before = open_files();
  for (int i = 0; i < 3; ++i) {
    create();
    EXPECT_NE(must_open(), nullptr);
    EXPECT_TRUE(read_journal_file(path_).ok());
  }
  EXPECT_EQ(open_files(), before);
}

TEST_F(JournalFileTest, ANewFileIsOnTheDiskBeforeItHasItsName) {
  const std::vector<std::string> made = calls_.made();
  EXPECT_EQ(made, (std::vector<std::string>{"posix_fallocate journal.new", "pwrite journal.new", "fsync journal.new",
                                            "rename journal", "pwrite journal", "fsync journal", "fsync ."}));
  struct stat about {};
  ASSERT_EQ(::stat(path_.c_str(), &about), 0);
  EXPECT_EQ(about.st_mtim.tv_sec, about.st_ctim.tv_sec);
  EXPECT_EQ(about.st_mtim.tv_nsec, about.st_ctim.tv_nsec);
  EXPECT_EQ(read_journal_file(path_).value(), content_);
  EXPECT_FALSE(fs::exists(path_ + ".new"));
}

TEST_F(JournalFileTest, ACreationThatFailsLeavesNoJournal) {
  for (const auto& [call, reason, code] :
       {std::tuple{"posix_fallocate journal.new", ENOSPC, Code::no_space},
        std::tuple{"pwrite journal.new", EIO, Code::io}, std::tuple{"fsync journal.new", EIO, Code::io},
        std::tuple{"rename journal", EIO, Code::io}}) {
    fs::remove(path_);
    calls_.fail(call, reason);
    errno = 0;
    EXPECT_EQ(failure(create_journal_file(path_, content_)), code) << call;
    EXPECT_FALSE(fs::exists(path_)) << call;
  }
  calls_.fail("fsync .", EIO);
  EXPECT_EQ(failure(create_journal_file(path_, content_)), Code::io);
  EXPECT_TRUE(create_journal_file(path_, content_).ok()) << "what is left over is no obstacle";
}

TEST_F(JournalFileTest, WhatIsInTheWayOfANewFileIsTold) {
  fs::create_directory(path_ + ".new");
  Result<void> created = create_journal_file(path_, content_);
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.error().message.find("cannot remove"), std::string::npos) << created.error().message;
  created = create_journal_file(dir_ / "none/journal", content_);
  ASSERT_FALSE(created.ok());
  EXPECT_NE(created.error().message.find("cannot create"), std::string::npos) << created.error().message;
}

}  // namespace
}  // namespace shoal::store
