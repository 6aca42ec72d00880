#include "command_line.h"

#include "base/try.h"
#include "help_text.h"
#include "text/nearest_name.h"

#include <unistd.h>
#include <algorithm>

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

Error unknown_command(const std::string& name) {
  std::vector<std::string> names;
  for (const CommandEntry& entry : all_commands()) names.emplace_back(entry.name);
  const std::string meant = nearest_name(name, names);
  return Error{Code::invalid_argument, "unknown command '" + name + "'",
               meant.empty() ? "shoal --help lists the commands" : "did you mean 'shoal " + meant + "'?"};
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
  for (const CommandTable& table : all_tables()) names.add(table);
  names.add("--version", false);
  return names;
}

namespace {

Result<Exit> run_words(const std::vector<std::string>& words, Context& context) {
  const OptionNames names = all_option_names();
  SHOAL_TRY(CommandLine line, split_command_line(words, names));
  if (line.ask == CommandLine::Ask::version) line.command = find_command("version");
  if (line.ask == CommandLine::Ask::version) line.arguments.clear();
  if (line.command == nullptr) {
    SHOAL_CHECK(context.out.write(overview_text(all_tables(), line.topic)));
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
    SHOAL_CHECK(context.out.write(help_text(options.table())));
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
  messages.end_progress();
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
