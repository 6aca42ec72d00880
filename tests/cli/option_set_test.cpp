#include "option_set.h"

#include "temporary_directory.h"
#include "text/units.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

/// A command with an option of each kind.
class OptionSetTest : public testing::Test {
 protected:
  OptionSetTest() {
    set_.positional("FEED", feed_, "a feed");
    set_.positionals("FILE", files_, "files", false);
    set_.flag("-e,--exit", flag_, "leave");
    set_.text("-f,--format", text_, "FORMAT", "format");
    set_.texts("-t,--topic", topics_, "TOPIC", "topics");
    set_.parsed("--batch-bytes", size_, "SIZE", "bytes", parse_size);
    set_.choice<int>("--network", network_, "which", {{"public", 1}, {"private", 2}});
    set_.values("--peer", "HOST:PORT", "peers", true, [this](const std::string& text) -> Result<void> {
      if (text == "bad") return Error{Code::invalid_argument, "'bad' is bad", "be good"};
      peers_.push_back(text);
      return {};
    });
    set_.group("Common options");
    set_.help_and_config();
    names_.add(set_.table());
    names_.add("--other-command", true);
    names_.add(OptionSet("pub", "").table());
    names_.add(OptionSet("key gen", "").table());
  }
  ~OptionSetTest() override {
    for (const char* name : {"SHOAL_BATCH_BYTES", "SHOAL_EXIT", "SHOAL_PEER", "SHOAL_NETWORK"}) unsetenv(name);
  }

  Error error_of(const std::vector<std::string>& arguments) {
    const auto done = set_.parse(arguments, names_);
    EXPECT_FALSE(done.ok());
    return done.ok() ? Error{} : done.error();
  }
  void accept(const std::vector<std::string>& arguments) {
    const auto done = set_.parse(arguments, names_);
    ASSERT_TRUE(done.ok()) << done.error().message;
    EXPECT_FALSE(*done);
  }

  OptionSet set_{"sub", "read a feed"};
  OptionNames names_;
  TemporaryDirectory directory_;
  std::string feed_;
  std::vector<std::string> files_;
  bool flag_ = false;
  std::string text_;
  std::vector<std::string> topics_;
  std::uint64_t size_ = 7;
  int network_ = 0;
  std::vector<std::string> peers_;
};

TEST_F(OptionSetTest, OptionsStandAnywhere) {
  accept({"-t", "a", "FEED", "-e", "--topic=b", "one", "-f-", "--batch-bytes", "2K", "two"});
  EXPECT_EQ(feed_, "FEED");
  EXPECT_THAT(files_, ElementsAre("one", "two"));
  EXPECT_THAT(topics_, ElementsAre("a", "b"));
  EXPECT_TRUE(flag_);
  EXPECT_EQ(text_, "-");
  EXPECT_EQ(size_, 2048U);
}

TEST_F(OptionSetTest, AValueMayBeginWithADash) {
  accept({"FEED", "-f", "-5", "-t", "-x", "--", "-file"});
  EXPECT_EQ(text_, "-5");
  EXPECT_THAT(topics_, ElementsAre("-x"));
  EXPECT_THAT(files_, ElementsAre("-file"));
}

TEST_F(OptionSetTest, RepeatedValuesAndCommas) {
  accept({"FEED", "--peer", "a:1,b:2", "--peer", "c:3", "-t", "a,b"});
  EXPECT_THAT(peers_, ElementsAre("a:1", "b:2", "c:3"));
  EXPECT_THAT(topics_, ElementsAre("a,b"));
}

TEST_F(OptionSetTest, EveryParseErrorIsAUsageError) {
  EXPECT_THAT(error_of({}).message, HasSubstr("FEED"));
  EXPECT_THAT(error_of({"FEED", "--nonsense"}).message, HasSubstr("--nonsense"));
  EXPECT_THAT(error_of({"FEED", "--batch-bytes", "many"}).message, HasSubstr("'many' is not a size"));
  EXPECT_EQ(error_of({"FEED", "--peer", "bad"}).hint, "be good");
  EXPECT_THAT(error_of({"FEED", "--network", "other"}).message, HasSubstr("public|private"));
  EXPECT_THAT(error_of({"FEED", "--format"}).message, HasSubstr("--format"));
  EXPECT_THAT(error_of({"FEED", "-f", "a", "-f", "b"}).message, HasSubstr("--format"));
  for (const auto& error : {error_of({}), error_of({"FEED", "--format"})}) {
    EXPECT_EQ(error.code, Code::invalid_argument);
  }
}

TEST_F(OptionSetTest, AnUnknownOptionIsNamedBeforeAnythingElseIsMissed) {
  EXPECT_EQ(error_of({"--formta", "x"}).message, "unknown option --formta");
  EXPECT_EQ(error_of({"--formta=x"}).hint, "did you mean --format?");
  EXPECT_EQ(error_of({"FEED", "-ex"}).message, "unknown option -x");
  EXPECT_EQ(error_of({"FEED", "--completely-different"}).hint, "shoal sub --help lists the options");
  EXPECT_EQ(error_of({"FEED", "--other-command", "1"}).message, "'shoal sub' has no option --other-command");
  // What stands behind an option that takes a value is its value.
  accept({"FEED", "-f", "--formta", "-et", "-x"});
  EXPECT_EQ(text_, "--formta");
  EXPECT_THAT(topics_, ElementsAre("-x"));
}

