#include "base/try.h"
#include "command.h"
#include "node_session.h"
#include "record_sink.h"
#include "text/start_position.h"
#include "text/topic_name.h"
#include "text/units.h"

#include <algorithm>

namespace shoal::command {
namespace {

/// Records asked for at once, so that a long range does not have to fit into memory.
constexpr std::int64_t kStep = 4096;

class GetCommand final : public Command {
 public:
  GetCommand() : Command(true) { common_.only_reads = true; }
  [[nodiscard]] Result<Exit> run(Context& context) override;

 protected:
  void declare_own(OptionSet& options) override;

 private:
  [[nodiscard]] Result<Exit> read_range(Context& context, OpenFeed& source, OffsetRange range, RecordSink& sink) const;

  std::string feed_;
  std::string topic_;
  std::string range_;
  Partition partition_{0};
  std::chrono::milliseconds timeout_{30'000};
  StyleOptions style_options_;
};

void GetCommand::declare_own(OptionSet& options) {
  options.positional("FEED", feed_, "own name, 64 hexadecimal digits, link or bundle file");
  options.positional("TOPIC", topic_, "the topic");
  options.positional("OFFSET", range_, "FIRST[..LAST], both ends included");
  options.parsed("-p,--partition", partition_, "N", "the partition (0)", parse_partition);
  options.parsed("--timeout", timeout_, "DURATION", "how long to look for it (30s)", parse_duration);
  style_options_.declare(options);
  options.about(
      "Only what is needed to prove and read these records is fetched; what is here already is not asked for again.");
  options.examples({"shoal get FEED us 812", "shoal get FEED us 800..812 -J"});
}

Result<Exit> GetCommand::run(Context& context) {
  SHOAL_TRY(auto style, style_options_.style());
  SHOAL_CHECK(check_topic_name(topic_));
  SHOAL_TRY(const auto range, parse_offset_range(range_));
  SHOAL_TRY(auto source, open_feed(context, common_, feed_));
  std::unique_ptr<RecordSink> sink;
  if (style_options_.out.empty()) {
    sink = std::make_unique<StreamSink>(context.out, std::move(style), source.feed.feed.hex());
  } else {
    sink = std::make_unique<DirectorySink>(style_options_.out);
  }
  return read_range(context, source, range, *sink);
}

Result<Exit> GetCommand::read_range(Context& context, OpenFeed& source, OffsetRange range, RecordSink& sink) const {
  GetRequest request{.feed = source.feed.feed, .topic = topic_, .partition = partition_};
  for (Offset next = range.first; next <= range.last;) {
    request.first = next;
    request.last = next + std::min(kStep - 1, range.last - next);
    // A range may come in parts. A missing record is an error only when it is the first one: the next round sees it.
    auto records = source.reading->get(request, source.feed.peer_hints, {timeout_, context.stop.token()});
    if (records.ok() && records->empty()) records = Error{Code::not_found, "there are no more records", ""};
    if (!records.ok()) {
      const Code code = records.error().code;
      if (next == range.first || code == Code::cancelled) return std::move(records).error();
      SHOAL_CHECK(sink.settle());
      context.messages.error(records.error());
      return code == Code::not_found ? Exit::partly : worse_of(Exit::partly, exit_for(code));
    }
    for (const RecordView& record : *records) SHOAL_CHECK(sink.append(record, {}));
    next = records->views().back().offset + 1;
  }
  SHOAL_CHECK(sink.settle());
  return Exit::ok;
}

}  // namespace

std::unique_ptr<Command> make_get() { return std::make_unique<GetCommand>(); }

}  // namespace shoal::command
