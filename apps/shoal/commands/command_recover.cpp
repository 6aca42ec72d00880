#include "base/try.h"
#include "bundle_import.h"
#include "command.h"
#include "node_session.h"
#include "recovering.h"

#include "feed/bundle/bundle_file.h"
#include "node/api/asserted_text.h"

namespace shoal::command {
namespace {

/// `recover NAME`: what the key signed last is found at others, or in a bundle, and taken back.
class RecoverCommand final : public Command {
 public:
  RecoverCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  std::string name_;
  std::string bundle_;
  std::optional<feed::AssertedHead> asserted_;
};

void RecoverCommand::declare_own(OptionSet& options) {
  options.positional("NAME", name_, "the own feed");
  options.text("--from", bundle_, "FILE", "first take what a bundle of the feed has");
  options.parsed("--assert-head", asserted_, "SIZE:ROOT",
                 "ask nobody: this is the last head that the key has ever signed, on your word", node::parse_asserted);
  options.about(
      "For a backup that was put back, a copied directory, a key on a new machine, a journal that was lost. Everybody "
      "who has the feed is asked for its newest head, what is missing here is fetched and verified, and the feed can "
      "be published to again, in the same history. pub does this by itself where it is needed. Ends with 9 when nobody "
      "who has the feed answers: signing on could then begin a second history, which others would take for a fork.");
  options.examples({"shoal recover quakes", "shoal recover quakes --peer 192.0.2.7:4242",
                    "shoal recover quakes --from quakes.shoal"});
}

Result<Exit> RecoverCommand::run(Context& context) {
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  SHOAL_TRY(const auto feed, session->reading().resolve(name_));
  if (!feed.own) return Error{Code::not_found, name_ + " is no own feed", "shoal key import brings its key here"};
  if (!bundle_.empty()) {
    SHOAL_TRY(const auto bundles, feed::inspect_bundles(bundle_));
    if (bundles.front().feed != feed.feed) {
      return Error{Code::invalid_argument, bundle_ + " is a bundle of another feed, " + bundles.front().feed.hex(), ""};
    }
    SHOAL_CHECK(feed::BundleFile::open(bundle_));
    SHOAL_CHECK(import_parts(context, session, feed::bundle_parts(bundle_)));
  }
  SHOAL_TRY(const auto recovered, recover_feed(context, session, feed.name, {common_.find_timeout, asserted_}));
  SHOAL_CHECK(context.out.write("recovered " + feed.feed.hex() + ": tree size " + std::to_string(recovered.tree_size) +
                                ", " + std::to_string(recovered.fetched) + " blocks from others\n"));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_recover() { return std::make_unique<RecoverCommand>(); }

}  // namespace shoal::command
