#include "doors/text/options_text.h"

#include "doors/text/json_reading.h"
#include "doors/text/json_writing.h"
#include "doors/text/query_fields.h"
#include "doors/text/retention_json.h"
#include "node/api/acks_text.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace shoal::doors {
namespace {

constexpr std::string_view kCodecs[] = {"none", "gzip", "snappy", "lz4", "zstd"};
constexpr std::int64_t kMaxBufferBytes = std::int64_t{1} << 30;

std::string start_text(const Start& start) {
  switch (start.kind) {
    case Start::Kind::beginning: return "beginning";
    case Start::Kind::end: return "end";
    case Start::Kind::stored: return "stored";
    case Start::Kind::token: return "token:" + start.token;
    case Start::Kind::offset: return "offset:" + std::to_string(start.number);
    case Start::Kind::last: return "last:" + std::to_string(start.number);
    case Start::Kind::time: return "time:" + std::to_string(start.number);
  }
  return "beginning";
}

Result<Start> parse_start(std::string_view text) {
  if (text == "beginning") return Start::beginning();
  if (text == "end") return Start::end();
  if (text == "stored") return Start::stored();
  const Error unknown{Code::invalid_argument, "none of beginning, end, stored, token:, offset:, last:, time:"};
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return unknown;
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  if (kind == "token") return Start::resume(std::string(rest));
  const auto number = parse_decimal(rest, kind == "time" ? INT64_MIN : 0, INT64_MAX);
  if (!number) return unknown;
  if (kind == "offset") return Start::offset(Offset(*number));
  if (kind == "last") return Start::last(*number);
  if (kind == "time") return Start::time(UnixMs(*number));
  return unknown;
}

}  // namespace

template <class Codec, Is<SubscribeOptions> Self>
void fields(Codec& c, Self& options) {
  c.field("topic", options.topics);
  c.field("partition", options.partition);
  c.field("start", converted(options.start, start_text, parse_start));
  c.field("before", options.before);
  c.field("until_head", options.until_head);
  c.field("find_timeout_ms", options.find_timeout);
  c.field_unless(options.cursor.empty(), "cursor", options.cursor);
  c.field("sparse", options.sparse);
  c.field_unless(options.cache_bytes == 0, "cache_bytes", options.cache_bytes);
  c.field("ordered", options.ordered);
  c.require(options.start.kind != Start::Kind::stored || !options.cursor.empty(), "start=stored needs cursor=NAME");
}

template <class Codec, Is<ProducerOptions> Self>
void fields(Codec& c, Self& options) {
  c.field("linger_ms", options.linger);
  c.field("batch_bytes", bounded(options.batch_bytes, 1, kMaxBufferBytes));
  c.field("codec", choice(options.codec, kCodecs));
  c.field("max_buffered", bounded(options.max_buffered, 1, kMaxBufferBytes));
  c.field("acks", converted(options.acks, node::acks_text, node::parse_acks));
  c.field("max_time_ahead_ms", options.max_time_ahead);
}

template <class Codec, Is<node::ExportOptions> Self>
void fields(Codec& c, Self& options) {
  c.field("topic", options.topics);
  c.field("from", options.from);
  c.field("before", options.before);
  c.field_unless(options.after_size == 0, "after_size", options.after_size);
  c.field_unless(options.part_bytes == 0, "part_bytes", options.part_bytes);
}

template <class Codec, Is<FeedOptions> Self>
void fields(Codec& c, Self& options) {
  c.field_or_default("create", options.create);
  c.field_or_default("in_memory", options.in_memory);
  c.field_unless(!options.retention, "retention", options.retention);
  c.field_unless(!options.passphrase, "passphrase", secret(options.passphrase));
}

template <class Codec, Is<feed::AssertedHead> Self>
void fields(Codec& c, Self& head) {
  c.field("tree_size", head.tree_size);
  c.field("root", head.root.bytes);
}

template <class Codec, Is<node::RecoverOptions> Self>
void fields(Codec& c, Self& options) {
  c.field("find_timeout_ms", options.find_timeout);
  c.field("asserted", options.asserted);
  c.field("rehash", options.rehash);
}

void write_subscribe_query(const SubscribeOptions& options, QueryWriter& query) { write_query(options, query); }
Result<SubscribeOptions> read_subscribe_query(QueryReader query) {
  return read_query<SubscribeOptions>(std::move(query));
}

void write_producer_query(const ProducerOptions& options, QueryWriter& query) { write_query(options, query); }
Result<ProducerOptions> read_producer_query(QueryReader query) { return read_query<ProducerOptions>(std::move(query)); }

void write_export_query(const node::ExportOptions& options, QueryWriter& query) { write_query(options, query); }
Result<node::ExportOptions> read_export_query(QueryReader query) {
  return read_query<node::ExportOptions>(std::move(query));
}

void write_feed_options(const FeedOptions& options, base::JsonWriter& json) { write_json(options, json); }
Result<FeedOptions> read_feed_options(JsonReader in) { return read_json<FeedOptions>(std::move(in)); }

void write_recover_options(const node::RecoverOptions& options, base::JsonWriter& json) { write_json(options, json); }
Result<node::RecoverOptions> read_recover_options(JsonReader in) {
  return read_json<node::RecoverOptions>(std::move(in));
}

}  // namespace shoal::doors
