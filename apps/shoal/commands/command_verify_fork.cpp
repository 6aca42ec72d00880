#include "base/bytes.h"
#include "base/json_text.h"
#include "base/try.h"
#include "command.h"
#include "proof_file.h"
#include "text/time_text.h"

#include <shoal/proof.h>

namespace shoal::command {
namespace {

/// More than a proof may have, so that a longer one is refused for what it is.
constexpr std::size_t kMaxInput = std::size_t{64} << 10;

bool differs_in_topics_alone(const VerifiedFork& fork) {
  return fork.shorter.tree_size == fork.longer.tree_size && fork.shorter.root_hash == fork.longer.root_hash;
}

std::vector<std::string> head_row(const std::string& name, const SignedHead& head) {
  return {name,
          std::to_string(head.tree_size),
          head.root_hash,
          std::to_string(head.topic_count),
          head.topic_root,
          format_rfc3339(head.time)};
}

std::string common_prefix(const VerifiedFork& fork) {
  const std::string blocks = std::to_string(fork.common_prefix_limit);
  if (differs_in_topics_alone(fork)) return "all " + blocks + " blocks: the heads state different ends of the topics";
  return "at most " + blocks + " blocks; where below that they part, the proof does not tell";
}

std::string fork_text(const VerifiedFork& fork, const std::string& name) {
  std::string text = "fork proven: the owner of feed " + fork.feed.hex() + (name.empty() ? "" : " (" + name + ")") +
                     " signed two histories\n";
  text += "epoch " + std::to_string(fork.epoch.value()) + "\ncommon prefix " + common_prefix(fork) + "\n\n";
  return text + format_table({{"HEAD", "TREE SIZE", "ROOT", "TOPICS", "TOPIC ROOT", "SIGNED"},
                              head_row("shorter", fork.shorter),
                              head_row("longer", fork.longer)});
}

void write_head(std::string_view name, const SignedHead& head, base::JsonWriter& json) {
  json.key(name);
  json.begin_object()
      .member("tree_size", head.tree_size)
      .member("root_hash", head.root_hash)
      .member("topic_count", head.topic_count)
      .member("topic_root", head.topic_root)
      .member("time_ms", head.time.value())
      .end_object();
}

std::string fork_json(const VerifiedFork& fork, const std::string& name) {
  std::string text;
  base::JsonWriter json(text);
  json.begin_object()
      .member("feed", fork.feed.hex())
      .member("name", name)
      .member("epoch", fork.epoch.value())
      .member("differs", differs_in_topics_alone(fork) ? "topics" : "blocks")
      .member("common_prefix_limit", fork.common_prefix_limit);
  write_head("shorter", fork.shorter, json);
  write_head("longer", fork.longer, json);
  json.end_object();
  return text + "\n";
}

/// `verify-fork FILE`: offline; opens no directory, and looks only at what petnames one has.
class VerifyForkCommand final : public Command {
 public:
  VerifyForkCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override {
    options.positional("FILE", file_, "a fork proof, as a node keeps it in forks below its directory; - is stdin");
    options.text("--feed", feed_, "FEED", "the feed it must be about: own name or 64 hexadecimal digits");
    options.flag("--json", json_, "one JSON value");
    options.about(
        "Checks that one key signed both heads and that they cannot belong to one history, and prints them; opens no "
        "data directory and no network. Ends with 0 when the fork is proven, with 5 when it is not.");
    options.examples({"shoal verify-fork 03a1...31b8.fork", "shoal verify-fork - --feed 03a1...31b8 --json < p.fork"});
  }

 private:
  std::string file_;
  std::string feed_;
  bool json_ = false;
};

Result<Exit> VerifyForkCommand::run(Context& context) {
  const std::string what = "a fork proof, as a node keeps it in forks below its data directory";
  SHOAL_TRY(const auto expected, expected_feed(common_, feed_));
  SHOAL_TRY(const auto bytes, read_proof_file(file_, kMaxInput, what));
  const auto proven = verify_fork(base::as_bytes(bytes), expected);
  if (!proven.ok()) {
    Error error = proven.error();
    if (error.hint.empty()) error.hint = "FILE is " + what;
    return error;
  }
  const std::string name = own_name_of(common_, proven->feed);
  SHOAL_CHECK(context.out.write(json_ ? fork_json(*proven, name) : fork_text(*proven, name)));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_verify_fork() { return std::make_unique<VerifyForkCommand>(); }

}  // namespace shoal::command
