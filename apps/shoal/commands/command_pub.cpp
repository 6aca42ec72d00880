#include "ack_ledger.h"
#include "base/try.h"
#include "command.h"
#include "mirror_words.h"
#include "node_session.h"
#include "progress_bar.h"
#include "publisher.h"
#include "record_source.h"
#include "recovering.h"
#include "replay_pacer.h"
#include "text/topic_name.h"
#include "text/units.h"

#include "node/api/acks_text.h"
#include "node/api/asserted_text.h"

#include <unistd.h>

namespace shoal::command {
namespace {

class PubCommand final : public Command {
 public:
  PubCommand() : Command(true) {}
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  void declare_selectors(OptionSet& options);
  void declare_producer(OptionSet& options);
  [[nodiscard]] Result<void> prepare();
  /// The end of a publisher that did not get all acknowledgements.
  [[nodiscard]] Exit report_failure(Context& context, NodeSession& session, const FeedId& feed,
                                    const Published& published, const AckLedger& ledger) const;
  void say_mirrors(Context& context, NodeSession& session, const FeedId& feed) const;

  std::string name_;
  RecordSourceOptions stream_;
  ProducerOptions producer_;
  PublisherOptions publisher_;
  std::optional<TimeUnit> time_unit_;
  std::optional<TimeFormat> time_format_;
  bool ack_log_ = false;
  bool seed_ = false;
  bool no_create_ = false;
  std::optional<feed::AssertedHead> asserted_;
};

Result<std::optional<Selector>> selector(const std::string& text) {
  SHOAL_TRY(Selector parsed, parse_selector(text));
  return std::optional(std::move(parsed));
}

void PubCommand::declare_selectors(OptionSet& options) {
  SelectorOptions& selectors = stream_.selectors;
  options.parsed("-t,--topic", publisher_.topic, "TOPIC", "the topic (default)",
                 [](const std::string& text) -> Result<std::string> {
                   SHOAL_CHECK(check_topic_name(text));
                   return text;
                 });
  options.parsed("--topic-from", selectors.topic, "WHERE", "topic from each record: json:/pointer or csv:N", selector);
  options.choice<TopicMap>("--topic-map", selectors.topic_map,
                           "dots: a dot for each character illegal in a topic (strict)",
                           {{"strict", TopicMap::strict}, {"dots", TopicMap::dots}});
  options.parsed("--key-from", selectors.key, "WHERE", "key from each record", selector);
  options.parsed("--time-from", selectors.time, "WHERE", "time from each record (else now)", selector);
  options.choice<TimeUnit>("--time-unit", time_unit_, "what the time counts, fractions allowed (ms)",
                           {{"s", TimeUnit::s}, {"ms", TimeUnit::ms}, {"us", TimeUnit::us}, {"ns", TimeUnit::ns}});
  options.parsed("--time-format", time_format_, "rfc3339|STRPTIME", "how the time is written; without a zone it is UTC",
                 [](const std::string& text) -> Result<std::optional<TimeFormat>> {
                   SHOAL_TRY(TimeFormat format, parse_time_format(text));
                   return std::optional(std::move(format));
                 });
}

void PubCommand::declare_producer(OptionSet& options) {
  options.values("-H,--header", "NAME=VALUE", "a header of every record; repeatable", false,
                 [this](const std::string& text) -> Result<void> {
                   const std::size_t equals = text.find('=');
                   if (equals == std::string::npos || equals == 0) {
                     return Error{Code::invalid_argument, "'" + text + "' is not NAME=VALUE", ""};
                   }
                   publisher_.headers.emplace_back(
                       text.substr(0, equals),
                       Bytes(text.begin() + static_cast<std::ptrdiff_t>(equals) + 1, text.end()));
                   return {};
                 });
  options.choice<Codec>("-z,--compress", producer_.codec, "the codec of record batches (zstd)",
                        {{"none", Codec::none},
                         {"gzip", Codec::gzip},
                         {"snappy", Codec::snappy},
                         {"lz4", Codec::lz4},
                         {"zstd", Codec::zstd}});
  options.parsed("--batch-bytes", producer_.batch_bytes, "SIZE", "uncompressed bytes that fill a batch (256K)",
                 [](const std::string& text) -> Result<std::size_t> {
                   SHOAL_TRY(const std::uint64_t size, parse_size(text));
                   if (size == 0 || size > (std::uint64_t{32} << 20)) {
                     return Error{Code::invalid_argument, "a batch has 1 byte to 32M", ""};
                   }
                   return static_cast<std::size_t>(size);
                 });
  options.parsed("--linger", producer_.linger, "DURATION", "longest wait of a record for its batch (100ms)",
                 parse_duration);
  options.parsed("--max-time-ahead", producer_.max_time_ahead, "DURATION",
                 "refuse records whose time is further ahead of the clock; forecasts need more (1h)", parse_duration);
  options.parsed("--replay", publisher_.replay_speed, "1x|10x|max", "pace by record time", parse_speed);
  options.parsed(
      "--acks", producer_.acks, "none|durable|N|NAME,...",
      "a record counts as published when it is durable here, too at N mirrors, or at the named ones (durable)",
      [](const std::string& text) { return node::parse_acks(text); });
  options.parsed("--ack-timeout", publisher_.ack_timeout, "DURATION",
                 "exit 4 when nothing is acknowledged for this time; what is durable here stays (60s)", parse_duration);
  options.flag("--ack-log", ack_log_, "stdout: acked TOPIC PARTITION FIRST LAST");
}

void PubCommand::declare_own(OptionSet& options) {
  options.positional("NAME", name_, "the own feed, made when it does not exist");
  options.positionals("FILE", stream_.files, "what to read; - or nothing is stdin", false);
  options.choice<Framing>(
      "--frame", stream_.framing, "what a record is (lines)",
      {{"lines", Framing::lines}, {"nul", Framing::nul}, {"len32", Framing::len32}, {"file", Framing::file}});
  options.parsed("--skip-lines", stream_.skip_records, "N", "leave out the first N lines of each FILE",
                 [](const std::string& text) -> Result<std::uint64_t> {
                   SHOAL_TRY(const auto count, parse_integer(text, 0));
                   return static_cast<std::uint64_t>(count);
                 });
  options.choice<bool>("--on-bad-line", stream_.skip_bad, "what to do with a line that does not fit; exit 3 (stop)",
                       {{"stop", false}, {"skip", true}});
  declare_selectors(options);
  declare_producer(options);
  options.flag("--seed", seed_, "stay and serve until interrupted");
  options.flag("--no-create", no_create_, "exit 10 instead of making a feed");
  options.parsed("--assert-head", asserted_, "SIZE:ROOT",
                 "this is the last head that the key has ever signed, on your word: see shoal recover",
                 node::parse_asserted);
  options.about(
      "Each line of stdin or of the files is one record, byte for byte. Records are signed, written to the disk and "
      "acknowledged; then the command ends, or with --seed stays to serve them. Who should be able to read needs a "
      "node that has them: --seed, shoal node, or a mirror. With --acks N or --acks NAME,... the command stays and "
      "serves until the mirrors have signed that they hold them; shoal key trust gives mirrors their names.");
  options.examples({"tail -F log | shoal pub log --seed",
                    "shoal pub quakes quakes.ndjson --topic-from json:/properties/net --key-from json:/id \\",
                    "      --time-from json:/properties/time --time-unit ms",
                    "shoal pub ledger entries.ndjson --acks 2", "shoal pub ledger entries.ndjson --acks mine,backup",
                    "shoal pub sensors s.csv --skip-lines 1 --topic-from csv:2 --topic-map dots \\",
                    "      --time-from csv:1 --time-format '%Y-%m-%d %H:%M:%S' --replay 10x"});
}

Result<void> PubCommand::prepare() {
  const auto refuse = [](const std::string& why) { return Error{Code::invalid_argument, why, ""}; };
  if (time_unit_ && time_format_) return refuse("--time-unit and --time-format exclude each other");
  if ((time_unit_ || time_format_) && !stream_.selectors.time) {
    return refuse("--time-unit and --time-format need --time-from");
  }
  if (time_unit_) stream_.selectors.time_format.unit = *time_unit_;
  if (time_format_) stream_.selectors.time_format = *time_format_;
  if (publisher_.replay_speed > 0 && !stream_.selectors.time) {
    return refuse("--replay needs --time-from");
  }
  if (stream_.framing == Framing::file && stream_.skip_records > 0) return refuse("--skip-lines skips no file");
  int stdin_times = stream_.files.empty() ? 1 : 0;
  for (const std::string& file : stream_.files) {
    if (file == "-") ++stdin_times;
    // Check before a feed is made.
    SHOAL_CHECK(FdSource::check(file));
  }
  if (stdin_times > 1) return refuse("stdin can be read once only");
  return {};
}

void PubCommand::say_mirrors(Context& context, NodeSession& session, const FeedId& feed) const {
  // A node that keeps running serves the feed.
  if (seed_ || session.attached()) return;
  if (!is_mirrored(context, session, {.feed = feed, .name = name_, .own = true})) {
    context.messages.notice("no mirror holds this yet: use --seed or run shoal node");
  }
}

Exit PubCommand::report_failure(Context& context, NodeSession& session, const FeedId& feed, const Published& published,
                                const AckLedger& ledger) const {
  const Error& failure = *published.failure;
  const bool late = failure.code == Code::timed_out && producer_.acks.level > Acks::Level::durable;
  if (late) {
    report_late_mirrors(context, session, {.feed = feed, .name = name_, .own = true}, producer_.acks,
                        publisher_.ack_timeout);
  } else {
    context.messages.error(failure);
  }
  context.messages.warning("last acknowledged: " + ledger.last_acknowledged());
  const Exit exit = exit_for(failure.code);
  // When the node ended, records that were sent may or may not be in the feed.
  const bool partly = ledger.records() > 0 || (failure.code == Code::closed && published.records > 0);
  return exit == Exit::error && partly ? Exit::partly : exit;
}

Result<Exit> PubCommand::run(Context& context) {
  SHOAL_CHECK(prepare());
  SHOAL_TRY(auto session, NodeSession::open(context, common_));
  if (asserted_) SHOAL_CHECK(recover_feed(context, session, name_, {common_.find_timeout, asserted_}));
  SHOAL_TRY(const auto own, signing_on(context, session, name_, common_,
                                       [&] { return session->owning().open_feed(name_, {.create = !no_create_}); }));
  if (own.created) context.messages.notice("created feed " + name_ + " " + own.feed.hex());
  context.messages.notice("feed " + own.feed.hex());

  SHOAL_TRY(auto producer, signing_on(context, session, name_, common_,
                                      [&] { return session->owning().open_producer(name_, producer_); }));
  AckLedger ledger(context.out, ack_log_);
  producer->on_acked([&ledger](const AckRun& run) { ledger.add(run); });
  RecordSource stream(stream_, context.messages, context.stop.fd());
  if (const auto size = FdSource::size_of(stream_.files); size && !stream_.files.empty()) {
    publisher_.progress = [report = progress_of(context.messages, "publishing", [] { return false; }),
                           size = *size](std::uint64_t bytes) { static_cast<void>(report(bytes, size)); };
  }
  Publisher publisher(*producer, stream, ledger, publisher_);
  const Published published = publisher.run(context.stop.token());
  producer->on_acked({});

  if (published.failure) {
    return report_failure(context, session, own.feed, published, ledger);
  }
  if (ledger.records() < published.records) {
    // Interrupted; mirrors were waited for.
    context.messages.warning(std::to_string(published.records) +
                             " records are durable here; last acknowledged: " + ledger.last_acknowledged());
  } else {
    context.messages.notice("published " + std::to_string(published.records) + " records");
    say_mirrors(context, session, own.feed);
  }
  const Exit exit = stream.bad_records() > 0 ? Exit::partly : Exit::ok;
  if (published.interrupted) return seed_ ? exit : context.stop.exit();
  if (seed_ && !published.stopped_at_bad_record) {
    // End the producer: other publishers, which work through this node, can have the feed.
    producer.reset();
    session.stay([&] { std::ignore = session->reading().info({.feed = own.feed, .name = name_, .own = true}, {}); });
  }
  return exit;
}

}  // namespace

std::unique_ptr<Command> make_pub() { return std::make_unique<PubCommand>(); }

}  // namespace shoal::command
