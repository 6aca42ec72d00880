#include "selector.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

constexpr std::string_view kQuake =
    R"({"type":"Feature","properties":{"mag":1.5,"time":1517363399650,"net":"ci","tags":[]},"id":"ci38096055"})";
constexpr std::string_view kReading = "2014-04-10 00:04:00,realAWS/ec2 cpu,1.5";

Selector selector(std::string_view text) {
  auto parsed = parse_selector(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : Selector{};
}

std::string reason(SelectorOptions options, std::string_view payload) {
  RecordSelector select(std::move(options));
  ProducerRecord record;
  const auto done = select.apply(base::as_bytes(payload), record);
  return done.ok() ? "" : done.error().message;
}

TEST(Selector, HasTwoKinds) {
  EXPECT_EQ(selector("json:/a/b").pointer, (JsonPointer{"a", "b"}));
  EXPECT_EQ(selector("csv:3").column, 3U);
  for (const char* text : {"", "csv:0", "csv:x", "csv:", "json:a", "xml:/a", "/a", "csv:-1"}) {
    EXPECT_FALSE(parse_selector(text).ok()) << text;
  }
}

TEST(RecordSelector, TakesTopicKeyAndTimeFromJson) {
  RecordSelector select({.topic = selector("json:/properties/net"),
                         .key = selector("json:/id"),
                         .time = selector("json:/properties/time")});
  ProducerRecord record;
  ASSERT_TRUE(select.apply(base::as_bytes(kQuake), record).ok());
  EXPECT_EQ(record.topic, "ci");
  EXPECT_EQ(base::as_text(*record.key), "ci38096055");
  EXPECT_EQ(record.time, UnixMs(1517363399650));
}

TEST(RecordSelector, TakesTopicAndTimeFromCsv) {
  RecordSelector select({.topic = selector("csv:2"),
                         .time = selector("csv:1"),
                         .topic_map = TopicMap::dots,
                         .time_format = *parse_time_format("%Y-%m-%d %H:%M:%S")});
  ProducerRecord record;
  ASSERT_TRUE(select.apply(base::as_bytes(kReading), record).ok());
  EXPECT_EQ(record.topic, "realAWS.ec2.cpu");
  EXPECT_EQ(record.time, UnixMs(1397088240000));
  EXPECT_FALSE(record.key.has_value());
}

TEST(RecordSelector, LeavesAloneWhatIsNotSelected) {
  RecordSelector select({});
  ProducerRecord record;
  record.topic = "mine";
  ASSERT_TRUE(select.apply(base::as_bytes("not json"), record).ok());
  EXPECT_EQ(record.topic, "mine");
  EXPECT_FALSE(record.time.has_value());
}

TEST(RecordSelector, ANullKeyIsNoKey) {
  RecordSelector select({.key = selector("json:/k")});
  ProducerRecord record;
  record.key = Bytes{1};
  ASSERT_TRUE(select.apply(base::as_bytes("{\"k\":null}"), record).ok());
  EXPECT_FALSE(record.key.has_value());
  ASSERT_TRUE(select.apply(base::as_bytes("{\"k\":17}"), record).ok());
  EXPECT_EQ(base::as_text(*record.key), "17");
  ASSERT_TRUE(select.apply(base::as_bytes("{\"k\":\"\"}"), record).ok());
  EXPECT_TRUE(record.key.has_value());
}

TEST(RecordSelector, SaysWhatIsWrongWithARecord) {
  EXPECT_EQ(reason({.topic = selector("json:/net")}, kQuake), "no /net to take the topic from");
  EXPECT_EQ(reason({.topic = selector("json:/properties")}, kQuake), "/properties is an object or array, not a topic");
  EXPECT_EQ(reason({.topic = selector("csv:2")}, kReading), "illegal topic name 'realAWS/ec2 cpu'");
  EXPECT_EQ(reason({.topic = selector("csv:4")}, kReading), "field 4 is missing: the row has 3");
  EXPECT_EQ(reason({.time = selector("json:/properties/net")}, kQuake), "'ci' is not a time");
  EXPECT_EQ(reason({.time = selector("json:/x")}, "{\"x\":null}"), "the time is null");
  EXPECT_EQ(reason({.topic = selector("json:/x")}, "{\"x\":null}"), "the topic is null");
  EXPECT_NE(reason({.topic = selector("json:/properties/net")}, std::string(kQuake) + "}").find("invalid JSON"),
            std::string::npos);
}

TEST(TimeFormat, IsRfc3339OrAPattern) {
  EXPECT_EQ(parse_time_format("rfc3339")->kind, TimeFormat::Kind::rfc3339);
  EXPECT_EQ(parse_time_format("%s")->kind, TimeFormat::Kind::strptime);
  EXPECT_FALSE(parse_time_format("iso").ok());
}

}  // namespace
}  // namespace shoal::command
