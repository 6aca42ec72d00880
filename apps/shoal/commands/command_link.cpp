#include "base/try.h"
#include "command.h"
#include "dial_hints.h"
#include "node/api/feed_link.h"
#include "node_session.h"

namespace shoal::command {
namespace {

/// The network is opened only to learn the port; no peer is asked.
class LinkCommand final : public Command {
 public:
  LinkCommand() : Command(true) { common_.only_reads = true; }
  [[nodiscard]] Result<Exit> run(Context& context) override {
    CommonOptions options = common_;
    options.no_dht = true;
    options.no_lsd = true;
    options.quiet = true;
    context.messages.set_quiet(true);
    SHOAL_TRY(auto session, NodeSession::open(context, options));
    SHOAL_TRY(const auto feed, session->reading().resolve(feed_));
    node::FeedLink link{.feed = feed.feed, .name = feed.name, .peers = feed.peer_hints};
    // The node that is attached to may have a network.
    const std::string listening = common_.offline ? "" : session->listening();
    for (std::string& hint : dial_hints(listening)) link.peers.push_back(std::move(hint));
    SHOAL_CHECK(context.out.write(node::format_feed_link(link) + "\n"));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("NAME", feed_, "own name, or 64 hexadecimal digits");
    options.about("A link holds the feed's key, its name, and where this node can be dialled. No secret is in it.");
    options.examples({"shoal link quakes", "shoal link quakes --offline     without hints where to dial"});
  }

 private:
  std::string feed_;
};

}  // namespace

std::unique_ptr<Command> make_link() { return std::make_unique<LinkCommand>(); }

}  // namespace shoal::command
