#include "doors/text/query.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace shoal::doors {
namespace {

RC_GTEST_PROP(PercentCoding, AnyBytesComeBack, (const std::string& text)) {
  const std::string coded = percent_encode(text);
  for (const char c : coded) RC_ASSERT(static_cast<unsigned char>(c) > 0x20 && static_cast<unsigned char>(c) < 0x7f);
  RC_ASSERT(*percent_decode(coded) == text);
}

TEST(PercentCoding, RefusesBrokenEscapes) {
  for (const char* text : {"%", "%4", "a%4", "%4g", "%%41", "%-1"}) EXPECT_FALSE(percent_decode(text).ok()) << text;
  EXPECT_EQ(*percent_decode("a+b%2Fc%00"), std::string("a+b/c\0", 6));
}

TEST(QueryReader, TakesNamesWithAndWithoutValue) {
  auto query = QueryReader::parse("a=1&b&&c=x%3Dy=z&a=2");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->texts("a"), (std::vector<std::string>{"1", "2"}));
  EXPECT_EQ(query->text("b"), "");
  EXPECT_EQ(query->text("c"), "x=y=z");
  EXPECT_EQ(query->text("d"), std::nullopt);
  EXPECT_EQ(query->text(""), "");
  EXPECT_TRUE(query->finish().ok());
}

TEST(QueryReader, NamesTheUnknownParameter) {
  auto query = QueryReader::parse("topic=a&tpoic=b");
  ASSERT_TRUE(query.ok());
  EXPECT_EQ(query->texts("topic").size(), 1U);
  const auto finished = query->finish();
  ASSERT_FALSE(finished.ok());
  EXPECT_EQ(finished.error().message, "unknown parameter 'tpoic'");
}

TEST(QueryReader, IsBounded) {
  std::string many;
  for (int i = 0; i < 2000; ++i) many += "a&";
  const auto query = QueryReader::parse(many);
  ASSERT_FALSE(query.ok());
  EXPECT_EQ(query.error().code, Code::limit_exceeded);
}

}  // namespace
}  // namespace shoal::doors
