#include "freshness_watch.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using namespace std::chrono_literals;

class FreshnessWatchTest : public ::testing::Test {
 protected:
  /// What is said after `passed` more; `age` is that of the newest head then.
  std::string look(std::chrono::seconds passed, std::optional<std::chrono::seconds> age) {
    now_ += passed;
    std::optional<UnixMs> head;
    if (age) head = wall() - age->count() * 1000;
    return watch_.look(now_, wall(), head).value_or("");
  }
  [[nodiscard]] UnixMs wall() const {
    return UnixMs(1'700'000'000'000 +
                  std::chrono::duration_cast<std::chrono::milliseconds>(now_.time_since_epoch()).count());
  }

  FreshnessWatch::Time now_{};
  FreshnessWatch watch_{now_};
};

TEST_F(FreshnessWatchTest, IsSilentWhileHeadsCome) {
  for (int i = 0; i < 20; ++i) EXPECT_EQ(look(20s, 1s), "");
}

TEST_F(FreshnessWatchTest, SaysOnceThatNoneComesAndThatTheyComeAgain) {
  EXPECT_EQ(look(1s, 1s), "");
  EXPECT_EQ(look(59s, 60s), "");
  EXPECT_EQ(look(1s, 61s), "no head of the owner came for 60 s; the newest was signed 61 s ago");
  EXPECT_EQ(look(3600s, 3661s), "");
  EXPECT_EQ(look(1s, 0s), "the owner's heads come again");
  EXPECT_EQ(look(1s, 1s), "");
}

TEST_F(FreshnessWatchTest, SaysThatNothingIsKnown) {
  EXPECT_EQ(look(60s, std::nullopt), "no head of the owner came for 60 s: nothing is known of this feed yet");
}

TEST_F(FreshnessWatchTest, WaitsLongerForAnOwnerWhoSignsSeldom) {
  EXPECT_EQ(look(0s, 0s), "");
  EXPECT_EQ(look(50s, 0s), "");
  EXPECT_EQ(look(100s, 100s), "");
  EXPECT_NE(look(50s, 150s), "");
}

TEST_F(FreshnessWatchTest, SaysOnceThatAClockIsWrong) {
  EXPECT_EQ(look(1s, -30s), "");
  EXPECT_EQ(look(1s, -std::chrono::hours(24 * 365)),
            "the newest head was signed 365 d in the future: this machine's clock or the owner's is wrong");
  EXPECT_EQ(look(1s, -std::chrono::hours(24 * 366)), "");
}

}  // namespace
}  // namespace shoal::command
