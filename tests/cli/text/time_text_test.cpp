#include "text/time_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::command {
namespace {

constexpr UnixMs kNow{1'517'616'000'000};  // 2018-02-03T00:00:00Z

TEST(TimeText, ReadsRfc3339) {
  EXPECT_EQ(*parse_rfc3339("2018-02-03T00:00:00Z"), kNow);
  EXPECT_EQ(*parse_rfc3339("2018-02-03 00:00:00"), kNow);
  EXPECT_EQ(*parse_rfc3339("2018-02-03t01:30:00.789+01:30"), kNow + 789);
  EXPECT_EQ(*parse_rfc3339("2018-02-02T19:00:00-05:00"), kNow);
  EXPECT_EQ(*parse_rfc3339("2018-02-03T00:00:00.7899Z"), kNow + 789);
  EXPECT_EQ(*parse_rfc3339("1969-12-31T23:59:59.999Z"), UnixMs(-1));
  EXPECT_EQ(*parse_rfc3339("2016-12-31T23:59:60Z"), *parse_rfc3339("2017-01-01T00:00:00Z"));
}

TEST(TimeText, RefusesWhatRfc3339DoesNotAllow) {
  for (const char* text :
       {"", "2018-02-03", "2018-02-30T00:00:00Z", "2018-13-01T00:00:00Z", "2018-02-03T24:00:00Z", "2018-02-03T00:00Z",
        "2018-02-03T00:00:00.Z", "2018-02-03T00:00:00+25:00", "2018-02-03T00:00:00Zx", "18-02-03T00:00:00Z"}) {
    EXPECT_FALSE(parse_rfc3339(text).ok()) << text;
  }
}

TEST(TimeText, OptionsTakeFourForms) {
  EXPECT_EQ(*parse_time("now", kNow), kNow);
  EXPECT_EQ(*parse_time("-2h", kNow), kNow - 7'200'000);
  EXPECT_EQ(*parse_time("2018-02-03", UnixMs(0)), kNow);
  EXPECT_EQ(*parse_time("1517616000000", UnixMs(0)), kNow);
  EXPECT_EQ(*parse_time("-1", UnixMs(0)), UnixMs(-1));
  EXPECT_EQ(*parse_time("2018-02-03T00:00:00Z", UnixMs(0)), kNow);
  for (const char* text : {"", "yesterday", "-h", "2018-02", "2018-02-03x", "-2w", "9223372036854775807"}) {
    EXPECT_FALSE(parse_time(text, kNow).ok()) << text;
  }
}

TEST(TimeText, UnixTimesAreExactAndRoundDown) {
  EXPECT_EQ(*parse_unix_time("1517363399.650", TimeUnit::s), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("1517363399.6509", TimeUnit::s), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("1517363399", TimeUnit::s), UnixMs(1'517'363'399'000));
  EXPECT_EQ(*parse_unix_time("1517363399650", TimeUnit::ms), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("1517363399650.9", TimeUnit::ms), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("1517363399650999", TimeUnit::us), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("1517363399650999999", TimeUnit::ns), UnixMs(1'517'363'399'650));
  EXPECT_EQ(*parse_unix_time("7", TimeUnit::us), UnixMs(0));
  EXPECT_EQ(*parse_unix_time("-0.0015", TimeUnit::s), UnixMs(-2));
  EXPECT_EQ(*parse_unix_time("-2", TimeUnit::s), UnixMs(-2000));
  EXPECT_EQ(*parse_unix_time("1.5e9", TimeUnit::s), UnixMs(1'500'000'000'000));
}

TEST(TimeText, RefusesWhatIsNoNumber) {
  for (const char* text :
       {"", "-", ".", "1.", ".5", "1,5", "abc", "0x10", "1e400", "inf", "nan", "1 ", "12345678901234567890"}) {
    EXPECT_FALSE(parse_unix_time(text, TimeUnit::s).ok()) << text;
  }
}

TEST(TimeText, StrptimeIsUtcUnlessTheFormatReadsAZone) {
  EXPECT_EQ(*parse_strptime("2018-02-03 00:00:00", "%Y-%m-%d %H:%M:%S"), kNow);
  EXPECT_EQ(*parse_strptime("03/Feb/2018:01:00:00 +0100", "%d/%b/%Y:%H:%M:%S %z"), kNow);
  EXPECT_EQ(*parse_strptime("2018-02-03", "%Y-%m-%d"), kNow);
}

TEST(TimeText, StrptimeReadsTheWholeText) {
  const std::string format = "%Y-%m-%d %H:%M:%S";
  EXPECT_FALSE(parse_strptime("2018-02-03 00:00:00Z", format).ok());
  EXPECT_FALSE(parse_strptime("2018-02-03", format).ok());
  EXPECT_FALSE(parse_strptime("2018-02-31 00:00:00", format).ok());
  EXPECT_FALSE(parse_strptime(std::string_view("2018-02-03 00:00:00\0x", 21), format).ok());
}

TEST(TimeText, WhatIsWrittenIsReadBack) {
  EXPECT_EQ(format_rfc3339(kNow + 7), "2018-02-03T00:00:00.007Z");
  rc::check([] {
    const UnixMs time(*rc::gen::inRange<std::int64_t>(-2'000'000'000'000, 4'000'000'000'000));
    const auto back = parse_rfc3339(format_rfc3339(time));
    RC_ASSERT(back.ok());
    RC_ASSERT(*back == time);
  });
}

TEST(TimeText, AgesAreRough) {
  EXPECT_EQ(format_age(-5), "0 s");
  EXPECT_EQ(format_age(90'000), "90 s");
  EXPECT_EQ(format_age(3'600'000 * 5), "5 h");
  EXPECT_EQ(format_age(86'400'000LL * 9), "9 d");
}

}  // namespace
}  // namespace shoal::command
