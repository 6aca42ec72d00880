#include "replication/live/signs_of_life.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

constexpr base::MonoTime kStart = 100s;

SignsOfLife::Peer quiet_since(base::MonoTime heard) { return {heard, heard, false, 50ms}; }

TEST(SignsOfLife, APeerIsPingedAtFirstAndThenSeldom) {
  SignsOfLife signs;
  EXPECT_TRUE(signs.look({kStart, base::MonoTime{0}, false, base::MonoTime{-1}}, kStart).ping);
  EXPECT_FALSE(signs.look(quiet_since(kStart), kStart + 14s).ping);
  EXPECT_TRUE(signs.look(quiet_since(kStart), kStart + 16s).ping);
}

TEST(SignsOfLife, APongThatStaysAwayMakesASuspectAndOthersAreAskedToo) {
  SignsOfLife signs;
  const SignsOfLife::Peer owing{kStart, kStart, true, 50ms};
  EXPECT_FALSE(signs.look(owing, kStart + 2s).suspect);
  const SignsOfLife::Verdict late = signs.look(owing, kStart + 3s);
  EXPECT_TRUE(late.suspect);
  EXPECT_FALSE(late.ping);
  EXPECT_TRUE(signs.look(quiet_since(kStart - 1s), kStart + 3s).ping);
  EXPECT_FALSE(signs.look(quiet_since(kStart + 1s), kStart + 3s).ping);
}

TEST(SignsOfLife, ALivelyFeedThatStopsMakesOneAskWhoIsLeft) {
  SignsOfLife signs;
  for (int i = 0; i < 10; ++i) signs.on_growth(kStart + i * 500ms);
  const base::MonoTime last = kStart + 4500ms;
  EXPECT_FALSE(signs.look(quiet_since(last), last + 1900ms).ping);
  EXPECT_TRUE(signs.look(quiet_since(last), last + 2500ms).ping);
  EXPECT_FALSE(signs.look(quiet_since(last), last + 9s).ping);  // it rests
}

TEST(SignsOfLife, ASlowFeedThatRestsIsNoReasonToDoubt) {
  SignsOfLife signs;
  for (int i = 0; i < 10; ++i) signs.on_growth(kStart + i * 10s);
  EXPECT_FALSE(signs.look(quiet_since(kStart + 90s), kStart + 97s).ping);
}

TEST(SignsOfLife, AMinuteOfSilenceIsTheEnd) {
  SignsOfLife signs;
  EXPECT_FALSE(signs.look(quiet_since(kStart), kStart + 59s).dead);
  EXPECT_TRUE(signs.look(quiet_since(kStart), kStart + 61s).dead);
}

}  // namespace
}  // namespace shoal::replication
