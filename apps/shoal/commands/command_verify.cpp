#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "progress_bar.h"

namespace shoal::command {
namespace {

/// `verify FEED|BUNDLE`: everything held is hashed again; holes and damage are named one a line.
class VerifyCommand final : public Command {
 public:
  VerifyCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FEED", feed_, "own name, 64 hexadecimal digits, link or bundle file");
    options.about(
        "Everything held is hashed again and compared with the signed head; each hole and each damage is named. "
        "Pruned payloads are neither. Ends with 0 when complete, 3 with holes, 5 with damage.");
    options.examples({"shoal verify quakes", "shoal verify quakes.shoal"});
  }

 private:
  std::string feed_;
};

std::string range_text(const node::BlockRange& range) {
  const std::string first = std::to_string(range.begin.value());
  const std::string last = std::to_string(range.end.value() - 1);
  return first == last ? "block " + first : "blocks " + first + " to " + last;
}

std::string report_text(const FeedId& feed, const node::AuditReport& report) {
  std::string text = "feed " + feed.hex() + "\ntree size " + std::to_string(report.head.tree_size) + "\n";
  text += "headers checked " + std::to_string(report.headers_checked) + "\n";
  text += "payloads checked " + std::to_string(report.payloads_checked) + "\n";
  text += "payloads pruned " + std::to_string(report.payloads_pruned) + "\n";
  for (const auto& range : report.missing_headers) text += "missing " + range_text(range) + "\n";
  for (const auto& range : report.missing_payloads) text += "missing payload of " + range_text(range) + "\n";
  for (const std::string& damage : report.damage) text += "damaged: " + damage + "\n";
  return text;
}

Result<Exit> VerifyCommand::run(Context& context) {
  SHOAL_TRY(auto source, open_feed(context, common_, feed_));
  const auto stopped = [&context] { return context.stop.stopped(); };
  SHOAL_TRY(const auto report, source.verify(progress_of(context.messages, "verifying", stopped)));
  SHOAL_CHECK(context.out.write(report_text(source.feed.feed, report)));
  if (!report.damage.empty()) {
    context.messages.error({source.bundle ? Code::unverified : Code::corrupt, "damaged: " + report.damage.front(),
                            source.bundle ? "get the bundle anew" : "restore a backup, or fetch the feed again"});
    return Exit::damaged;
  }
  if (!report.complete() && source.feed.own) {
    context.messages.error(
        {Code::corrupt, "blocks of this own feed were lost here", "mirrors keep what was published"});
    return Exit::damaged;
  }
  if (!report.complete()) {
    context.messages.error({Code::unavailable, "some blocks are not here",
                            source.bundle ? "put all parts beside the first one, or export the feed again"
                                          : "shoal mirror FEED fetches them"});
    return Exit::partly;
  }
  SHOAL_CHECK(context.out.write("complete\n"));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_verify() { return std::make_unique<VerifyCommand>(); }

}  // namespace shoal::command
