#include <shoal/error.h>

#include <gtest/gtest.h>

#include <set>
#include <string_view>

namespace shoal {
namespace {

TEST(CodeName, EveryCodeHasItsOwnName) {
  std::set<std::string_view> names;
  int count = 0;
  for (int i = 0; i <= static_cast<int>(Code::contradiction); ++i) {
    const std::string_view name = code_name(static_cast<Code>(i));
    EXPECT_NE(name, "unknown") << i;
    names.insert(name);
    ++count;
  }
  EXPECT_EQ(names.size(), static_cast<std::size_t>(count));
  EXPECT_EQ(code_name(Code::unverified), "unverified");
  EXPECT_EQ(code_name(Code::corrupt), "corrupt");
}

TEST(CodeName, IsNeverNullForAForeignValue) { EXPECT_EQ(code_name(static_cast<Code>(999)), "unknown"); }

}  // namespace
}  // namespace shoal
