#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "proof_file.h"
#include "text/record_json.h"
#include "text/start_position.h"
#include "text/time_text.h"
#include "text/topic_name.h"
#include "text/units.h"

#include <shoal/proof.h>

namespace shoal::command {
namespace {

/// More than a proof may have, so that a longer one is refused for what it is.
constexpr std::size_t kMaxInput = std::size_t{16} << 20;

/// `prove FEED TOPIC OFFSET`: the proof on stdout.
class ProveCommand final : public Command {
 public:
  ProveCommand() : Command(true) { common_.only_reads = true; }
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  std::string feed_;
  std::string topic_;
  std::string offset_;
  Partition partition_{0};
  std::chrono::milliseconds timeout_{30'000};
};

void ProveCommand::declare_own(OptionSet& options) {
  options.positional("FEED", feed_, "own name, 64 hexadecimal digits, link or bundle file");
  options.positional("TOPIC", topic_, "the topic");
  options.positional("OFFSET", offset_, "the record's offset");
  options.parsed("-p,--partition", partition_, "N", "the partition (0)", parse_partition);
  options.parsed("--timeout", timeout_, "DURATION", "how long to look for it (30s)", parse_duration);
  options.about(
      "The proof is JSON: the signed head, the path of its block, and the block; it is found as get finds the record.");
  options.examples({"shoal prove FEED us 812 > p.json", "shoal prove quakes.shoal us 812 > p.json"});
}

Result<Exit> ProveCommand::run(Context& context) {
  SHOAL_CHECK(check_topic_name(topic_));
  SHOAL_TRY(const auto offset, parse_integer(offset_, 0));
  SHOAL_TRY(auto source, open_feed(context, common_, feed_));
  // Somebody to ask, when a link names one.
  if (!source.feed.peer_hints.empty()) SHOAL_CHECK(source.reading->info(source.feed, {}));
  const GetRequest request{source.feed.feed, topic_, partition_, Offset(offset), {}};
  SHOAL_TRY(const auto proof, source.reading->prove(request, {timeout_, context.stop.token()}));
  SHOAL_CHECK(context.out.write(proof));
  return Exit::ok;
}

/// `verify-proof FILE`: offline; opens no directory, and looks only at what petnames one has.
class VerifyProofCommand final : public Command {
 public:
  VerifyProofCommand() : Command(false) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  std::string file_;
  std::string feed_;
  bool json_ = false;
};

void VerifyProofCommand::declare_own(OptionSet& options) {
  options.positional("FILE", file_, "a proof written by 'shoal prove'; - is stdin");
  options.text("--feed", feed_, "FEED", "the feed that must have signed: own name or 64 hexadecimal digits");
  options.flag("-J,--json", json_, "the record as one JSON object");
  options.about(
      "Prints the record and who signed; opens no data directory and no network. Ends with 5 when anything does not "
      "hold or another feed signed, with 2 when FILE is no JSON.");
  options.examples({"shoal verify-proof p.json", "shoal verify-proof - --feed 03a1...31b8 -J < p.json"});
}

Result<Exit> VerifyProofCommand::run(Context& context) {
  SHOAL_TRY(const auto expected, expected_feed(common_, feed_));
  SHOAL_TRY(const auto text, read_proof_file(file_, kMaxInput, "a proof written by shoal prove"));
  SHOAL_TRY(const auto proven, verify_proof(text, expected));
  const RecordView& record = proven.record();
  if (json_) {
    std::string line;
    append_record_json(record, proven.feed.hex(), "", line);
    SHOAL_CHECK(context.out.write(line));
  }
  const std::string name = own_name_of(common_, proven.feed);
  std::string signer = "signed by " + proven.feed.hex() + (name.empty() ? "" : " (" + name + ")") + " at " +
                       format_rfc3339(proven.head_time) + ", tree size " + std::to_string(proven.tree_size);
  if (json_) {
    context.messages.notice(signer);
    return Exit::ok;
  }
  std::string out = signer + "\ntopic " + std::string(record.topic) + "\npartition " +
                    std::to_string(record.partition.value()) + "\noffset " + std::to_string(record.offset.value()) +
                    "\ntime " + format_rfc3339(record.time) + "\n";
  const auto text_of = [](ByteView bytes) {
    return std::string(reinterpret_cast<const char*>(bytes.data()), bytes.size());
  };
  if (record.key) out += "key " + text_of(*record.key) + "\n";
  for (const auto& [header, value] : record.headers) {
    out += "header " + std::string(header) + "=" + (value ? text_of(*value) : "") + "\n";
  }
  out += "\n" + (record.value ? text_of(*record.value) : "") + "\n";
  SHOAL_CHECK(context.out.write(out));
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_prove() { return std::make_unique<ProveCommand>(); }
std::unique_ptr<Command> make_verify_proof() { return std::make_unique<VerifyProofCommand>(); }

}  // namespace shoal::command
