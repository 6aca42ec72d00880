#include "command_line.h"

#include "base/try.h"

#include <unistd.h>
#include <algorithm>
#include <array>
#include <numeric>

namespace shoal::command {
namespace {

const CommandEntry* find_command(const std::string& name) {
  for (const CommandEntry& entry : all_commands()) {
    if (name == entry.name) return &entry;
  }
  return nullptr;
}

/// True for `key`, of which only `key gen` and others are commands.
bool is_first_word(const std::string& word) {
  return std::any_of(all_commands().begin(), all_commands().end(),
                     [&](const CommandEntry& entry) { return std::string_view(entry.name).starts_with(word + " "); });
}

std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); ++i) {
    std::size_t diagonal = row[0]++;
    for (std::size_t j = 0; j < b.size(); ++j) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row.back();
}

Error unknown_command(const std::string& name) {
  std::string hint = "shoal --help lists the commands";
  std::size_t nearest = 3;
  for (const CommandEntry& entry : all_commands()) {
    const std::size_t distance = edit_distance(name, entry.name);
    if (distance >= nearest) continue;
    nearest = distance;
    hint = std::string("did you mean 'shoal ") + entry.name + "'?";
  }
  return Error{Code::invalid_argument, "unknown command '" + name + "'", hint};
}

/// Takes the next word that is no option and no option's value out of `words`; empty when there is none.
std::string take_word(std::vector<std::string>& words, const OptionNames& names) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    std::string word = words[i];
    if (word == "--") break;
    if (word.size() > 1 && word.front() == '-') {
      const bool whole = word.starts_with("--") ? word.find('=') == std::string::npos : word.size() == 2;
      if (whole && names.takes_value(word)) ++i;
      continue;
    }
    words.erase(words.begin() + static_cast<std::ptrdiff_t>(i));
    return word;
  }
  return {};
}

bool has(const std::vector<std::string>& words, std::initializer_list<const char*> any) {
  return std::any_of(words.begin(), words.end(), [&](const std::string& word) {
    return std::any_of(any.begin(), any.end(), [&](const char* option) { return word == option; });
  });
}

Result<CommandLine> help_for(std::vector<std::string> words, const OptionNames& names) {
  CommandLine line;
  line.ask = CommandLine::Ask::help;
  const std::string first = take_word(words, names);
  const std::string second = take_word(words, names);
  line.command = find_command(second.empty() ? first : first + " " + second);
  if (line.command != nullptr || first.empty()) return line;
  if (!is_first_word(first) || !second.empty()) return unknown_command(second.empty() ? first : first + " " + second);
  line.topic = first;
  return line;
}

}  // namespace

Result<CommandLine> split_command_line(const std::vector<std::string>& words, const OptionNames& names) {
  CommandLine line;
  line.arguments = words;
  std::string name = take_word(line.arguments, names);
  if (name == "help") return help_for(line.arguments, names);
  const bool wants_help = has(words, {"-h", "--help"});
  if (name.empty()) {
    line.ask = has(words, {"--version"}) ? CommandLine::Ask::version : CommandLine::Ask::help;
    if (line.ask == CommandLine::Ask::version || wants_help) return line;
    return Error{Code::invalid_argument, "no command", "shoal --help lists the commands"};
  }
  if (is_first_word(name)) {
    const std::string second = take_word(line.arguments, names);
    if (second.empty() && wants_help) {
      line.ask = CommandLine::Ask::help;
      line.topic = name;
      return line;
    }
    if (second.empty()) {
      return Error{Code::invalid_argument, "'shoal " + name + "' needs a second word",
                   "shoal " + name + " --help lists them"};
    }
    name += " " + second;
  }
  line.command = find_command(name);
  if (line.command == nullptr) return unknown_command(name);
  return line;
}

OptionNames all_option_names() {
  OptionNames names;
  for (const CommandEntry& entry : all_commands()) {
    const auto command = entry.make();
    OptionSet options(entry.name, entry.summary);
    command->declare(options);
    options.list(names);
  }
  names.add("-h,--help", false);
  names.add("--config", true);
  names.add("--version", false);
  return names;
}

std::string overview(const std::string& first_word) {
  std::string text =
      "shoal: signed realtime data feeds without a broker\n\nUsage: shoal COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n";
  for (const CommandEntry& entry : all_commands()) {
    const std::string name = entry.name;
    if (!first_word.empty() && !name.starts_with(first_word + " ")) continue;
    text += "  " + name + std::string(name.size() < 12 ? 12 - name.size() : 1, ' ') + entry.summary + "\n";
  }
  text +=
      "\nFEED is an own name, 64 hexadecimal digits, a feed link, or a file made by 'shoal export'. Options may stand\n"
      "before or after the command; any long option may come from SHOAL_LONG_OPTION or from a TOML file (--config).\n"
      "\nExamples:\n"
      "  printf 'hello\\nworld\\n' | shoal pub greetings --seed\n"
      "  shoal sub FEED -t 'us*' -o s@-2h -J\n"
      "\n'shoal COMMAND --help' tells more.\n";
  return text;
}

namespace {

Result<Exit> run_words(const std::vector<std::string>& words, Context& context) {
  const OptionNames names = all_option_names();
  SHOAL_TRY(CommandLine line, split_command_line(words, names));
  if (line.ask == CommandLine::Ask::version) line.command = find_command("version");
  if (line.ask == CommandLine::Ask::version) line.arguments.clear();
  if (line.command == nullptr) {
    SHOAL_CHECK(context.out.write(overview(line.topic)));
    return Exit::ok;
  }
  const auto command = line.command->make();
  OptionSet options(line.command->name, line.command->summary);
  command->declare(options);
  bool help = line.ask == CommandLine::Ask::help;
  if (!help) {
    SHOAL_TRY(help, options.parse(line.arguments, names));
  }
  if (help) {
    SHOAL_CHECK(context.out.write(options.help()));
    return Exit::ok;
  }
  command->apply_verbosity(context.messages);
  return command->run(context);
}

}  // namespace

int run_command_line(const std::vector<std::string>& words) {
  StopSignals stop;
  Messages messages;
  DataOutput out(STDOUT_FILENO);
  Context context{messages, out, stop};
  const auto done = run_words(words, context);
  const auto flushed = out.flush();
  if (out.reader_gone()) return static_cast<int>(Exit::ok);
  Exit exit = Exit::ok;
  if (done.ok()) {
    exit = *done;
  } else if (done.error().code == Code::cancelled && stop.stopped()) {
    exit = stop.exit();
  } else {
    messages.error(done.error());
    exit = exit_for(done.error().code);
  }
  if (!flushed.ok()) {
    messages.error(flushed.error());
    exit = worse_of(exit, exit_for(flushed.error().code));
  }
  return static_cast<int>(exit);
}

}  // namespace shoal::command
