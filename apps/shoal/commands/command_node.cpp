#include "base/try.h"
#include "command.h"
#include "mirror_words.h"
#include "node_session.h"

namespace shoal::command {
namespace {

/// A node that serves own and mirrored feeds.
class NodeCommand final : public Command {
 public:
  NodeCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto session, NodeSession::open(context, common_, NodeSession::Kind::stays));
    say_node_key(context, session);
    session->serve_all();
    session.stay([&session] { session->serve_all(); });
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.about(
        "Serves the own feeds and fetches what is mirrored, until it is interrupted; for a service manager, "
        "readiness and watchdog are reported to systemd.");
    options.examples({"shoal node", "shoal node --listen 0.0.0.0:7000 --no-lsd"});
  }
};

/// A node in a directory of its own below the data directory: it does not lock the directory of the feeds.
class BootstrapCommand final : public Command {
 public:
  BootstrapCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override {
    if (common_.offline || common_.no_dht) {
      return Error{Code::invalid_argument, "a rendezvous node needs the network and the DHT", ""};
    }
    CommonOptions options = common_;
    SHOAL_TRY(const auto directory, data_directory(common_));
    options.data = directory / "bootstrap";
    options.alone = true;
    if (!options.private_network) options.private_network = true;
    SHOAL_TRY(const auto session, NodeSession::open(context, options));
    context.stop.wait();
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.about(
        "Nodes that name it with --bootstrap find each other without the public network. Its own data is in "
        "bootstrap below the data directory.");
    options.examples({"shoal bootstrap --listen 10.0.0.5:6881", "shoal sub FEED --bootstrap 10.0.0.5:6881"});
  }
};

}  // namespace

std::unique_ptr<Command> make_node() { return std::make_unique<NodeCommand>(); }
std::unique_ptr<Command> make_bootstrap() { return std::make_unique<BootstrapCommand>(); }

}  // namespace shoal::command
