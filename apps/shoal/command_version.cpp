#include "base/try.h"
#include "command.h"

namespace shoal::command {
namespace {

class VersionCommand final : public Command {
 public:
  VersionCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_CHECK(context.out.write("shoal " SHOAL_VERSION "\n"));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet&) override {}
};

}  // namespace

std::unique_ptr<Command> make_version() { return std::make_unique<VersionCommand>(); }

}  // namespace shoal::command
