#include "doors/text/options_text.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace shoal::doors {
namespace {

QueryReader reader(std::string_view text) {
  if (text.starts_with('?')) text.remove_prefix(1);
  auto parsed = QueryReader::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : QueryReader();
}

Start any_start() {
  const auto number = *rc::gen::inRange<std::int64_t>(0, INT64_MAX);
  switch (*rc::gen::inRange(0, 7)) {
    case 0: return Start::end();
    case 1: return Start::stored();
    case 2: return Start::resume("1:2:30:4,quakes/0=30:5");
    case 3: return Start::offset(Offset(number));
    case 4: return Start::last(number);
    case 5: return Start::time(UnixMs(*rc::gen::arbitrary<std::int64_t>()));
    default: return Start::beginning();
  }
}

RC_GTEST_PROP(OptionsText, SubscribeOptionsComeBack, ()) {
  SubscribeOptions options;
  options.topics = *rc::gen::arbitrary<std::vector<std::string>>();
  if (*rc::gen::arbitrary<bool>()) options.partition = Partition(*rc::gen::inRange(0, INT32_MAX));
  options.start = any_start();
  if (*rc::gen::arbitrary<bool>()) options.before = UnixMs(*rc::gen::arbitrary<std::int64_t>());
  options.until_head = *rc::gen::arbitrary<bool>();
  options.find_timeout = std::chrono::milliseconds(*rc::gen::inRange(0, 100000));
  options.cursor = "nightly " + *rc::gen::arbitrary<std::string>();
  options.sparse = *rc::gen::arbitrary<bool>();
  options.cache_bytes = *rc::gen::inRange<std::uint64_t>(0, INT64_MAX);
  options.ordered = *rc::gen::arbitrary<bool>();
  QueryWriter query;
  write_subscribe_query(options, query);
  const auto back = read_subscribe_query(reader(query.text()));
  RC_ASSERT(back.ok());
  RC_ASSERT(back->topics == options.topics && back->partition == options.partition && back->before == options.before);
  RC_ASSERT(back->start.kind == options.start.kind && back->start.token == options.start.token);
  RC_ASSERT(back->start.number == options.start.number && back->cursor == options.cursor);
  RC_ASSERT(back->until_head == options.until_head && back->find_timeout == options.find_timeout);
  RC_ASSERT(back->sparse == options.sparse && back->ordered == options.ordered);
  RC_ASSERT(back->cache_bytes == options.cache_bytes);
}

TEST(OptionsText, NothingAskedIsTheDefault) {
  const auto subscribe = read_subscribe_query(reader(""));
  ASSERT_TRUE(subscribe.ok());
  EXPECT_TRUE(subscribe->ordered);
  EXPECT_EQ(subscribe->find_timeout, SubscribeOptions().find_timeout);
  const auto producer = read_producer_query(reader(""));
  ASSERT_TRUE(producer.ok());
  EXPECT_EQ(producer->codec, Codec::zstd);
  EXPECT_EQ(producer->max_buffered, ProducerOptions().max_buffered);
}

TEST(OptionsText, ProducerOptionsComeBack) {
  for (int codec = 0; codec <= 4; ++codec) {
    const ProducerOptions options{std::chrono::milliseconds(7), 1234, static_cast<Codec>(codec), 99999, Acks::none()};
    QueryWriter query;
    write_producer_query(options, query);
    const auto back = read_producer_query(reader(query.text()));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->linger, options.linger);
    EXPECT_EQ(back->batch_bytes, options.batch_bytes);
    EXPECT_EQ(back->codec, options.codec);
    EXPECT_EQ(back->max_buffered, options.max_buffered);
    EXPECT_EQ(back->acks.level, Acks::Level::none);
  }
}

TEST(OptionsText, MirrorsThatAcknowledgeComeBack) {
  for (const Acks& acks : {Acks::mirrors(3), Acks::named({"mine", "backup"})}) {
    QueryWriter query;
    write_producer_query({.acks = acks}, query);
    const auto back = read_producer_query(reader(query.text()));
    ASSERT_TRUE(back.ok());
    EXPECT_EQ(back->acks.level, acks.level);
    EXPECT_EQ(back->acks.count, acks.count);
    EXPECT_EQ(back->acks.names, acks.names);
  }
}

TEST(OptionsText, ExportOptionsComeBack) {
  const node::ExportOptions options{{"a*", "b c"}, UnixMs(-5), UnixMs(7), 12};
  QueryWriter query;
  write_export_query(options, query);
  const auto back = read_export_query(reader(query.text()));
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->topics, options.topics);
  EXPECT_EQ(back->from, options.from);
  EXPECT_EQ(back->before, options.before);
  EXPECT_EQ(back->after_size, 12U);
}

TEST(OptionsText, RefusesWhatItDoesNotKnow) {
  for (const char* query :
       {"tpoic=a", "start=offset:x", "start=offset:-1", "start=offset:", "start=now", "start=stored", "until_head=2",
        "until_head=true", "partition=-1", "partition=4294967296", "cursor=a&cursor=b",
        "before=", "find_timeout_ms=1e3", "find_timeout_ms=99999999999999999999", "ordered"}) {
    const auto read = read_subscribe_query(reader(query));
    ASSERT_FALSE(read.ok()) << query;
    EXPECT_EQ(read.error().code, Code::invalid_argument);
  }
  for (const char* query : {"codec=brotli", "acks=0", "acks=65", "acks=a,,b", "batch_bytes=0", "batch_bytes=-1",
                            "max_buffered=99999999999", "linger_ms=-1"}) {
    EXPECT_FALSE(read_producer_query(reader(query)).ok()) << query;
  }
}

TEST(OptionsText, FeedOptionsComeBack) {
  FeedOptions options;
  options.create = true;
  options.retention = Retention{std::chrono::hours(2), 77, {{"us", std::chrono::milliseconds(5)}}};
  for (const std::string passphrase : {"", "open \"sesame\"", "\xff\x01"}) {
    options.passphrase = passphrase;
    std::string out;
    base::JsonWriter json(out);
    write_feed_options(options, json);
    auto parsed = JsonReader::parse(out);
    ASSERT_TRUE(parsed.ok());
    const auto back = read_feed_options(*parsed);
    ASSERT_TRUE(back.ok()) << out;
    EXPECT_TRUE(back->create);
    EXPECT_FALSE(back->in_memory);
    EXPECT_EQ(back->retention, options.retention);
    EXPECT_EQ(back->passphrase, passphrase);
  }
}

TEST(OptionsText, FeedOptionsRefuseWhatTheyDoNotKnow) {
  for (const char* text : {R"({"crate":true})", R"({"create":1})", R"({"retention":[]})", R"({"retention":{"keep":1}})",
                           R"({"retention":{"keep_topics":{"a":"1d"}}})", R"({"retention":{"keep_ms":-1}})"}) {
    auto parsed = JsonReader::parse(text);
    ASSERT_TRUE(parsed.ok());
    EXPECT_FALSE(read_feed_options(*parsed).ok()) << text;
  }
}

}  // namespace
}  // namespace shoal::doors
