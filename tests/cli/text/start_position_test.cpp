#include "text/start_position.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

constexpr UnixMs kNow{1'000'000'000};

Start start(const std::string& text) {
  const auto parsed = parse_start({text}, kNow);
  EXPECT_TRUE(parsed.ok()) << text;
  EXPECT_TRUE(parsed->start.has_value()) << text;
  return parsed->start.value_or(Start{});
}

TEST(StartPosition, ReadsEachForm) {
  EXPECT_EQ(start("beginning").kind, Start::Kind::beginning);
  EXPECT_EQ(start("end").kind, Start::Kind::end);
  EXPECT_EQ(start("stored").kind, Start::Kind::stored);
  EXPECT_EQ(start("cursor:abc:1").token, "abc:1");
  EXPECT_EQ(start("17").kind, Start::Kind::offset);
  EXPECT_EQ(start("17").number, 17);
  EXPECT_EQ(start("-5").kind, Start::Kind::last);
  EXPECT_EQ(start("-5").number, 5);
  EXPECT_EQ(start("s@1970-01-02").kind, Start::Kind::time);
  EXPECT_EQ(start("s@1970-01-02").number, 86'400'000);
  EXPECT_EQ(start("s@-1s").number, kNow.value() - 1000);
}

TEST(StartPosition, AnEndStandsBesideAStart) {
  const auto both = parse_start({"s@5", "e@now"}, kNow);
  ASSERT_TRUE(both.ok());
  EXPECT_EQ(both->start->number, 5);
  EXPECT_EQ(both->before, kNow);
  const auto end_only = parse_start({"e@7"}, kNow);
  ASSERT_TRUE(end_only.ok());
  EXPECT_FALSE(end_only->start.has_value());
  EXPECT_EQ(end_only->before, UnixMs(7));
  EXPECT_FALSE(parse_start({}, kNow)->start.has_value());
}

TEST(StartPosition, RefusesNonsenseAndRepetition) {
  for (const char* text : {"", "start", "1.5", "--5", "s@", "e@", "s@x", "cursor:", "5x", "-", "@5"}) {
    EXPECT_FALSE(parse_start({text}, kNow).ok()) << text;
  }
  EXPECT_FALSE(parse_start({"1", "2"}, kNow).ok());
  EXPECT_FALSE(parse_start({"e@1", "e@2"}, kNow).ok());
}

TEST(OffsetRange, HasOneOrTwoEnds) {
  EXPECT_EQ(parse_offset_range("17")->first, Offset(17));
  EXPECT_EQ(parse_offset_range("17")->last, Offset(17));
  EXPECT_EQ(parse_offset_range("0..9")->last, Offset(9));
  for (const char* text : {"", "..", "1..", "..1", "5..4", "-1", "1...2", "a", "1-2", "1..2x"}) {
    EXPECT_FALSE(parse_offset_range(text).ok()) << text;
  }
}

TEST(ParsePartition, HasTheRangeOfKafka) {
  EXPECT_EQ(*parse_partition("0"), Partition(0));
  EXPECT_EQ(*parse_partition("2147483647"), Partition(INT32_MAX));
  for (const char* bad : {"", "-1", "x", "1.5", "2147483648"}) EXPECT_FALSE(parse_partition(bad).ok()) << bad;
}

}  // namespace
}  // namespace shoal::command
