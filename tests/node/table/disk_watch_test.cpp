#include "node/table/disk_watch.h"

#include <gtest/gtest.h>

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

}  // namespace
}  // namespace shoal::node
