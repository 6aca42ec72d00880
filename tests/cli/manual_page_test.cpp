#include "manual_page.h"

#include "command.h"
#include "text/exit_code.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::HasSubstr;
using testing::Not;

const CommandTable kTable{.name = "key gen",
                          .summary = "make a key",
                          .about = ".starts with a dot's line",
                          .arguments = {{.name = "NAME", .help = "the name"}},
                          .options = {{"-a,--all-of-it", "A|B", "a \\n b", "Options"},
                                      {"--more", "", "it's more", "More options"},
                                      {"--hidden", "", "no", ""}},
                          .examples = {"shoal key gen 'x'"}};

std::string page(const std::string& file) {
  for (const ManualPage& page : manual_pages({kTable}, "2026-01-02")) {
    if (page.file == file) return page.text;
  }
  return "no page " + file;
}

TEST(ManualPage, HasTheSectionsOfACommand) {
  const std::string text = page("shoal-key-gen.1");
  EXPECT_TRUE(text.starts_with(".TH SHOAL-KEY-GEN 1 2026-01-02 \"shoal "));
  EXPECT_THAT(text, HasSubstr(".SH NAME\nshoal\\-key\\-gen \\- make a key\n"));
  EXPECT_THAT(text, HasSubstr("\\fBshoal key gen\\fR [\\fIOPTIONS\\fR] \\fINAME\\fR\n"));
  EXPECT_THAT(text, HasSubstr("\\fB\\-a\\fR, \\fB\\-\\-all\\-of\\-it\\fR \\fIA|B\\fR\n"));
  EXPECT_THAT(text, HasSubstr(".SS More options\n"));
  EXPECT_THAT(text, Not(HasSubstr("hidden")));
}

TEST(ManualPage, NoTextIsTakenForAnInstruction) {
  const std::string text = page("shoal-key-gen.1");
  EXPECT_THAT(text, HasSubstr("\n\\&.starts with a dot\\(aqs line\n"));
  EXPECT_THAT(text, HasSubstr("\na \\en b\n"));
  EXPECT_THAT(text, HasSubstr("\nshoal key gen \\(aqx\\(aq\n"));
}

TEST(ManualPage, TheOverviewNamesCommandsAndExitCodes) {
  const std::string text = page("shoal.1");
  EXPECT_THAT(text, HasSubstr(".BR shoal\\-key\\-gen (1)\nmake a key\n"));
  for (const ExitMeaning& row : exit_meanings()) {
    EXPECT_THAT(text, HasSubstr("\n\\fB" + std::to_string(static_cast<int>(row.exit)) + "\\fR\n"));
  }
}

TEST(ManualPage, EachCommandHasOne) {
  const auto tables = all_tables();
  EXPECT_EQ(manual_pages(tables, "2026-01-02").size(), tables.size() + 1);
}

}  // namespace
}  // namespace shoal::command
