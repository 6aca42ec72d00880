#include "option_set.h"

#include "text/nearest_name.h"

#include <algorithm>
#include <cstdlib>
#include <optional>

#include <CLI/CLI.hpp>

namespace shoal::command {
namespace {

/// `--batch-bytes` is SHOAL_BATCH_BYTES; empty when there is no long name.
std::string environment_name(const std::string& names) {
  for (const std::string& name : split_names(names)) {
    if (!name.starts_with("--")) continue;
    std::string variable = "SHOAL_";
    for (const char c : name.substr(2))
      variable += c == '-' ? '_' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    return variable;
  }
  return {};
}

/// The error of a value as the parser library expects it: message, line end, hint.
void require(const std::string& names, const Result<void>& done) {
  if (done.ok()) return;
  const std::string hint = done.error().hint.empty() ? "" : "\n" + done.error().hint;
  throw CLI::ValidationError(split_names(names).back(), done.error().message + hint);
}

/// `[key.gen]` is for key gen.
std::string spaced(const std::vector<std::string>& parents) {
  std::string text;
  for (const std::string& parent : parents) text += (text.empty() ? "" : " ") + parent;
  return text;
}

/// TOML whose top-level keys are long options. Keys of other commands are ignored, a table [pub] is for pub
/// only, and the environment overrides the file.
class ConfigFile final : public CLI::ConfigTOML {
 public:
  ConfigFile(std::string command, const OptionNames& all) : command_(std::move(command)), all_(all) {}

  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> kept;
    for (CLI::ConfigItem item : CLI::ConfigTOML::from_config(input)) {
      if (item.name == "++" || item.name == "--") continue;
      if (!all_.known("--" + item.name)) throw CLI::ConfigError("unknown option '" + item.name + "' in the file");
      const std::string command = spaced(item.parents);
      if (!command.empty() && !all_.known_command(command)) {
        throw CLI::ConfigError("unknown command '" + command + "' in the file");
      }
      if (!command.empty() && command != command_) continue;
      if (std::getenv(environment_name("--" + item.name).c_str()) != nullptr) continue;
      item.parents.clear();
      kept.push_back(std::move(item));
    }
    return kept;
  }

 private:
  std::string command_;
  const OptionNames& all_;
};

}  // namespace

void OptionNames::add(const std::string& names, bool takes_value) {
  for (const std::string& name : split_names(names)) names_.emplace_back(name, takes_value);
}

void OptionNames::add(const CommandTable& table) {
  for (const OptionRow& option : table.options) add(option.names, option.takes_value());
  commands_.push_back(table.name);
}

bool OptionNames::known(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(), [&](const auto& entry) { return entry.first == name; });
}

bool OptionNames::known_command(std::string_view name) const {
  return std::find(commands_.begin(), commands_.end(), name) != commands_.end();
}

bool OptionNames::takes_value(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const auto& entry) { return entry.first == name && entry.second; });
}

struct OptionSet::Parser {
  Parser(const std::string& name, const std::string& summary) : app(summary, "shoal " + name) {
    table.name = name;
    table.summary = summary;
  }

  CLI::Option* declare(CLI::Option* option, OptionRow row) {
    if (const std::string variable = environment_name(row.names); !variable.empty()) option->envname(variable);
    row.group = heading;
    table.options.push_back(std::move(row));
    return option;
  }

  void take(ArgumentRow row, CLI::Option* option) {
    option->required(row.required)->type_name("")->configurable(false);
    table.arguments.push_back(std::move(row));
  }

  [[nodiscard]] const OptionRow* find(const std::string& name) const;
  [[nodiscard]] Error unknown_option(const std::string& name, const OptionNames& all) const;
  [[nodiscard]] Result<bool> look(const std::vector<std::string>& arguments, const OptionNames& all) const;

  CLI::App app;
  CommandTable table;
  std::string heading = "Options";
};

const OptionRow* OptionSet::Parser::find(const std::string& name) const {
  for (const OptionRow& row : table.options) {
    const std::vector<std::string> names = split_names(row.names);
    if (std::find(names.begin(), names.end(), name) != names.end()) return &row;
  }
  return nullptr;
}

Error OptionSet::Parser::unknown_option(const std::string& name, const OptionNames& all) const {
  if (all.known(name)) {
    return Error{Code::invalid_argument, "'shoal " + table.name + "' has no option " + name,
                 "shoal " + table.name + " --help lists its options"};
  }
  std::vector<std::string> long_names;
  for (const OptionRow& option : table.options) {
    if (option.shown()) long_names.push_back(option.long_name());
  }
  const std::string meant = name.starts_with("--") ? nearest_name(name, long_names) : std::string();
  return Error{Code::invalid_argument, "unknown option " + name,
               meant.empty() ? "shoal " + table.name + " --help lists the options" : "did you mean " + meant + "?"};
}

/// Finds unknown options before the parser library reports something else as missing. True when help was asked for.
Result<bool> OptionSet::Parser::look(const std::vector<std::string>& arguments, const OptionNames& all) const {
  std::optional<Error> unknown;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const std::string& word = arguments[i];
    if (word == "--") break;
    if (word.size() < 2 || word.front() != '-') continue;
    const bool is_long = word.starts_with("--");
    // `-Jc5` is -J -c 5.
    for (std::size_t at = 1; at < word.size(); ++at) {
      const std::string name = is_long ? word.substr(0, word.find('=')) : std::string("-") + word[at];
      if (name == "-h" || name == "--help") return true;
      const OptionRow* row = find(name);
      if (row == nullptr && !unknown) unknown = unknown_option(name, all);
      const bool value = row == nullptr ? all.takes_value(name) : row->takes_value();
      if (value && (is_long ? name.size() : at + 1) == word.size()) ++i;
      if (value || is_long || row == nullptr) break;
    }
  }
  if (unknown) return *unknown;
  return false;
}

