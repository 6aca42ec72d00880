#include "base/try.h"
#include "command.h"
#include "exact_file.h"
#include "feed_text.h"
#include "node_session.h"
#include "record_sink.h"
#include "subscription_loop.h"
#include "text/start_position.h"
#include "text/time_text.h"
#include "text/topic_name.h"
#include "text/units.h"

namespace shoal::command {
namespace {

class SubCommand final : public Command {
 public:
  SubCommand() : Command(true) { common_.only_reads = true; }
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  /// Checks what the parser cannot, and fills `wanted_` and `limits_`.
  [[nodiscard]] Result<void> prepare();
  [[nodiscard]] Result<Exit> read_into(Context& context, OpenFeed& source, node::SubscriptionApi& subscription);
  [[nodiscard]] Result<Exit> report_end(Context& context, const OpenFeed& source,
                                        const node::SubscriptionApi& subscription) const;

  std::string feed_;
  std::vector<std::string> topics_;
  std::optional<Partition> partition_;
  std::vector<std::string> positions_;
  bool until_end_ = false;
  std::string cursor_;
  std::string to_;
  bool sparse_ = false;
  bool unordered_ = false;
  StyleOptions style_options_;

  RecordStyle style_;
  SubscribeOptions wanted_;
  LoopLimits limits_;
};

void SubCommand::declare_own(OptionSet& options) {
  options.positional("FEED", feed_, "own name, 64 hexadecimal digits, link or bundle file");
  options.texts("-t,--topic", topics_, "TOPIC", "only this topic, or those of a glob; repeatable");
  options.value("-p,--partition", "N", "only this partition", [this](const std::string& text) -> Result<void> {
    SHOAL_TRY(partition_, parse_partition(text));
    return {};
  });
  options.texts("-o,--offset", positions_, "WHERE",
                "beginning, end, stored, cursor:TOKEN, N, -N, s@TIME (from), e@TIME (before)");
  options.flag("-e,--exit", until_end_, "leave at the end of the newest head");
  options.parsed("-c,--count", limits_.count, "N", "leave after N records", [](const std::string& text) {
    auto count = parse_integer(text, 1);
    return count.ok() ? Result<std::uint64_t>(static_cast<std::uint64_t>(*count)) : std::move(count).error();
  });
  options.text("--cursor", cursor_, "NAME", "a durable position by this name");
  options.text("--to", to_, "FILE", "write to FILE, each record once even after kill -9 (with --cursor)");
  options.flag("--sparse", sparse_, "fetch and keep the wanted topics only");
  options.flag("--unordered", unordered_, "do not wait for other topics to keep the feed's order");
  options.parsed("--timeout", limits_.record_timeout, "DURATION", "exit 4 after this time without a record",
                 parse_duration);
  options.parsed("--stall-exit", limits_.stall_timeout, "DURATION", "exit 4 after this time without a sign of life",
                 parse_duration);
  options.parsed("--cache", wanted_.cache_bytes, "SIZE",
                 "payload bytes that stay here once they were read; the oldest are dropped", parse_size);
  style_options_.declare(options);
  options.about(
      "Records come in the order of their offsets in each partition, and in the order of the feed across topics; "
      "each is verified against the owner's signature before it is written. Without -e or -c the command stays and "
      "delivers what is published.");
  options.examples({"shoal sub FEED                                  everything, then live",
                    "shoal sub FEED -e -t 'us*' -J                   what is there of some topics, as JSON",
                    "shoal sub FEED -e -o s@2018-02-03 -o e@2018-02-04",
                    "shoal sub FEED --cursor nightly --to quakes.ndjson"});
}

Result<void> SubCommand::prepare() {
  SHOAL_TRY(style_, style_options_.style());
  for (const std::string& topic : topics_) SHOAL_CHECK(check_topic_glob(topic));
  SHOAL_TRY(auto position, parse_start(positions_, wall_time()));
  if (!to_.empty() && cursor_.empty()) {
    return Error{Code::invalid_argument, "--to needs --cursor NAME", "the cursor knows how much of the file is true"};
  }
  if (!to_.empty() && !style_options_.out.empty()) {
    return Error{Code::invalid_argument, "--to and --out exclude each other", ""};
  }
  if (position.start && position.start->kind == Start::Kind::stored && cursor_.empty()) {
    return Error{Code::invalid_argument, "-o stored needs --cursor NAME", ""};
  }
  wanted_.topics = topics_;
  wanted_.partition = partition_;
  wanted_.start = position.start.value_or(cursor_.empty() ? Start::beginning() : Start::stored());
  wanted_.before = position.before;
  wanted_.until_head = until_end_ || (position.before && *position.before <= wall_time());
  wanted_.find_timeout = common_.find_timeout;
  wanted_.cursor = cursor_;
  wanted_.sparse = sparse_;
  wanted_.ordered = !unordered_;
  return {};
}

Result<Exit> SubCommand::run(Context& context) {
  SHOAL_CHECK(prepare());
  SHOAL_TRY(auto source, open_feed(context, common_, feed_));
  if (source.bundle) wanted_.until_head = true;
  SHOAL_TRY(const auto subscription, source.reading->subscribe(source.feed, wanted_));
  return read_into(context, source, *subscription);
}

Result<Exit> SubCommand::read_into(Context& context, OpenFeed& source, node::SubscriptionApi& subscription) {
  std::unique_ptr<ExactFile> file;
  if (!to_.empty()) {
    SHOAL_TRY(const auto stored, subscription.stored());
    const bool resumes = stored && wanted_.start.kind == Start::Kind::stored;
    SHOAL_TRY(file, ExactFile::open(to_, resumes ? stored : std::nullopt));
  }
  std::unique_ptr<RecordSink> sink;
  if (!style_options_.out.empty()) {
    sink = std::make_unique<DirectorySink>(style_options_.out);
  } else {
    sink = std::make_unique<StreamSink>(file ? file->out() : context.out, style_, source.feed.feed.hex());
  }
  SubscriptionLoop loop(subscription, *sink, limits_);
  if (!file && style_options_.out.empty()) loop.watch_reader(context.out);
  if (!cursor_.empty()) loop.move_cursor(file.get());
  if (!source.bundle && !source.feed.own && !common_.offline && !wanted_.until_head) {
    loop.tell_freshness(context.messages);
  }
  const auto ended = loop.run(context.stop.token());
  if (!ended.ok()) {
    if (context.out.reader_gone()) return Exit::ok;
    if (ended.error().code == Code::cancelled && !wanted_.until_head && limits_.count == 0) return Exit::ok;
    return ended.error();
  }
  if (*ended == SubscriptionLoop::End::count || !wanted_.until_head) return Exit::ok;
  return report_end(context, source, subscription);
}

Result<Exit> SubCommand::report_end(Context& context, const OpenFeed& source,
                                    const node::SubscriptionApi& subscription) const {
  const HeadReport report = subscription.head_report();
  if (!report.answered) {
    const std::string age =
        report.head_time ? "the newest head held here was signed " + format_head_age(wall_time() - *report.head_time)
                         : "nothing of this feed is held here";
    const auto known = source.reading->info(source.feed, {});
    const std::string newer = known ? hint_text(known->hint) : "";
    context.messages.error({Code::unavailable, "nobody answered; " + age + newer,
                            "wait longer with --find-timeout, name a node with --peer, or read what is here with "
                            "--offline; shoal doctor FEED looks closer"});
    return Exit::no_answer;
  }
  if (!report.head_time && !source.feed.own) {
    context.messages.error({Code::unavailable,
                            common_.offline ? "nothing of this feed is held here"
                                            : "nothing of this feed is held here, nor by who answered",
                            common_.offline ? "try again without --offline" : "shoal peers shows who is connected"});
    return Exit::no_answer;
  }
  if (!report.complete && source.feed.own) {
    context.messages.error({Code::corrupt, "blocks that this feed signed are lost here",
                            "shoal verify says which; put back the newest copy of this data directory, or read the "
                            "feed from a mirror"});
    return Exit::damaged;
  }
  if (!report.complete) {
    context.messages.error({Code::unavailable, "some records of the newest head are held by nobody who answered", ""});
    return Exit::partly;
  }
  const std::int64_t age = report.head_time ? wall_time() - *report.head_time : 0;
  // An owner that is online signs three times in that time.
  const bool asked = !source.bundle && !source.feed.own && !common_.offline;
  if (asked && (age > kClockSlackMs || age < -kClockSlackMs)) {
    context.messages.notice("the newest head that anybody has was signed " + format_head_age(age));
  }
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_sub() { return std::make_unique<SubCommand>(); }

}  // namespace shoal::command
