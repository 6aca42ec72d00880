#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "progress_bar.h"
#include "recovering.h"

#include <poll.h>

#include <algorithm>
#include <chrono>

namespace shoal::command {
namespace {

using Clock = std::chrono::steady_clock;

/// Longest wait before an interrupt is looked at.
constexpr std::chrono::milliseconds kLook{200};

/// `repair FEED`: everything held is hashed again; what is damaged is dropped and fetched again, and what came of it is
/// said.
class RepairCommand final : public Command {
 public:
  RepairCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "own name, 64 hexadecimal digits or link");
    options.about(
        "Everything held is hashed again. A block that is damaged is dropped and fetched again from whoever has it; "
        "the wait ends when nothing came for --find-timeout. Prints what is healed and what is left. Ends with 0 when "
        "nothing is damaged or missing any more, 3 with holes left, 5 with damage left. Blocks of an own feed come "
        "from "
        "its mirrors; it cannot be published to meanwhile.");
    options.examples({"shoal repair FEED", "shoal repair FEED --peer 192.0.2.7:4242"});
  }

 private:
  [[nodiscard]] static Result<std::uint64_t> held(const OpenFeed& source) {
    SHOAL_TRY(const auto info, source.reading->info(source.feed, {}));
    return info.held_blocks;
  }
  /// Until `target` payloads are held, or nothing came for a while.
  [[nodiscard]] Result<void> await_blocks(Context& context, const OpenFeed& source, std::uint64_t target) const;

  std::string feed_;
};

std::string blocks_text(const node::BlockRange& range) {
  const std::string first = std::to_string(range.begin.value());
  const std::string last = std::to_string(range.end.value() - 1);
  return first == last ? "block " + first : "blocks " + first + " to " + last;
}

std::uint64_t count(const std::vector<node::BlockRange>& ranges) {
  std::uint64_t blocks = 0;
  for (const auto& range : ranges) blocks += range.end - range.begin;
  return blocks;
}

Result<void> RepairCommand::await_blocks(Context& context, const OpenFeed& source, std::uint64_t target) const {
  SHOAL_TRY(const auto watch, source.reading->watch(source.feed));
  SHOAL_TRY(std::uint64_t before, held(source));
  for (auto last = Clock::now(); Clock::now() - last < common_.find_timeout;) {
    if (context.stop.stopped()) return Error{Code::cancelled, "interrupted", ""};
    SHOAL_CHECK(watch->version());
    SHOAL_TRY(const std::uint64_t now, held(source));
    if (now >= target) return {};
    if (now != before) last = Clock::now();
    before = now;
    pollfd changed{watch->descriptor(), POLLIN, 0};
    ::poll(&changed, 1, static_cast<int>(kLook.count()));
  }
  return {};
}

Result<Exit> RepairCommand::run(Context& context) {
  SHOAL_TRY(auto source, open_feed(context, common_, feed_));
  if (source.bundle) {
    return Error{Code::invalid_argument, feed_ + " is a bundle, which cannot be repaired", "get the bundle anew"};
  }
  const auto stopped = [&context] { return context.stop.stopped(); };
  SHOAL_TRY(const std::uint64_t held_before, held(source));
  SHOAL_TRY(const auto found, source.verify(progress_of(context.messages, "verifying", stopped)));
  auto left = found;
  if (!found.complete()) {
    // While it is read, everything is fetched.
    std::shared_ptr<node::SubscriptionApi> reading;
    if (!common_.offline && source.feed.own) {
      const auto mended =
          recover_feed(context, *source.of_directory, source.feed.name, {common_.find_timeout, {}, true});
      if (!mended) context.messages.warning(mended.error().message);
    } else if (!common_.offline) {
      SHOAL_TRY(reading, source.reading->subscribe(source.feed, {.start = Start::end()}));
      const std::uint64_t holes = found.missing_headers.empty() ? count(found.missing_payloads) : 0;
      SHOAL_CHECK(await_blocks(context, source, held_before + holes));
    }
    SHOAL_TRY(left, source.verify(progress_of(context.messages, "verifying again", stopped)));
  }
  std::string text = "feed " + source.feed.feed.hex() + "\n";
  const auto is_missing = [&](const std::string& line) {
    // Both name the block in the same words.
    return std::any_of(left.missing_payloads.begin(), left.missing_payloads.end(), [&](const auto& range) {
      for (auto block = range.begin; block < range.end; ++block) {
        const std::string name = "block " + std::to_string(block.value());
        if (line.starts_with(name + " ") || line.starts_with(name + ":")) return true;
      }
      return false;
    });
  };
  for (const std::string& line : found.damage) {
    const bool damaged = std::find(left.damage.begin(), left.damage.end(), line) != left.damage.end();
    if (!damaged) text += (is_missing(line) ? "dropped: " : "healed: ") + line + "\n";
  }
  for (const auto& range : left.missing_headers) text += "missing " + blocks_text(range) + "\n";
  for (const auto& range : left.missing_payloads) text += "missing payload of " + blocks_text(range) + "\n";
  for (const std::string& line : left.damage) text += "damaged: " + line + "\n";
  if (left.complete()) text += "complete\n";
  SHOAL_CHECK(context.out.write(text));
  if (!left.damage.empty()) {
    context.messages.error(
        {Code::corrupt, "damaged: " + left.damage.front(),
         source.feed.own ? "a mirror may have it: read the feed there" : "fetch the feed into another directory"});
    return Exit::damaged;
  }
  if (left.complete()) return Exit::ok;
  context.messages.error({Code::unavailable, "some blocks are not here",
                          common_.offline ? "try again without --offline" : "shoal peers shows who is connected"});
  return Exit::partly;
}

}  // namespace

std::unique_ptr<Command> make_repair() { return std::make_unique<RepairCommand>(); }

}  // namespace shoal::command
