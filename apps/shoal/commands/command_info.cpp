#include "base/try.h"
#include "command.h"
#include "feed_text.h"
#include "node_session.h"
#include "text/time_text.h"

#include <chrono>

namespace shoal::command {
namespace {

constexpr const char* kHint =
    "wait longer with --find-timeout, or name a node with --peer; shoal doctor FEED looks closer";

/// `info FEED` and `topics FEED`: one question, two ways to show the answer.
class InfoCommand final : public Command {
 public:
  explicit InfoCommand(bool topics_only) : Command(true), topics_only_(topics_only) { common_.only_reads = true; }

  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto source, open_feed(context, common_, feed_));
    const auto wait = common_.offline || source.bundle ? std::chrono::milliseconds(0) : common_.find_timeout;
    SHOAL_TRY(const auto info, source.reading->info(source.feed, {wait, context.stop.token()}));
    if (!info.own && !info.head_time) {
      if (wait.count() > 0)
        return Error{Code::unavailable, "nobody answered, and nothing of this feed is held here" + hint_text(info.hint),
                     kHint};
      return Error{Code::not_found, "nothing of this feed is held here", kHint};
    }
    SHOAL_CHECK(context.out.write(text(info)));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "own name, 64 hexadecimal digits, link or bundle file");
    options.flag("--json", json_, "one JSON value");
    options.about(
        topics_only_
            ? "One line for each topic and partition. For a feed of somebody else the newest head is asked for first."
            : "For a feed of somebody else the newest head is asked for first, as long as --find-timeout says.");
    options.examples({topics_only_ ? "shoal topics FEED --json" : "shoal info FEED --json"});
  }

 private:
  [[nodiscard]] std::string text(const FeedInfo& info) const {
    if (topics_only_) return json_ ? topics_json(info) : topics_text(info);
    return json_ ? info_json(info) : info_text(info, wall_time());
  }

  const bool topics_only_;
  std::string feed_;
  bool json_ = false;
};

class PeersCommand final : public Command {
 public:
  PeersCommand() : Command(true) { common_.only_reads = true; }

  [[nodiscard]] Result<Exit> run(Context& context) override {
    SHOAL_TRY(auto session, NodeSession::open(context, common_));
    std::optional<node::FeedReference> feed;
    if (!feed_.empty()) {
      SHOAL_TRY(feed, session->reading().resolve(feed_));
    }
    const auto wait = common_.offline ? std::chrono::milliseconds(0) : common_.find_timeout;
    SHOAL_TRY(const auto peers, session->reading().peers(feed, {wait, context.stop.token()}));
    SHOAL_CHECK(context.out.write(json_ ? peers_json(peers) : peers_text(peers, wall_time())));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "only the peers of this feed", false);
    options.flag("--json", json_, "one JSON value");
    options.about("Waits as long as --find-timeout for the first connection.");
    options.examples({"shoal peers FEED --find-timeout 5s"});
  }

 private:
  std::string feed_;
  bool json_ = false;
};

class ListCommand final : public Command {
 public:
  ListCommand() : Command(false) {}

  [[nodiscard]] Result<Exit> run(Context& context) override {
    // Reading must not make the directory.
    SHOAL_TRY(const auto directory, data_directory(common_));
    std::vector<FeedSummary> feeds;
    std::error_code unreadable;
    if (std::filesystem::exists(directory, unreadable) || unreadable) {
      SHOAL_TRY(auto session, NodeSession::open(context, common_));
      SHOAL_TRY(feeds, session->reading().feeds());
    }
    SHOAL_CHECK(context.out.write(json_ ? feeds_json(feeds) : feeds_text(feeds)));
    return Exit::ok;
  }

 protected:
  void declare_own(OptionSet& options) override {
    options.flag("--json", json_, "one JSON value");
    options.about("Own feeds, mirrored ones, and those that were read and are still held in part.");
    options.examples({"shoal ls", "shoal ls --json | jq -r '.[].feed'"});
  }

 private:
  bool json_ = false;
};

}  // namespace

std::unique_ptr<Command> make_info() { return std::make_unique<InfoCommand>(false); }
std::unique_ptr<Command> make_topics() { return std::make_unique<InfoCommand>(true); }
std::unique_ptr<Command> make_peers() { return std::make_unique<PeersCommand>(); }
std::unique_ptr<Command> make_ls() { return std::make_unique<ListCommand>(); }

}  // namespace shoal::command
