#include "command_table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

OptionRow option(const std::string& metavar) {
  return {.names = "-x,--example", .metavar = metavar, .help = "", .group = "Options"};
}

TEST(CommandTable, TheMetavarSaysWhatAValueIs) {
  EXPECT_EQ(kind_of(option("FILE")), WordKind::file);
  EXPECT_EQ(kind_of(option("FILE|fd:N")), WordKind::file);
  EXPECT_EQ(kind_of(option("DIR")), WordKind::directory);
  EXPECT_EQ(kind_of(option("FEED")), WordKind::feed);
  EXPECT_EQ(kind_of(option("public|private")), WordKind::choice);
  EXPECT_EQ(kind_of(option("rfc3339|STRPTIME")), WordKind::choice);
  EXPECT_EQ(kind_of(option("N")), WordKind::text);
  EXPECT_EQ(kind_of(option("HOST:PORT")), WordKind::text);
  EXPECT_EQ(kind_of(option("NAME")), WordKind::text);
  EXPECT_EQ(kind_of(option("")), WordKind::text);
}

TEST(CommandTable, ArgumentsAreNamedByWhatTheyAre) {
  EXPECT_EQ(kind_of(ArgumentRow{.name = "NAME", .help = ""}), WordKind::key);
  EXPECT_EQ(kind_of(ArgumentRow{.name = "FEED", .help = ""}), WordKind::feed);
  EXPECT_EQ(kind_of(ArgumentRow{.name = "TOPIC", .help = ""}), WordKind::text);
  EXPECT_EQ(kind_of(ArgumentRow{.name = "SHELL", .help = "", .choices = {"a"}}), WordKind::choice);
  EXPECT_EQ((ArgumentRow{.name = "FILE", .help = "", .required = false, .many = true}.usage()), "[FILE...]");
  EXPECT_EQ((ArgumentRow{.name = "FEED", .help = "", .many = true}.usage()), "FEED...");
}

TEST(CommandTable, ChoicesAreTheWordsThatCanBeTyped) {
  EXPECT_THAT(choices_of(option("lines|nul|len32")), ElementsAre("lines", "nul", "len32"));
  EXPECT_THAT(choices_of(option("rfc3339|STRPTIME")), ElementsAre("rfc3339"));
  EXPECT_THAT(choices_of(option("N")), IsEmpty());
}

TEST(CommandTable, NamesAreTakenApart) {
  EXPECT_EQ(option("").long_name(), "--example");
  EXPECT_EQ(option("").short_name(), "-x");
  const OptionRow long_only{.names = "--seed", .metavar = "", .help = "", .group = ""};
  EXPECT_EQ(long_only.long_name(), "--seed");
  EXPECT_EQ(long_only.short_name(), "");
  EXPECT_FALSE(long_only.shown());
}

TEST(CommandTable, WrapsAtSpacesAndLeavesLongWordsWhole) {
  EXPECT_THAT(wrap("one two three", 7), ElementsAre("one two", "three"));
  EXPECT_THAT(wrap("incomprehensible one", 4), ElementsAre("incomprehensible", "one"));
  EXPECT_THAT(wrap("", 4), ElementsAre(""));
}

}  // namespace
}  // namespace shoal::command