TEST_F(OptionSetTest, HelpIsAskedForUnlessItIsAValue) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--help"}, {"-h"}, {"-eh"}, {"--nonsense", "-h"}, {"FEED", "-f", "x", "--help"}}) {
    const auto help = set_.parse(words, names_);
    ASSERT_TRUE(help.ok());
    EXPECT_TRUE(*help) << words.front();
  }
  accept({"FEED", "-f", "--help"});
  EXPECT_EQ(text_, "--help");
}

TEST_F(OptionSetTest, TheTableHoldsWhatWasDeclared) {
  const CommandTable& table = set_.table();
  EXPECT_EQ(table.usage(), "shoal sub [OPTIONS] FEED [FILE...]");
  std::vector<std::string> names;
  for (const OptionRow& option : table.options) names.push_back(option.long_name());
  EXPECT_THAT(names, ElementsAre("--exit", "--format", "--topic", "--batch-bytes", "--network", "--peer", "--help",
                                 "--config"));
  EXPECT_EQ(table.options[0].short_name(), "-e");
  EXPECT_FALSE(table.options[0].takes_value());
  EXPECT_EQ(table.options[4].metavar, "public|private");
  EXPECT_TRUE(table.options[5].repeatable);
  EXPECT_EQ(table.options[6].group, "Common options");
}

TEST_F(OptionSetTest, ATooLongLineNamesWhatIsTooMuch) {
  OptionSet set("x", "");
  std::string shell;
  set.positional_choice("SHELL", shell, "which", {"bash", "zsh"});
  const auto more = set.parse({"bash", "more"}, names_);
  ASSERT_FALSE(more.ok());
  EXPECT_EQ(more.error().message, "unexpected argument 'more'");
  const auto other = set.parse({"ksh"}, names_);
  ASSERT_FALSE(other.ok());
  EXPECT_THAT(other.error().message, HasSubstr("'ksh' is not one of bash|zsh"));
  ASSERT_TRUE(set.parse({"zsh"}, names_).ok());
  EXPECT_EQ(shell, "zsh");
}

TEST_F(OptionSetTest, TheEnvironmentGivesLongOptions) {
  setenv("SHOAL_BATCH_BYTES", "3K", 1);
  setenv("SHOAL_EXIT", "1", 1);
  setenv("SHOAL_PEER", "a:1,b:2", 1);
  accept({"FEED"});
  EXPECT_EQ(size_, 3072U);
  EXPECT_TRUE(flag_);
  EXPECT_THAT(peers_, ElementsAre("a:1", "b:2"));
}

TEST_F(OptionSetTest, TheCommandLineBeatsTheEnvironmentAndThatTheFile) {
  const auto file = directory_ / "config.toml";
  write_text(file, "batch-bytes = \"1K\"\nnetwork = \"public\"\nformat = \"from file\"\n");
  setenv("SHOAL_BATCH_BYTES", "2K", 1);
  setenv("SHOAL_NETWORK", "private", 1);
  accept({"FEED", "--batch-bytes", "4K", "--config", file.string()});
  EXPECT_EQ(size_, 4096U);
  EXPECT_EQ(network_, 2);
  EXPECT_EQ(text_, "from file");
}

TEST_F(OptionSetTest, AFileMayServeSeveralCommands) {
  const auto file = directory_ / "config.toml";
  write_text(file,
             "# all commands\nother-command = \"x\"\ntopic = [\"a\", \"b\"]\nexit = true\n\n[sub]\nformat = \"s\"\n\n"
             "[pub]\nformat = \"p\"\n\n[key.gen]\nformat = \"k\"\n");
  accept({"FEED", "--config", file.string()});
  EXPECT_EQ(text_, "s");
  EXPECT_TRUE(flag_);
  EXPECT_THAT(topics_, ElementsAre("a", "b"));
}

TEST_F(OptionSetTest, AFileWithAnUnknownOptionOrNoFileIsAUsageError) {
  const auto file = directory_ / "config.toml";
  write_text(file, "tpoic = \"a\"\n");
  EXPECT_THAT(error_of({"FEED", "--config", file.string()}).message, HasSubstr("tpoic"));
  write_text(file, "[sbu]\nformat = \"a\"\n");
  EXPECT_THAT(error_of({"FEED", "--config", file.string()}).message, HasSubstr("unknown command 'sbu'"));
  EXPECT_EQ(error_of({"FEED", "--config", (directory_ / "none").string()}).code, Code::invalid_argument);
}

TEST_F(OptionSetTest, ListsWhichOptionsTakeAValue) {
  for (const char* name : {"-f", "--format", "--topic", "--peer", "--config", "--batch-bytes"}) {
    EXPECT_TRUE(names_.takes_value(name)) << name;
  }
  for (const char* name : {"-e", "--exit", "-h"}) {
    EXPECT_TRUE(names_.known(name)) << name;
    EXPECT_FALSE(names_.takes_value(name)) << name;
  }
}

TEST(OptionNames, KnowsWhichTakeAValue) {
  OptionNames names;
  names.add("-t,--topic", true);
  names.add("-e,--exit", false);
  EXPECT_TRUE(names.takes_value("-t"));
  EXPECT_TRUE(names.takes_value("--topic"));
  EXPECT_FALSE(names.takes_value("--exit"));
  EXPECT_TRUE(names.known("--exit"));
  EXPECT_FALSE(names.known("--nothing"));
}

}  // namespace
}  // namespace shoal::command
