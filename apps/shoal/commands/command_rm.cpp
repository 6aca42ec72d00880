#include "base/try.h"
#include "command.h"
#include "node_session.h"

#include <unistd.h>

#include <iostream>

namespace shoal::command {
namespace {

class RemoveCommand final : public Command {
 public:
  RemoveCommand() : Command(false) { common_.use_reserve = true; }
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "own name, 64 hexadecimal digits or link");
    options.flag("--yes", yes_, "do not ask before an own feed goes");
    options.about(
        "Nothing of the feed stays in the data directory: no want, no records, no cursors. The key of an own feed "
        "stays, and once it has signed something it signs nothing more in this directory: without the feed's blocks "
        "that would begin a second history. Readers of the feed here are notified that it is closed; a feed that is "
        "being published to is not removed.");
    options.examples({"shoal rm FEED", "shoal rm quakes --yes"});
  }

 private:
  /// Only the word yes removes an own feed.
  [[nodiscard]] Result<bool> agreed(const node::FeedReference& feed) const;

  std::string feed_;
  bool yes_ = false;
};

Result<bool> RemoveCommand::agreed(const node::FeedReference& feed) const {
  if (!feed.own || yes_) return true;
  if (isatty(STDIN_FILENO) == 0 || isatty(STDERR_FILENO) == 0) {
    return Error{Code::invalid_argument, "feed " + feed.name + " is your own, and nobody can be asked",
                 "shoal rm " + feed.name + " --yes removes it for good"};
  }
  std::cerr << "Remove your own feed " << feed.name << " (" << feed.feed.hex() << ") for good?\n"
            << "Its key stays, and can sign nothing here any more. Type yes: " << std::flush;
  std::string answer;
  std::getline(std::cin, answer);
  return answer == "yes";
}

Result<Exit> RemoveCommand::run(Context& context) {
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  SHOAL_TRY(const auto feed, session->reading().resolve(feed_));
  SHOAL_TRY(const bool go_on, agreed(feed));
  if (!go_on) {
    context.messages.notice("nothing was removed");
    return Exit::error;
  }
  SHOAL_CHECK(session->keeping().remove(feed));
  context.messages.notice("removed " + feed.feed.hex());
  if (feed.own) {
    context.messages.notice("the key " + feed.name +
                            " stays; once it has signed something, it signs nothing more in this data directory");
  }
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_rm() { return std::make_unique<RemoveCommand>(); }

}  // namespace shoal::command
