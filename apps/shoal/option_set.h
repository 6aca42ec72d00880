#pragma once

#include "command_table.h"

#include <shoal/result.h>

#include <functional>
#include <initializer_list>
#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The options of one command. Each long option may also come from `SHOAL_LONG_OPTION` or from a TOML file given with
/// `--config`; the command line overrides the environment, and the environment overrides the file.
namespace shoal::command {

/// All options and commands that exist: which options take a value, and which names a configuration file may use.
class OptionNames {
 public:
  void add(const std::string& names, bool takes_value);
  void add(const CommandTable& table);
  [[nodiscard]] bool known(std::string_view name) const;
  [[nodiscard]] bool known_command(std::string_view name) const;
  /// `name` with its dashes. Unknown names take no value.
  [[nodiscard]] bool takes_value(std::string_view name) const;

 private:
  std::vector<std::pair<std::string, bool>> names_;
  std::vector<std::string> commands_;
};

/// Declares and parses options, and keeps the table of what was declared; the parser library is only in the source
/// file. The declared targets outlive it.
class OptionSet {
 public:
  OptionSet(const std::string& command, const std::string& summary);
  ~OptionSet();
  OptionSet(const OptionSet&) = delete;
  OptionSet& operator=(const OptionSet&) = delete;

  /// `names` as in `-t,--topic`; `metavar` as help shows the value.
  void flag(const std::string& names, bool& target, const std::string& help);
  void text(const std::string& names, std::string& target, const std::string& metavar, const std::string& help);
  /// May be given several times.
  void texts(const std::string& names, std::vector<std::string>& target, const std::string& metavar,
             const std::string& help);
  /// A value that `parse` reads; its error is the usage error.
  void value(const std::string& names, const std::string& metavar, const std::string& help,
             std::function<Result<void>(const std::string&)> parse);
  /// The same, repeatable: `parse` is called for each value. With `commas` one text may hold several, so that the
  /// environment can.
  void values(const std::string& names, const std::string& metavar, const std::string& help, bool commas,
              std::function<Result<void>(const std::string&)> parse);
  /// `read` is a function from text to Result<T>.
  template <typename T, typename Parse>
  void parsed(const std::string& names, T& target, const std::string& metavar, const std::string& help, Parse read) {
    value(names, metavar, help, [&target, read](const std::string& text) -> Result<void> {
      auto result = read(text);
      if (!result.ok()) return std::move(result).error();
      target = std::move(result).value();
      return {};
    });
  }
  template <typename T, typename Target>
  void choice(const std::string& names, Target& target, const std::string& help,
              std::initializer_list<std::pair<const char*, T>> allowed) {
    const std::vector<std::pair<std::string, T>> choices(allowed.begin(), allowed.end());
    std::string metavar;
    for (const auto& [name, unused] : choices) metavar += (metavar.empty() ? "" : "|") + name;
    parsed(names, target, metavar, help, [choices, metavar](const std::string& text) -> Result<Target> {
      for (const auto& [name, chosen] : choices) {
        if (name == text) return Target(chosen);
      }
      return Error{Code::invalid_argument, "'" + text + "' is not one of " + metavar, ""};
    });
  }

  /// A required argument that is one of `choices`.
  void positional_choice(const std::string& name, std::string& target, const std::string& help,
                         const std::vector<std::string>& choices);
  void positional(const std::string& name, std::string& target, const std::string& help, bool required = true);
  void positionals(const std::string& name, std::vector<std::string>& target, const std::string& help, bool required);

  /// Options declared from here on stand under this heading in the help; empty: they are accepted and not shown.
  void group(const std::string& heading);
  /// -h, --help and --config FILE, which every command has.
  void help_and_config();
  /// A paragraph for help and manual: what the command does and what is worth knowing first.
  void about(const std::string& paragraph);
  /// Printed below the options, one command line each. Three spaces stand before a remark; a line that ends with a
  /// backslash goes on in the next.
  void examples(const std::vector<std::string>& lines);

  [[nodiscard]] const CommandTable& table() const;
  /// True: `--help` was asked for and nothing else was checked. Code::invalid_argument is a usage error. `all`: what
  /// any command takes, which a configuration file may name.
  [[nodiscard]] Result<bool> parse(const std::vector<std::string>& arguments, const OptionNames& all);

 private:
  struct Parser;
  std::unique_ptr<Parser> parser_;
};

}  // namespace shoal::command
