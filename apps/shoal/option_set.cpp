#include "option_set.h"

#include <algorithm>
#include <cstdlib>

#include <CLI/CLI.hpp>

namespace shoal::command {
namespace {

/// The names of `-t,--topic`.
std::vector<std::string> split_names(const std::string& names) {
  std::vector<std::string> out;
  for (std::size_t at = 0; at < names.size();) {
    const std::size_t comma = std::min(names.find(',', at), names.size());
    out.push_back(names.substr(at, comma - at));
    at = comma + 1;
  }
  return out;
}

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

/// A failed value as the vendor's parser wants it; the hint travels behind a line end.
void require(const std::string& names, const Result<void>& done) {
  if (done.ok()) return;
  const std::string hint = done.error().hint.empty() ? "" : "\n" + done.error().hint;
  throw CLI::ValidationError(split_names(names).back(), done.error().message + hint);
}

/// TOML whose top-level keys are long options. Keys of other commands are left for them, a table [pub] is for pub
/// alone, and what the environment sets is not taken from the file.
class ConfigFile final : public CLI::ConfigTOML {
 public:
  ConfigFile(std::string command, const OptionNames& all) : command_(std::move(command)), all_(all) {}

  [[nodiscard]] std::vector<CLI::ConfigItem> from_config(std::istream& input) const override {
    std::vector<CLI::ConfigItem> kept;
    for (CLI::ConfigItem item : CLI::ConfigTOML::from_config(input)) {
      if (item.name == "++" || item.name == "--") continue;
      if (!all_.known("--" + item.name)) throw CLI::ConfigError("unknown option '" + item.name + "' in the file");
      if (!item.parents.empty() && item.parents != std::vector<std::string>{command_}) continue;
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

/// Names and metavar left, words right; no vendor decorations.
class HelpFormatter final : public CLI::Formatter {
 public:
  HelpFormatter() { column_width(30); }
  [[nodiscard]] std::string make_group(std::string heading, bool positional,
                                       std::vector<const CLI::Option*> options) const override {
    return CLI::Formatter::make_group(std::move(heading), positional, std::move(options)).substr(1);
  }
  [[nodiscard]] std::string make_option_opts(const CLI::Option* option) const override {
    return option->get_type_size() == 0 || option->get_type_name().empty() ? "" : " " + option->get_type_name();
  }
  [[nodiscard]] std::string make_option_name(const CLI::Option* option, bool positional) const override {
    if (positional) return option->get_name(true, false);
    std::string names = option->get_name(false, true);
    for (std::size_t at = names.find(','); at != std::string::npos; at = names.find(',', at + 2))
      names.insert(at + 1, " ");
    return names.starts_with("--") ? "    " + names : names;
  }
};

}  // namespace

void OptionNames::add(const std::string& names, bool takes_value) {
  for (const std::string& name : split_names(names)) names_.emplace_back(name, takes_value);
}

void OptionNames::add(const OptionNames& others) {
  names_.insert(names_.end(), others.names_.begin(), others.names_.end());
}

bool OptionNames::known(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(), [&](const auto& entry) { return entry.first == name; });
}

bool OptionNames::takes_value(std::string_view name) const {
  return std::any_of(names_.begin(), names_.end(),
                     [&](const auto& entry) { return entry.first == name && entry.second; });
}

struct OptionSet::Parser {
  Parser(const std::string& name, const std::string& summary) : app(summary, "shoal " + name), command(name) {}

  /// Help and configuration stand last, below the common options.
  void finish() {
    if (app.get_help_ptr() != nullptr) return;
    app.set_help_flag("-h,--help", "print this and leave")->group("Common options");
    app.set_config("--config", "", "take options from a TOML file")
        ->group("Common options")
        ->envname("SHOAL_CONFIG")
        ->type_name("FILE");
  }

  CLI::Option* declare(CLI::Option* option, const std::string& option_names, bool takes_value) {
    names.add(option_names, takes_value);
    option->group(heading);
    if (const std::string variable = environment_name(option_names); !variable.empty()) option->envname(variable);
    return option;
  }

