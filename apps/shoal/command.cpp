#include "command.h"

namespace shoal::command {

void Command::declare(OptionSet& options) {
  declare_own(options);
  declare_network(options, common_, !common_.uses_network);
  declare_common(options, common_);
}

void Command::apply_verbosity(Messages& messages) const {
  messages.set_quiet(common_.quiet);
  messages.set_verbose(common_.verbose);
}

const std::vector<CommandEntry>& all_commands() {
  static const std::vector<CommandEntry> kCommands = {
      {"init", "make a key and a feed, or renew the feed's description", make_init},
      {"pub", "append records to an own feed", make_pub},
      {"sub", "read a feed, live unless -e", make_sub},
      {"get", "read single records by offset", make_get},
      {"mirror", "keep and serve verified copies", make_mirror},
      {"node", "serve what is owned and wanted, without a job of its own", make_node},
      {"ls", "list the feeds in the directory", make_ls},
      {"info", "what is known of a feed", make_info},
      {"topics", "the topics of a feed and where they end", make_topics},
      {"peers", "who is connected", make_peers},
      {"doctor", "why nothing is found", make_doctor},
      {"rm", "forget a feed and give its disk back", make_rm},
      {"verify", "hash everything again against the signed head", make_verify},
      {"repair", "fetch again what is damaged", make_repair},
      {"recover", "take an own feed's history back from others", make_recover},
      {"prove", "write the proof of one record", make_prove},
      {"verify-proof", "check the proof of one record, offline", make_verify_proof},
      {"verify-fork", "check, offline, the proof that an owner signed two histories", make_verify_fork},
      {"export", "write a feed to a file", make_export},
      {"import", "take a feed from a file, verified", make_import},
      {"link", "the link that others open an own feed with", make_link},
      {"bootstrap", "a DHT rendezvous node for private networks", make_bootstrap},
      {"key gen", "make a key", make_key_gen},
      {"key ls", "list the own keys and the named mirrors", make_key_ls},
      {"key show", "print the public half of an own key or of the node's", make_key_show},
      {"key export", "write a key, or its public half", make_key_export},
      {"key import", "take a key from a file", make_key_import},
      {"key release", "give up the right to sign with a key here", make_key_release},
      {"key trust", "name the node key of a mirror", make_key_trust},
      {"completion", "print what makes a shell complete commands and options", make_completion},
      {"version", "print the version, and those of the libraries", make_version},
  };
  return kCommands;
}

std::vector<CommandTable> all_tables() {
  std::vector<CommandTable> tables;
  for (const CommandEntry& entry : all_commands()) {
    const auto command = entry.make();
    OptionSet options(entry.name, entry.summary);
    command->declare(options);
    tables.push_back(options.table());
  }
  return tables;
}

}  // namespace shoal::command
