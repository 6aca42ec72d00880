#include "base/try.h"
#include "catch_up_progress.h"
#include "command.h"
#include "mirror_words.h"
#include "node_session.h"
#include "text/topic_name.h"
#include "text/units.h"

#include <filesystem>
#include <set>
#include <thread>

namespace shoal::command {
namespace {

/// Timeout of one wait for the next sync; then it waits again.
constexpr std::chrono::milliseconds kWait{3'600'000};

class MirrorCommand final : public Command {
 public:
  MirrorCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  /// Mirrors one feed until it is interrupted or fails.
  [[nodiscard]] Exit keep(Context& context, NodeSession& session, const node::FeedReference& feed) const;

  std::vector<std::string> feeds_;
  MirrorOptions wanted_;
};

void MirrorCommand::declare_own(OptionSet& options) {
  options.positionals("FEED", feeds_, "own name, 64 hexadecimal digits or link", true);
  options.texts("-t,--topic", wanted_.topics, "GLOB", "only these topics; repeatable");
  options.parsed("--keep", wanted_.keep, "DURATION", "drop payloads that were appended longer ago (90s 15m 12h 30d)",
                 parse_duration);
  options.parsed("--max-size", wanted_.max_bytes, "SIZE",
                 "budget of the whole data directory; the oldest payloads of mirrored feeds go first", parse_size);
  options.about(
      "Runs until it is interrupted. Each time everything wanted of the newest head that a connected peer announced "
      "is here, it prints synced FEED TREE_SIZE on stderr. Trouble with one feed does not end the others. The feed "
      "stays wanted, with the newest options given, until shoal rm: shoal node follows and serves it again.");
  options.examples(
      {"shoal mirror FEED", "shoal mirror FEED OTHER -t 'us*'", "shoal mirror FEED --keep 30d --max-size 20G"});
}

Result<Exit> MirrorCommand::run(Context& context) {
  for (const std::string& topic : wanted_.topics) SHOAL_CHECK(check_topic_glob(topic));
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  std::vector<node::FeedReference> references;
  std::set<FeedId> seen;
  for (const std::string& feed : feeds_) {
    auto resolved = session->reading().resolve(feed);
    std::error_code unreadable;
    if (!resolved && std::filesystem::is_regular_file(feed, unreadable)) {
      return Error{Code::invalid_argument, feed + " is a file; a mirror follows a feed of the swarm",
                   "take a bundle with shoal import FILE, then mirror the feed that it names"};
    }
    SHOAL_TRY(auto reference, std::move(resolved));
    if (seen.insert(reference.feed).second) references.push_back(std::move(reference));
  }
  say_node_key(context, session);
  const CatchUpProgress progress(context.messages, session, references);
  std::vector<Exit> exits(references.size(), Exit::ok);
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i < references.size(); ++i) {
    threads.emplace_back([&, i] { exits[i] = keep(context, session, references[i]); });
  }
  for (std::thread& thread : threads) thread.join();
  Exit exit = Exit::ok;
  for (const Exit one : exits) exit = worse_of(exit, one);
  return exit;
}

Exit MirrorCommand::keep(Context& context, NodeSession& session, const node::FeedReference& feed) const {
  const auto report = [&](const Error& error) {
    context.messages.error({error.code, "feed " + feed.feed.hex() + ": " + error.message, error.hint});
    return exit_for(error.code);
  };
  const auto mirror = session->keeping().mirror(feed, wanted_);
  if (!mirror.ok()) return report(mirror.error());
  while (!context.stop.stopped()) {
    const auto size = (*mirror)->wait_synced({kWait, context.stop.token()});
    if (size.ok()) {
      context.messages.notice("synced " + feed.feed.hex() + " " + std::to_string(*size));
    } else if (size.error().code == Code::cancelled) {
      break;
    } else if (size.error().code != Code::timed_out) {
      return report(size.error());
    }
  }
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_mirror() { return std::make_unique<MirrorCommand>(); }

}  // namespace shoal::command
