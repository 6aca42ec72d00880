#include "completion/completion.h"

#include "command.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

TEST(Completion, FirstWordsStandOnceAndHalvesHaveSecondOnes) {
  const auto tables = all_tables();
  std::vector<std::string> first;
  for (const OfferedWord& word : first_words(tables)) first.push_back(word.word);
  EXPECT_EQ(std::count(first.begin(), first.end(), "key"), 1);
  EXPECT_THAT(first, Contains("pub"));
  EXPECT_THAT(first, Contains("help"));
  EXPECT_THAT(half_commands(tables), ElementsAre("key"));
  EXPECT_TRUE(second_words(tables, "pub").empty());
  EXPECT_EQ(second_words(tables, "key").front().word, "gen");
}

TEST(Completion, OptionsBeforeTheCommandAreThoseOfAll) {
  std::vector<std::string> names;
  for (const OptionRow& option : leading_options(all_tables())) names.push_back(option.long_name());
  EXPECT_THAT(names, Contains("--data"));
  EXPECT_THAT(names, Contains("--listen"));
  EXPECT_THAT(names, Not(Contains("--frame")));
}

TEST(Completion, EveryScriptNamesEveryCommandAndOption) {
  const auto tables = all_tables();
  for (const std::string& script : {bash_completion(tables), zsh_completion(tables), fish_completion(tables)}) {
    for (const CommandTable& table : tables) {
      EXPECT_THAT(script, HasSubstr(table.name.substr(table.name.find(' ') + 1))) << table.name;
      for (const OptionRow& option : table.options) {
        if (!option.shown()) continue;
        EXPECT_THAT(script, HasSubstr(option.long_name().substr(2))) << option.names;
      }
    }
  }
}

TEST(Completion, QuotesDoNotEndAScript) {
  const CommandTable table{.name = "x",
                           .summary = "it's",
                           .about = "",
                           .arguments = {},
                           .options = {{"--quote", "", "the feed's `$(own)` \\ end", "Options"}},
                           .examples = {}};
  EXPECT_THAT(zsh_completion({table}), HasSubstr("'--quote:the feed'\\''s `$(own)` \\ end'"));
  EXPECT_THAT(fish_completion({table}), HasSubstr("-d 'the feed\\'s `$(own)` \\\\ end'"));
}

}  // namespace
}  // namespace shoal::command
