#include "doors/text/options_text.h"

#include "base/bytes.h"
#include "base/try.h"
#include "doors/text/retention_json.h"
#include "node/api/acks_text.h"

#include <string.h>

#include <algorithm>

namespace shoal::doors {
namespace {

using std::chrono::milliseconds;

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

std::optional<Start> parse_start(std::string_view text) {
  if (text == "beginning") return Start::beginning();
  if (text == "end") return Start::end();
  if (text == "stored") return Start::stored();
  const std::size_t colon = text.find(':');
  if (colon == std::string_view::npos) return std::nullopt;
  const std::string_view kind = text.substr(0, colon);
  const std::string_view rest = text.substr(colon + 1);
  if (kind == "token") return Start::resume(std::string(rest));
  const auto number = parse_decimal(rest, kind == "time" ? INT64_MIN : 0, INT64_MAX);
  if (!number) return std::nullopt;
  if (kind == "offset") return Start::offset(Offset(*number));
  if (kind == "last") return Start::last(*number);
  if (kind == "time") return Start::time(UnixMs(*number));
  return std::nullopt;
}

void add_flag(QueryWriter& query, std::string_view name, bool held) { query.add(name, std::int64_t{held ? 1 : 0}); }

std::optional<UnixMs> to_time(std::optional<std::int64_t> number) {
  if (!number) return std::nullopt;
  return UnixMs(*number);
}

}  // namespace

void write_subscribe_query(const SubscribeOptions& options, QueryWriter& query) {
  for (const std::string& topic : options.topics) query.add("topic", topic);
  if (options.partition) query.add("partition", std::int64_t{options.partition->value()});
  query.add("start", start_text(options.start));
  if (options.before) query.add("before", options.before->value());
  add_flag(query, "until_head", options.until_head);
  query.add("find_timeout_ms", std::int64_t{options.find_timeout.count()});
  if (!options.cursor.empty()) query.add("cursor", options.cursor);
  add_flag(query, "sparse", options.sparse);
  if (options.cache_bytes > 0) query.add("cache_bytes", static_cast<std::int64_t>(options.cache_bytes));
  add_flag(query, "ordered", options.ordered);
}

Result<SubscribeOptions> read_subscribe_query(QueryReader query) {
  SubscribeOptions options;
  options.topics = query.texts("topic");
  if (const auto partition = query.integer("partition", 0, INT32_MAX)) {
    options.partition = Partition(static_cast<std::int32_t>(*partition));
  }
  if (const auto start = query.text("start")) {
    const auto parsed = parse_start(*start);
    if (!parsed) query.fail("start is none of beginning, end, stored, token:, offset:, last:, time:");
    options.start = parsed.value_or(Start::beginning());
  }
  options.before = to_time(query.integer("before", INT64_MIN));
  options.until_head = query.boolean("until_head").value_or(options.until_head);
  options.find_timeout =
      milliseconds(query.integer("find_timeout_ms", 0, kMaxMilliseconds).value_or(options.find_timeout.count()));
  options.cursor = query.text("cursor").value_or("");
  options.sparse = query.boolean("sparse").value_or(options.sparse);
  options.cache_bytes = static_cast<std::uint64_t>(query.integer("cache_bytes").value_or(0));
  options.ordered = query.boolean("ordered").value_or(options.ordered);
  if (options.start.kind == Start::Kind::stored && options.cursor.empty()) query.fail("start=stored needs cursor=NAME");
  SHOAL_CHECK(query.finish());
  return options;
}

void write_producer_query(const ProducerOptions& options, QueryWriter& query) {
  query.add("linger_ms", std::int64_t{options.linger.count()});
  query.add("batch_bytes", static_cast<std::int64_t>(options.batch_bytes));
  query.add("codec", kCodecs[static_cast<std::size_t>(options.codec)]);
  query.add("max_buffered", static_cast<std::int64_t>(options.max_buffered));
  query.add("acks", node::acks_text(options.acks));
}

Result<ProducerOptions> read_producer_query(QueryReader query) {
  ProducerOptions options;
  options.linger = milliseconds(query.integer("linger_ms", 0, kMaxMilliseconds).value_or(options.linger.count()));
  const auto read_size = [&query](std::string_view name, std::size_t otherwise) {
    const auto number = query.integer(name, 1, kMaxBufferBytes);
    return number ? static_cast<std::size_t>(*number) : otherwise;
  };
  options.batch_bytes = read_size("batch_bytes", options.batch_bytes);
  options.max_buffered = read_size("max_buffered", options.max_buffered);
  if (const auto codec = query.text("codec")) {
    const auto* const found = std::find(std::begin(kCodecs), std::end(kCodecs), *codec);
    if (found == std::end(kCodecs)) {
      query.fail("codec is none of none, gzip, snappy, lz4, zstd");
    } else {
      options.codec = static_cast<Codec>(found - std::begin(kCodecs));
    }
  }
  if (const auto acks = query.text("acks")) {
    auto parsed = node::parse_acks(*acks);
    if (!parsed) {
      query.fail("acks: " + parsed.error().message);
    } else {
      options.acks = std::move(*parsed);
    }
  }
  SHOAL_CHECK(query.finish());
  return options;
}

void write_export_query(const node::ExportOptions& options, QueryWriter& query) {
  for (const std::string& topic : options.topics) query.add("topic", topic);
  if (options.from) query.add("from", options.from->value());
  if (options.before) query.add("before", options.before->value());
  if (options.after_size > 0) query.add("after_size", static_cast<std::int64_t>(options.after_size));
  if (options.part_bytes > 0) query.add("part_bytes", static_cast<std::int64_t>(options.part_bytes));
}

Result<node::ExportOptions> read_export_query(QueryReader query) {
  node::ExportOptions options;
  options.topics = query.texts("topic");
  options.from = to_time(query.integer("from", INT64_MIN));
  options.before = to_time(query.integer("before", INT64_MIN));
  options.after_size = static_cast<std::uint64_t>(query.integer("after_size").value_or(0));
  options.part_bytes = static_cast<std::uint64_t>(query.integer("part_bytes").value_or(0));
  SHOAL_CHECK(query.finish());
  return options;
}

void write_feed_options(const FeedOptions& options, base::JsonWriter& json) {
  json.begin_object().member("create", options.create).member("in_memory", options.in_memory);
  if (options.retention) {
    json.key("retention");
    write_retention(*options.retention, json);
  }
  if (options.passphrase) {
    json.bytes_member("passphrase", base::as_bytes(*options.passphrase));
  }
  json.end_object();
}

Result<FeedOptions> read_feed_options(JsonReader in) {
  FeedOptions options;
  options.create = in.boolean_or("create", false);
  options.in_memory = in.boolean_or("in_memory", false);
  if (const auto retention = in.optional_object("retention")) {
    SHOAL_TRY(options.retention, read_retention(*retention));
  }
  if (in.has("passphrase") || in.has("passphrase_b64")) {
    auto bytes = in.bytes("passphrase");
    if (bytes) {
      options.passphrase.emplace(bytes->begin(), bytes->end());
      if (!bytes->empty()) explicit_bzero(bytes->data(), bytes->size());
    }
    in.wipe("passphrase");
    in.wipe("passphrase_b64");
  }
  SHOAL_CHECK(in.finish());
  return options;
}

}  // namespace shoal::doors
