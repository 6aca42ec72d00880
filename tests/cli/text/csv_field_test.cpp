#include "text/csv_field.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <vector>

namespace shoal::command {
namespace {

std::string field(std::string_view row, std::size_t column) {
  std::string scratch;
  const auto found = csv_field(row, column, scratch);
  return found.ok() ? std::string(*found) : "error: " + found.error().message;
}

TEST(CsvField, CountsFromOne) {
  EXPECT_EQ(field("a,b,c", 1), "a");
  EXPECT_EQ(field("a,b,c", 3), "c");
  EXPECT_EQ(field("a,,c", 2), "");
  EXPECT_EQ(field("", 1), "");
  EXPECT_EQ(field("a,", 2), "");
}

TEST(CsvField, QuotesHoldCommasAndQuotes) {
  EXPECT_EQ(field("\"a,b\",c", 1), "a,b");
  EXPECT_EQ(field("\"a,b\",c", 2), "c");
  EXPECT_EQ(field("\"say \"\"hi\"\"\",x", 1), "say \"hi\"");
  EXPECT_EQ(field("\"\",x", 1), "");
  EXPECT_EQ(field("\"\"\"\"", 1), "\"");
}

TEST(CsvField, TheCarriageReturnIsNoPartOfTheLastField) {
  EXPECT_EQ(field("a,b\r", 2), "b");
  EXPECT_EQ(field("a,\"b\"\r", 2), "b");
}

TEST(CsvField, NamesWhatIsWrong) {
  EXPECT_EQ(field("a,b", 3), "error: field 3 is missing: the row has 2");
  for (const char* row : {"\"a", "\"a\"b,c", "a\"b,c", "\"a\"\""}) {
    EXPECT_EQ(field(row, 1), "error: malformed quotes in field 1") << row;
  }
}

TEST(CsvField, FindsEachFieldOfAQuotedRow) {
  rc::check([] {
    const auto fields = *rc::gen::nonEmpty<std::vector<std::string>>();
    std::string row;
    for (const std::string& text : fields) {
      if (!row.empty()) row += ",";
      row += "\"";
      for (const char c : text) row += c == '"' ? "\"\"" : std::string(1, c);
      row += "\"";
    }
    for (std::size_t i = 0; i < fields.size(); ++i) RC_ASSERT(field(row, i + 1) == fields[i]);
  });
}

}  // namespace
}  // namespace shoal::command
