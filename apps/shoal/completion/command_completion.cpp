#include "base/try.h"
#include "command.h"
#include "completion/completion.h"

namespace shoal::command {
namespace {

class CompletionCommand final : public Command {
 public:
  CompletionCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    const auto script = shell_ == "bash" ? bash_completion : shell_ == "zsh" ? zsh_completion : fish_completion;
    SHOAL_CHECK(context.out.write(script(all_tables())));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional_choice("SHELL", shell_, "bash, zsh or fish", {"bash", "zsh", "fish"});
    options.about(
        "Commands, options, their choices, files, and the names of the keys and feeds at hand are completed. Packages "
        "install these scripts where the shells find them.");
    options.examples({"source <(shoal completion bash)", "shoal completion zsh > ~/.zfunc/_shoal",
                      "shoal completion fish > ~/.config/fish/completions/shoal.fish"});
  }

 private:
  std::string shell_;
};

}  // namespace

std::unique_ptr<Command> make_completion() { return std::make_unique<CompletionCommand>(); }

}  // namespace shoal::command