OptionSet::OptionSet(const std::string& command, const std::string& summary)
    : parser_(std::make_unique<Parser>(command, summary)) {
  parser_->app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  parser_->app.set_help_flag();
}

OptionSet::~OptionSet() = default;

void OptionSet::flag(const std::string& names, bool& target, const std::string& help) {
  parser_->declare(parser_->app.add_flag(names, target), {.names = names, .metavar = "", .help = help, .group = ""})
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void OptionSet::text(const std::string& names, std::string& target, const std::string& metavar,
                     const std::string& help) {
  parser_
      ->declare(parser_->app.add_option(names, target), {.names = names, .metavar = metavar, .help = help, .group = ""})
      ->type_name(metavar);
}

void OptionSet::texts(const std::string& names, std::vector<std::string>& target, const std::string& metavar,
                      const std::string& help) {
  CLI::Option* option =
      parser_->declare(parser_->app.add_option(names, target),
                       {.names = names, .metavar = metavar, .help = help, .group = "", .repeatable = true});
  option->type_name(metavar)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionSet::value(const std::string& names, const std::string& metavar, const std::string& help,
                      std::function<Result<void>(const std::string&)> parse) {
  const auto call = [names, parse = std::move(parse)](const std::string& text) { require(names, parse(text)); };
  parser_
      ->declare(parser_->app.add_option_function<std::string>(names, call),
                {.names = names, .metavar = metavar, .help = help, .group = ""})
      ->type_name(metavar);
}

void OptionSet::values(const std::string& names, const std::string& metavar, const std::string& help, bool commas,
                       std::function<Result<void>(const std::string&)> parse) {
  const auto call = [names, parse = std::move(parse)](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) require(names, parse(text));
  };
  CLI::Option* option =
      parser_->declare(parser_->app.add_option_function<std::vector<std::string>>(names, call),
                       {.names = names, .metavar = metavar, .help = help, .group = "", .repeatable = true});
  option->type_name(metavar)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (commas) option->delimiter(',');
}

void OptionSet::positional(const std::string& name, std::string& target, const std::string& help, bool required) {
  parser_->take({.name = name, .help = help, .required = required}, parser_->app.add_option(name, target));
}

void OptionSet::positionals(const std::string& name, std::vector<std::string>& target, const std::string& help,
                            bool required) {
  CLI::Option* option = parser_->app.add_option(name, target);
  option->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  parser_->take({.name = name, .help = help, .required = required, .many = true}, option);
}

void OptionSet::positional_choice(const std::string& name, std::string& target, const std::string& help,
                                  const std::vector<std::string>& choices) {
  const auto call = [name, choices, &target](const std::string& text) {
    std::string allowed;
    for (const std::string& choice : choices) allowed += (allowed.empty() ? "" : "|") + choice;
    if (std::find(choices.begin(), choices.end(), text) == choices.end()) {
      throw CLI::ValidationError(name, "'" + text + "' is not one of " + allowed);
    }
    target = text;
  };
  parser_->take({.name = name, .help = help, .choices = choices},
                parser_->app.add_option_function<std::string>(name, call));
}

void OptionSet::group(const std::string& heading) { parser_->heading = heading; }

void OptionSet::help_and_config() {
  // Parser::look() finds --help.
  parser_->table.options.push_back(
      {.names = "-h,--help", .metavar = "", .help = "print this and leave", .group = parser_->heading});
  parser_->declare(parser_->app.set_config("--config"),
                   {.names = "--config",
                    .metavar = "FILE",
                    .help = "take options from a TOML file, keys being long options without dashes",
                    .group = ""});
}

void OptionSet::about(const std::string& paragraph) { parser_->table.about = paragraph; }

void OptionSet::examples(const std::vector<std::string>& lines) { parser_->table.examples = lines; }

const CommandTable& OptionSet::table() const { return parser_->table; }

Result<bool> OptionSet::parse(const std::vector<std::string>& arguments, const OptionNames& all) {
  const std::string see = "shoal " + parser_->table.name + " --help";
  const auto looked = parser_->look(arguments, all);
  if (!looked.ok() || *looked) return looked;
  try {
    parser_->app.config_formatter(std::make_shared<ConfigFile>(parser_->table.name, all));
    parser_->app.allow_config_extras(CLI::config_extras_mode::ignore_all);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    parser_->app.parse(std::move(reversed));
    return false;
  } catch (const CLI::ExtrasError&) {
    const std::vector<std::string> left = parser_->app.remaining();
    return Error{Code::invalid_argument, left.empty() ? "too many arguments" : "unexpected argument '" + left[0] + "'",
                 see};
  } catch (const CLI::ParseError& error) {
    std::string message = error.what();
    std::string hint = see;
    if (const std::size_t line = message.find('\n'); line != std::string::npos) {
      hint = message.substr(line + 1);
      message.resize(line);
    }
    return Error{Code::invalid_argument, message, hint};
  } catch (const std::exception& error) {
    return Error{Code::invalid_argument, error.what(), see};
  }
}

}  // namespace shoal::command
