#pragma once

#include "common_options.h"
#include "output.h"
#include "stop_signals.h"

#include <memory>
#include <vector>

namespace shoal::command {

/// What a command uses besides its options.
struct Context {
  Messages& messages;
  DataOutput& out;
  StopSignals& stop;
};

/// One word (or two, as in `key gen`) of the command line. Made anew for each run.
class Command {
 public:
  virtual ~Command() = default;
  /// Declares all options; the set must not outlive this.
  void declare(OptionSet& options);
  /// What -q and -v ask for, once the options are parsed.
  void apply_verbosity(Messages& messages) const;
  /// The exit of the process; an error is printed and mapped by exit_for().
  [[nodiscard]] virtual Result<Exit> run(Context& context) = 0;

 protected:
  explicit Command(bool uses_network) {
    common_.uses_network = uses_network;
    common_.offline = !uses_network;
  }
  virtual void declare_own(OptionSet& options) = 0;

  CommonOptions common_;
};

struct CommandEntry {
  const char* name;
  const char* summary;  ///< one line of `shoal --help`
  std::unique_ptr<Command> (*make)();
};

/// Every command, in the order of the help.
[[nodiscard]] const std::vector<CommandEntry>& all_commands();
/// The options and arguments of each, in the same order.
[[nodiscard]] std::vector<CommandTable> all_tables();

// One function per command_*.cpp.
std::unique_ptr<Command> make_init();
std::unique_ptr<Command> make_key_gen();
std::unique_ptr<Command> make_key_ls();
std::unique_ptr<Command> make_key_show();
std::unique_ptr<Command> make_key_export();
std::unique_ptr<Command> make_key_import();
std::unique_ptr<Command> make_key_release();
std::unique_ptr<Command> make_key_trust();
std::unique_ptr<Command> make_pub();
std::unique_ptr<Command> make_sub();
std::unique_ptr<Command> make_get();
std::unique_ptr<Command> make_mirror();
std::unique_ptr<Command> make_node();
std::unique_ptr<Command> make_bootstrap();
std::unique_ptr<Command> make_ls();
std::unique_ptr<Command> make_info();
std::unique_ptr<Command> make_topics();
std::unique_ptr<Command> make_peers();
std::unique_ptr<Command> make_doctor();
std::unique_ptr<Command> make_rm();
std::unique_ptr<Command> make_repair();
std::unique_ptr<Command> make_recover();
std::unique_ptr<Command> make_verify();
std::unique_ptr<Command> make_prove();
std::unique_ptr<Command> make_verify_proof();
std::unique_ptr<Command> make_verify_fork();
std::unique_ptr<Command> make_export();
std::unique_ptr<Command> make_import();
std::unique_ptr<Command> make_link();
std::unique_ptr<Command> make_completion();
std::unique_ptr<Command> make_version();

}  // namespace shoal::command
