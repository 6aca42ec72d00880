#include "node/table/disk_watch.h"

#include "feed/recording_store.h"
#include "node/node_testing.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

namespace shoal::node {
namespace {

struct LogLines final : base::LogSink {
  std::vector<std::string> lines;
  void log(base::LogLevel, std::string_view, std::string_view message) override { lines.emplace_back(message); }
};

const Error kFull{Code::no_space, "No space left on device", ""};

TEST(DiskWatch, SaysOnceThatTheDiskIsFullAndOnceThatItHasRoom) {
  LogLines log;
  DiskWatch watch(log);
  watch.note({});
  EXPECT_TRUE(log.lines.empty());
  for (int i = 0; i < 3; ++i) watch.note(kFull);
  ASSERT_EQ(log.lines.size(), 1U);
  EXPECT_NE(log.lines[0].find("the disk is full"), std::string::npos);
  EXPECT_NE(log.lines[0].find("No space left on device"), std::string::npos) << "and why";
  for (int i = 0; i < 4; ++i) watch.note({});
  EXPECT_EQ(log.lines, (std::vector<std::string>{log.lines[0], "the disk has room again"}));
  watch.note(kFull);
  EXPECT_EQ(log.lines.size(), 3U) << "the next time";
}

TEST(DiskWatch, ADiskThatFillsAgainAtOnceIsOneEpisode) {
  LogLines log;
  DiskWatch watch(log);
  for (int i = 0; i < 10; ++i) {
    watch.note(kFull);
    watch.note({});
  }
  EXPECT_EQ(log.lines.size(), 1U);
}

TEST(DiskWatch, OtherErrorsAreNotAFullDisk) {
  LogLines log;
  DiskWatch watch(log);
  watch.note(Error{Code::io, "Input/output error", ""});
  EXPECT_TRUE(log.lines.empty());
}

TEST(DiskWatch, RoomIsRoomAtTheSecondLook) {
  LogLines log;
  DiskWatch watch(log);
  watch.note(kFull);
  watch.note({});
  EXPECT_EQ(log.lines.size(), 1U);
  watch.note({});
  EXPECT_EQ(log.lines.size(), 2U);
}

/// A directory's stores that say when they are full, and its reserve.
class DiskWatchLook : public ::testing::Test {
 protected:
  DiskWatchLook() {
    storage_.directory = testing::must(DataDirectory::open(dir_ / "data"));
    auto own = std::make_unique<feed::testing::RecordingStore>("own", calls_);
    auto mirrored = std::make_unique<feed::testing::RecordingStore>("mirrored", calls_);
    stores_ = {own.get(), mirrored.get()};
    storage_.own = std::move(own);
    storage_.mirrored = std::move(mirrored);
    storage_.reserve = DiskReserve(dir_ / "reserve");
  }
  [[nodiscard]] bool reserved() const { return std::filesystem::exists(dir_ / "reserve"); }

  testing::TempDir dir_;
  std::shared_ptr<feed::testing::RecordingStore::Calls> calls_ =
      std::make_shared<feed::testing::RecordingStore::Calls>();
  std::vector<feed::testing::RecordingStore*> stores_;
  Storage storage_;
  LogLines log_;
};

TEST_F(DiskWatchLook, EitherStoreMayBeFull) {
  for (feed::testing::RecordingStore* full : stores_) {
    DiskWatch watch(log_);
    log_.lines.clear();
    watch.look(storage_);
    EXPECT_TRUE(log_.lines.empty());
    full->refuse_checks(kFull);
    watch.look(storage_);
    EXPECT_EQ(log_.lines.size(), 1U);
    full->refuse_checks(std::nullopt);
  }
}

TEST_F(DiskWatchLook, TheReserveIsMadeOnceThereIsRoom) {
  DiskWatch watch(log_);
  stores_[0]->refuse_checks(kFull);
  watch.look(storage_);
  EXPECT_FALSE(reserved());
  stores_[0]->refuse_checks(std::nullopt);
  watch.look(storage_);
  EXPECT_FALSE(reserved()) << "it may fill again at once";
  watch.look(storage_);
  EXPECT_TRUE(reserved());
  storage_.reserve.reset();
  watch.look(storage_);
}

TEST_F(DiskWatchLook, ADirectoryThatIsGoneIsSaidOnce) {
  std::vector<Code> failed;
  storage_.failed = [&](const Error& error) { failed.push_back(error.code); };
  DiskWatch watch(log_);
  watch.look(storage_);
  EXPECT_TRUE(failed.empty());
  std::filesystem::rename(dir_ / "data", dir_ / "moved");
  for (int i = 0; i < 2; ++i) watch.look(storage_);
  EXPECT_EQ(failed, std::vector{Code::io});
  ASSERT_EQ(log_.lines.size(), 1U);
  EXPECT_NE(log_.lines[0].find("was removed or moved while it was in use"), std::string::npos);
  DiskWatch other(log_);
  storage_.failed = nullptr;
  other.look(storage_);
  EXPECT_EQ(log_.lines.size(), 2U);
}

}  // namespace
}  // namespace shoal::node
