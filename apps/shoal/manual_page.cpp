#include "manual_page.h"

#include "text/exit_code.h"

#include <algorithm>
#include <utility>

namespace shoal::command {
namespace {

using Entries = std::vector<std::pair<const char*, const char*>>;

/// No character of `text` means anything to the formatter.
std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '\\': out += "\\e"; break;
      case '-': out += "\\-"; break;
      case '\'': out += "\\(aq"; break;
      case '`': out += "\\(ga"; break;
      case '^': out += "\\(ha"; break;
      case '~': out += "\\(ti"; break;
      default: out += c; break;
    }
  }
  return out.starts_with('.') ? "\\&" + out : out;
}

std::string bold(std::string_view text) { return "\\fB" + escaped(text) + "\\fR"; }
std::string italic(std::string_view text) { return "\\fI" + escaped(text) + "\\fR"; }

/// `shoal-key-gen`
std::string page_name(const CommandTable& table) {
  std::string name = "shoal-" + table.name;
  std::replace(name.begin(), name.end(), ' ', '-');
  return name;
}

std::string title(std::string name, const std::string& date) {
  std::transform(name.begin(), name.end(), name.begin(),
                 [](char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c; });
  return ".TH " + name + " 1 " + date + " \"shoal " SHOAL_VERSION "\" \"Shoalcast manual\"\n";
}

std::string section(const std::string& heading) { return ".SH " + heading + "\n"; }

std::string entry(const std::string& head, std::string_view text) {
  return ".TP\n" + head + "\n" + escaped(text) + "\n";
}

std::string entries(const Entries& rows) {
  std::string text;
  for (const auto& [head, meaning] : rows) text += entry(bold(head), meaning);
  return text;
}

std::string option_head(const OptionRow& option) {
  std::string head = option.short_name().empty() ? std::string() : bold(option.short_name()) + ", ";
  head += bold(option.long_name());
  return option.takes_value() ? head + " " + italic(option.metavar) : head;
}

std::string examples(const std::vector<std::string>& lines) {
  std::string text = section("EXAMPLES") + ".nf\n";
  for (const std::string& line : lines) text += escaped(line) + "\n";
  return text + ".fi\n";
}

std::string exit_table() {
  std::string text = section("EXIT STATUS");
  for (const ExitMeaning& row : exit_meanings()) {
    text += entry(bold(std::to_string(static_cast<int>(row.exit))), row.meaning);
  }
  return text + ".PP\nWhen several apply, the first of 6 5 9 7 8 4 3 is given.\n";
}

std::string command_page(const CommandTable& table, const std::string& date) {
  const std::string name = page_name(table);
  std::string text = title(name, date);
  text += section("NAME") + escaped(name) + " \\- " + escaped(table.summary) + "\n";
  text += section("SYNOPSIS") + bold("shoal " + table.name) + " [" + italic("OPTIONS") + "]";
  for (const ArgumentRow& argument : table.arguments) text += " " + italic(argument.usage());
  text += "\n" + section("DESCRIPTION");
  text += escaped(table.about.empty() ? "Synopsis and options say all there is to say." : table.about) + "\n";
  for (const ArgumentRow& argument : table.arguments) text += entry(italic(argument.name), argument.help);
  text += section("OPTIONS");
  for (const std::string& group : shown_groups(table)) {
    if (group != "Options") text += ".SS " + escaped(group) + "\n";
    for (const OptionRow& option : table.options) {
      if (option.group == group) text += entry(option_head(option), option.help);
    }
  }
  text += examples(table.examples);
  text += section("EXIT STATUS") + "0 when done; the other codes are in\n.BR shoal (1).\n";
  return text + section("SEE ALSO") + ".BR shoal (1)\n";
}

std::string overview_page(const std::vector<CommandTable>& tables, const std::string& date) {
  std::string text = title("shoal", date);
  text += section("NAME") + "shoal \\- signed realtime data feeds without a broker\n";
  text += section("SYNOPSIS") + bold("shoal") + " " + italic("COMMAND") + " [" + italic("ARGUMENTS") + "] [" +
          italic("OPTIONS") + "]\n";
  text += section("DESCRIPTION");
  text +=
      escaped(
          "A feed is an append-only list of records that its owner signs. Whoever reads it verifies it, and whoever "
          "keeps a copy serves it on; nobody has to be trusted but the owner's key. Keys, feeds and cursors are "
          "kept in one directory.") +
      "\n";
  text += section("COMMANDS");
  for (const CommandTable& table : tables) {
    text += ".TP\n.BR " + escaped(page_name(table)) + " (1)\n" + escaped(table.summary) + "\n";
  }
  text += section("ARGUMENTS AND VALUES");
  text += entries({
      {"FEED", "an own name, 64 hexadecimal digits, a feed link, or a bundle file written by shoal export"},
      {"SIZE, RATE", "a number of bytes (a second), K M G being powers of 1024: 500, 256K, 20G"},
      {"duration", "a number with its unit: 250ms, 90s, 15m, 12h, 30d"},
      {"point in time", "RFC 3339, a date (00:00 UTC), milliseconds since 1970, -2h (two hours ago), or now"},
  });
  text += ".PP\n" +
          escaped(
              "Options stand before or after the command. Each long option may come from the environment or a TOML "
              "file as well: what the command line says counts most, then the environment, then the file.") +
          "\n";
  text += section("ENVIRONMENT");
  text += entries({
      {"SHOAL_LONG_OPTION",
       "any long option, as in SHOAL_BATCH_BYTES=64K; repeatable ones take one value, addresses "
       "several with commas"},
      {"SHOAL_DATA", "where keys and feeds are kept (--data)"},
      {"SHOAL_CONFIG", "the TOML file (--config)"},
      {"STATE_DIRECTORY", "the directory that systemd gives a service; used when --data and SHOAL_DATA are absent"},
      {"XDG_DATA_HOME", "shoal below it is the directory when none of these is set; else ~/.local/share/shoal"},
      {"XDG_RUNTIME_DIR", "where the node's socket lies when the directory's own path is too long for one"},
      {"NOTIFY_SOCKET", "systemd's readiness and watchdog messages go there"},
      {"NO_COLOR, TERM=dumb", "no colours, and with a dumb terminal no progress either"},
      {"TMPDIR", "where bundles are read that are used in place"},
  });
  text += section("FILES");
  text += entries({
      {"DIR/keys/NAME.key", "the secret keys of own feeds, mode 0600: what a backup must hold"},
      {"DIR/node.key", "the node's own key; it signs no feed"},
      {"DIR/lock", "held by the process that has the directory"},
      {"DIR/node.sock", "where that process answers the other commands, mode 0600"},
  });
  text += exit_table();
  text += section("SEE ALSO");
  for (std::size_t i = 0; i < tables.size(); ++i) {
    text += ".BR " + escaped(page_name(tables[i])) + " (1)" + (i + 1 < tables.size() ? ",\n" : "\n");
  }
  return text;
}

}  // namespace

std::vector<ManualPage> manual_pages(const std::vector<CommandTable>& tables, const std::string& date) {
  std::vector<ManualPage> pages = {{"shoal.1", overview_page(tables, date)}};
  for (const CommandTable& table : tables) pages.push_back({page_name(table) + ".1", command_page(table, date)});
  return pages;
}

}  // namespace shoal::command
