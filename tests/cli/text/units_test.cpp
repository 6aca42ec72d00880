#include "text/units.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using std::chrono::milliseconds;

TEST(Units, SizesArePowersOf1024) {
  EXPECT_EQ(*parse_size("0"), 0U);
  EXPECT_EQ(*parse_size("1500"), 1500U);
  EXPECT_EQ(*parse_size("256K"), 256U << 10);
  EXPECT_EQ(*parse_size("256k"), 256U << 10);
  EXPECT_EQ(*parse_size("64MB"), 64U << 20);
  EXPECT_EQ(*parse_size("20G"), std::uint64_t{20} << 30);
  EXPECT_EQ(*parse_size("16777215T"), std::uint64_t{16777215} << 40);
}

TEST(Units, RefusesWhatIsNoSize) {
  for (const char* text : {"", "K", "-1", "1.5M", "1X", "1KK", "1 K", "16777216T", "18446744073709551616", "1KiB"}) {
    EXPECT_FALSE(parse_size(text).ok()) << text;
  }
}

TEST(Units, DurationsHaveAUnit) {
  EXPECT_EQ(*parse_duration("0"), milliseconds(0));
  EXPECT_EQ(*parse_duration("250ms"), milliseconds(250));
  EXPECT_EQ(*parse_duration("90s"), milliseconds(90'000));
  EXPECT_EQ(*parse_duration("1.5s"), milliseconds(1500));
  EXPECT_EQ(*parse_duration("15m"), milliseconds(900'000));
  EXPECT_EQ(*parse_duration("12h"), milliseconds(43'200'000));
  EXPECT_EQ(*parse_duration("30d"), milliseconds(2'592'000'000));
}

TEST(Units, RefusesWhatIsNoDuration) {
  for (const char* text : {"", "5", "s", "-1s", "5 s", "5y", "1e3s", "inf", "nan", "99999999999999d", "5s5"}) {
    EXPECT_FALSE(parse_duration(text).ok()) << text;
  }
}

TEST(Units, SpeedsEndInX) {
  EXPECT_EQ(*parse_speed("1x"), 1.0);
  EXPECT_EQ(*parse_speed("10x"), 10.0);
  EXPECT_EQ(*parse_speed("0.5x"), 0.5);
  EXPECT_EQ(*parse_speed("max"), 0.0);
  for (const char* text : {"", "x", "0x", "-1x", "10", "fast"}) EXPECT_FALSE(parse_speed(text).ok()) << text;
}

TEST(Units, IntegersKeepTheirBound) {
  EXPECT_EQ(*parse_integer("9223372036854775807", 0), INT64_MAX);
  EXPECT_EQ(*parse_integer("-5", -5), -5);
  for (const char* text : {"", "-6", "1.0", "1 ", " 1", "+1", "0x10", "9223372036854775808"}) {
    EXPECT_FALSE(parse_integer(text, -5).ok()) << text;
  }
}

}  // namespace
}  // namespace shoal::command
