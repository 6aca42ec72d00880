#include "topic/topic_filter.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace shoal::topic {
namespace {

/// The definition, as a table over all prefixes.
bool matches_by_definition(std::string_view pattern, std::string_view name) {
  std::vector<std::vector<bool>> table(pattern.size() + 1, std::vector<bool>(name.size() + 1, false));
  table[0][0] = true;
  for (std::size_t p = 1; p <= pattern.size(); ++p) {
    for (std::size_t n = 0; n <= name.size(); ++n) {
      const char c = pattern[p - 1];
      if (c == '*') {
        table[p][n] = table[p - 1][n] || (n > 0 && table[p][n - 1]);
      } else {
        table[p][n] = n > 0 && table[p - 1][n - 1] && (c == '?' || c == name[n - 1]);
      }
    }
  }
  return table[pattern.size()][name.size()];
}

TEST(GlobMatch, KnowsStarAndQuestionMark) {
  EXPECT_TRUE(glob_match("us", "us"));
  EXPECT_FALSE(glob_match("us", "usa"));
  EXPECT_FALSE(glob_match("usa", "us"));
  EXPECT_TRUE(glob_match("u?", "us"));
  EXPECT_FALSE(glob_match("u?", "u"));
  EXPECT_TRUE(glob_match("*", ""));
  EXPECT_TRUE(glob_match("*", "anything.at-all"));
  EXPECT_TRUE(glob_match("home.*.temp", "home.kitchen.temp"));
  EXPECT_FALSE(glob_match("home.*.temp", "home.kitchen.humidity"));
  EXPECT_TRUE(glob_match("a*b*c", "a-b-b-c"));
  EXPECT_FALSE(glob_match("", "a"));
  EXPECT_FALSE(glob_match("A", "a"));
}

TEST(GlobMatch, AgreesWithTheDefinition) {
  rc::check([] {
    const auto text = [](const std::string& alphabet) {
      return rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
    };
    const auto pattern = *text("ab*?");
    const auto name = *text("ab");
    RC_ASSERT(glob_match(pattern, name) == matches_by_definition(pattern, name));
  });
}

TEST(GlobMatch, ManyStarsStayCheap) {
  std::string pattern;
  for (int i = 0; i < 100; ++i) pattern += "a*";
  EXPECT_FALSE(glob_match(pattern + "b", std::string(249, 'a')));
}

TEST(TopicFilter, SelectsByNameGlobAndPartition) {
  const TopicPartition us0{"us", Partition(0)};
  const TopicPartition us1{"us", Partition(1)};
  const TopicPartition ak0{"ak", Partition(0)};
  EXPECT_TRUE((TopicFilter{{}, {}}.selects(us1)));
  EXPECT_TRUE((TopicFilter{{"ak", "u*"}, {}}.selects(us1)));
  EXPECT_FALSE((TopicFilter{{"ak"}, {}}.selects(us0)));
  EXPECT_TRUE((TopicFilter{{}, Partition(1)}.selects(us1)));
  EXPECT_FALSE((TopicFilter{{}, Partition(1)}.selects(ak0)));
}

TEST(TopicFilter, TellsPlainNamesFromGlobs) {
  EXPECT_TRUE((TopicFilter{{"us", "ak.-_"}, {}}.names_only()));
  EXPECT_FALSE((TopicFilter{{"us", "a*"}, {}}.names_only()));
  EXPECT_FALSE((TopicFilter{{"u?"}, {}}.names_only()));
  EXPECT_FALSE((TopicFilter{{}, {}}.names_only()));
}

}  // namespace
}  // namespace shoal::topic
