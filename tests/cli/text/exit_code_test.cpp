#include "text/exit_code.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

TEST(ExitCode, NumbersAreTheContract) {
  EXPECT_EQ(static_cast<int>(exit_for(Code::io)), 1);
  EXPECT_EQ(static_cast<int>(exit_for(Code::invalid_argument)), 2);
  EXPECT_EQ(static_cast<int>(Exit::partly), 3);
  EXPECT_EQ(static_cast<int>(exit_for(Code::unavailable)), 4);
  EXPECT_EQ(static_cast<int>(exit_for(Code::timed_out)), 4);
  EXPECT_EQ(static_cast<int>(exit_for(Code::unverified)), 5);
  EXPECT_EQ(static_cast<int>(exit_for(Code::corrupt)), 5);
  EXPECT_EQ(static_cast<int>(exit_for(Code::fork)), 6);
  EXPECT_EQ(static_cast<int>(exit_for(Code::contradiction)), 6);
  EXPECT_EQ(static_cast<int>(exit_for(Code::no_space)), 7);
  EXPECT_EQ(static_cast<int>(exit_for(Code::pruned)), 8);
  EXPECT_EQ(static_cast<int>(exit_for(Code::unsafe_to_sign)), 9);
  EXPECT_EQ(static_cast<int>(exit_for(Code::not_found)), 10);
  EXPECT_EQ(static_cast<int>(exit_for(Code::in_use)), 11);
  EXPECT_EQ(static_cast<int>(exit_for(Code::bad_key)), 12);
  EXPECT_EQ(static_cast<int>(Exit::interrupted), 130);
  EXPECT_EQ(static_cast<int>(Exit::terminated), 143);
}

TEST(ExitCode, OfSeveralTheFirstInTheListCounts) {
  const Exit order[] = {Exit::fork,   Exit::damaged,   Exit::unsafe, Exit::full,
                        Exit::pruned, Exit::no_answer, Exit::partly, Exit::ok};
  for (std::size_t i = 0; i < std::size(order); ++i) {
    for (std::size_t j = i; j < std::size(order); ++j) {
      EXPECT_EQ(worse_of(order[i], order[j]), order[i]);
      EXPECT_EQ(worse_of(order[j], order[i]), order[i]);
    }
  }
  EXPECT_EQ(worse_of(Exit::ok, Exit::unknown), Exit::unknown);
  EXPECT_EQ(worse_of(Exit::unknown, Exit::ok), Exit::unknown);
  EXPECT_EQ(worse_of(Exit::error, Exit::partly), Exit::partly);
}

}  // namespace
}  // namespace shoal::command
