#include "progress_bar.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using std::chrono::milliseconds;

TEST(ProgressBar, GrowsFromNothingToAll) {
  EXPECT_EQ(progress_line("reading", 0, 10, milliseconds(0), 80), "reading [------------------------------] 0 %");
  EXPECT_EQ(progress_line("reading", 5, 10, milliseconds(0), 80), "reading [###############---------------] 50 %");
  EXPECT_EQ(progress_line("reading", 10, 10, milliseconds(0), 80), "reading [##############################] 100 %");
}

TEST(ProgressBar, WithoutATotalTheBytesAreCounted) {
  EXPECT_EQ(progress_line("reading", (std::uint64_t{5} << 20) + 7, 0, milliseconds(0), 80), "reading 5 MiB");
}

TEST(ProgressBar, TellsTheTimeOnceItIsKnown) {
  EXPECT_TRUE(progress_line("x", 50, 100, milliseconds(10'000), 80).ends_with(" 50 %, 11 s left"));
  EXPECT_TRUE(progress_line("x", 1, 100, milliseconds(10'000), 80).ends_with(" 1 %, 16 min left"));
  EXPECT_TRUE(progress_line("x", 1, 1000, milliseconds(60'000), 80).ends_with(" 0 %, 16 h left"));
  EXPECT_TRUE(progress_line("x", 50, 100, milliseconds(900), 80).ends_with(" 50 %"));
}

TEST(ProgressBar, FitsTheTerminal) {
  EXPECT_EQ(progress_line("reading", 5, 10, milliseconds(0), 20), "reading 50 %");
  EXPECT_EQ(progress_line("reading", 5, 10, milliseconds(0), 9), "reading 5");
}

TEST(ProgressBar, HugeSizesDoNotOverflow) {
  const std::uint64_t all = ~std::uint64_t{0};
  EXPECT_TRUE(progress_line("x", all / 4 * 3, all, milliseconds(0), 80).ends_with(" 74 %") ||
              progress_line("x", all / 4 * 3, all, milliseconds(0), 80).ends_with(" 75 %"));
}

TEST(ProgressBar, TheWorkEndsWhenAsked) {
  Messages messages;
  bool stopped = false;
  const auto report = progress_of(messages, "x", [&stopped] { return stopped; });
  EXPECT_TRUE(report(1, 10));
  stopped = true;
  EXPECT_FALSE(report(2, 10));
}

}  // namespace
}  // namespace shoal::command
