#include "base/try.h"
#include "command.h"

#include "node/runtime/library_versions.h"

namespace shoal::command {
namespace {

class VersionCommand final : public Command {
 public:
  VersionCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    std::string text = "shoal " SHOAL_VERSION "\n";
    for (const LibraryVersion& library : node::library_versions()) text += library.name + " " + library.version + "\n";
    SHOAL_CHECK(context.out.write(text));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.about("The first line is the version of shoal; below it stand those of the libraries it works with.");
    options.examples({"shoal version", "shoal --version | head -n 1"});
  }
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<VersionCommand>(); }

}  // namespace shoal::command