  CLI::App app;
  std::string command;
  std::string heading = "Options";
  OptionNames names;
};

OptionSet::OptionSet(const std::string& command, const std::string& summary)
    : parser_(std::make_unique<Parser>(command, summary)) {
  parser_->app.formatter(std::make_shared<HelpFormatter>());
  parser_->app.option_defaults()->multi_option_policy(CLI::MultiOptionPolicy::Throw);
  parser_->app.set_help_flag();
}

OptionSet::~OptionSet() = default;

void OptionSet::flag(const std::string& names, bool& target, const std::string& help) {
  parser_->declare(parser_->app.add_flag(names, target, help), names, false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeLast);
}

void OptionSet::text(const std::string& names, std::string& target, const std::string& metavar,
                     const std::string& help) {
  parser_->declare(parser_->app.add_option(names, target, help), names, true)->type_name(metavar);
}

void OptionSet::texts(const std::string& names, std::vector<std::string>& target, const std::string& metavar,
                      const std::string& help) {
  CLI::Option* option = parser_->declare(parser_->app.add_option(names, target, help), names, true);
  option->type_name(metavar)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionSet::value(const std::string& names, const std::string& metavar, const std::string& help,
                      std::function<Result<void>(const std::string&)> parse) {
  const auto call = [names, parse = std::move(parse)](const std::string& text) { require(names, parse(text)); };
  parser_->declare(parser_->app.add_option_function<std::string>(names, call, help), names, true)->type_name(metavar);
}

void OptionSet::values(const std::string& names, const std::string& metavar, const std::string& help, bool commas,
                       std::function<Result<void>(const std::string&)> parse) {
  const auto call = [names, parse = std::move(parse)](const std::vector<std::string>& texts) {
    for (const std::string& text : texts) require(names, parse(text));
  };
  CLI::Option* option =
      parser_->declare(parser_->app.add_option_function<std::vector<std::string>>(names, call, help), names, true);
  option->type_name(metavar)->allow_extra_args(false)->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
  if (commas) option->delimiter(',');
}

void OptionSet::positional(const std::string& name, std::string& target, const std::string& help, bool required) {
  parser_->app.add_option(name, target, help)->required(required)->type_name("")->configurable(false);
}

void OptionSet::positionals(const std::string& name, std::vector<std::string>& target, const std::string& help,
                            bool required) {
  parser_->app.add_option(name, target, help)
      ->required(required)
      ->type_name("")
      ->configurable(false)
      ->multi_option_policy(CLI::MultiOptionPolicy::TakeAll);
}

void OptionSet::group(const std::string& heading) { parser_->heading = heading; }

void OptionSet::not_yet(const std::string& names, bool takes_value) {
  const std::string name = split_names(names).back();
  const auto refuse = [name] { throw CLI::ValidationError(name, "not supported yet by this version"); };
  CLI::Option* option =
      takes_value ? parser_->app.add_option_function<std::string>(names, [refuse](const std::string&) { refuse(); })
                  : parser_->app.add_flag_callback(names, refuse);
  option->group("");
  parser_->names.add(names, takes_value);
}

void OptionSet::examples(const std::vector<std::string>& lines) {
  std::string footer = "Examples:";
  for (const std::string& line : lines) footer += "\n  " + line;
  parser_->app.footer(footer);
}

void OptionSet::list(OptionNames& names) const { names.add(parser_->names); }

std::string OptionSet::help() const {
  parser_->finish();
  return parser_->app.help();
}

Result<bool> OptionSet::parse(const std::vector<std::string>& arguments, const OptionNames& all) {
  const std::string see = "shoal " + parser_->command + " --help";
  try {
    parser_->finish();
    parser_->app.config_formatter(std::make_shared<ConfigFile>(parser_->command, all));
    parser_->app.allow_config_extras(CLI::config_extras_mode::ignore_all);
    std::vector<std::string> reversed(arguments.rbegin(), arguments.rend());
    parser_->app.parse(std::move(reversed));
    return false;
  } catch (const CLI::CallForHelp&) {
    return true;
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
