#include "doors/text/record_line.h"

#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

namespace shoal::doors {
namespace {

JsonReader inner(const std::string& line, std::string_view kind) {
  EXPECT_EQ(line.find('\n'), line.size() - 1);
  auto parsed = JsonReader::parse(line);
  EXPECT_TRUE(parsed.ok()) << line;
  if (!parsed.ok()) return *JsonReader::parse("{}");
  return kind.empty() ? *parsed : parsed->object(kind);
}

RC_GTEST_PROP(RecordLine, AnyRecordComesBack, ()) {
  RecordLine record;
  record.position = {"us", Partition(*rc::gen::inRange(0, INT32_MAX)),
                     Offset(*rc::gen::inRange<std::int64_t>(0, INT64_MAX))};
  record.block = BlockIndex(*rc::gen::arbitrary<std::uint64_t>());
  record.time = UnixMs(*rc::gen::arbitrary<std::int64_t>());
  record.append_time = UnixMs(*rc::gen::arbitrary<std::int64_t>());
  if (*rc::gen::arbitrary<bool>()) record.key = *rc::gen::arbitrary<Bytes>();
  if (*rc::gen::arbitrary<bool>()) record.value = *rc::gen::arbitrary<Bytes>();
  for (int i = *rc::gen::inRange(0, 4); i > 0; --i) {
    std::optional<Bytes> value;
    if (*rc::gen::arbitrary<bool>()) value = *rc::gen::arbitrary<Bytes>();
    record.headers.emplace_back(*rc::gen::arbitrary<std::string>(), value);
  }
  std::string line;
  append_record_line(record.view(), "1:0:0:0", line);
  const auto back = read_record(inner(line, "record"));
  RC_ASSERT(back.ok());
  RC_ASSERT(back->position == record.position && back->block == record.block && back->time == record.time);
  RC_ASSERT(back->append_time == record.append_time && back->key == record.key && back->value == record.value);
  RC_ASSERT(back->headers == record.headers && back->cursor == "1:0:0:0");
}

RC_GTEST_PROP(RecordLine, AnyProducerRecordComesBack, ()) {
  ProducerRecord record;
  record.topic = *rc::gen::element<std::string>("default", "us", "a.b-c");
  if (*rc::gen::arbitrary<bool>()) record.partition = Partition(*rc::gen::inRange(0, INT32_MAX));
  if (*rc::gen::arbitrary<bool>()) record.key = *rc::gen::arbitrary<Bytes>();
  if (*rc::gen::arbitrary<bool>()) record.value = *rc::gen::arbitrary<Bytes>();
  if (*rc::gen::arbitrary<bool>()) record.time = UnixMs(*rc::gen::arbitrary<std::int64_t>());
  if (*rc::gen::arbitrary<bool>()) record.headers = {{"h", Bytes{1, 255}}, {"h", std::nullopt}, {"\xff", Bytes{}}};
  std::string line;
  append_producer_record_line(record, line);
  const auto back = read_producer_record(inner(line, ""));
  RC_ASSERT(back.ok());
  RC_ASSERT(back->topic == record.topic && back->partition == record.partition && back->key == record.key);
  RC_ASSERT(back->value == record.value && back->time == record.time && back->headers == record.headers);
}

TEST(RecordLine, IsWhatTheDocumentSays) {
  RecordView record;
  record.topic = "us";
  record.partition = Partition(2);
  record.offset = Offset(812);
  record.block = BlockIndex(7);
  record.time = UnixMs(1517616000000);
  record.append_time = UnixMs(1517616000500);
  record.headers = {{"b", base::as_bytes("x")}, {"a", std::nullopt}, {"b", base::as_bytes("\xff")}};
  record.value = base::as_bytes("\xff\xfe");
  std::string line;
  append_record_line(record, "c1", line);
  EXPECT_EQ(
      line,
      "{\"record\":{\"topic\":\"us\",\"partition\":2,\"offset\":812,\"block\":7,\"ts\":1517616000000,"
      "\"append_ts\":1517616000500,\"key\":null,\"headers\":[[\"b\",\"x\"],[\"a\",null],[\"b\",{\"b64\":\"/w==\"}]],"
      "\"payload_b64\":\"//4=\",\"cursor\":\"c1\"}}\n");
}

TEST(RecordLine, AProducerNeedsNoMoreThanAPayload) {
  const auto record = read_producer_record(inner("{\"payload\":\"x\"}\n", ""));
  ASSERT_TRUE(record.ok());
  EXPECT_EQ(record->topic, "default");
  EXPECT_EQ(record->value, (Bytes{'x'}));
  EXPECT_FALSE(record->key || record->partition || record->time);
  const auto null = read_producer_record(inner("{\"payload\":null}\n", ""));
  ASSERT_TRUE(null.ok());
  EXPECT_FALSE(null->value);
}

TEST(RecordLine, RefusesWhatItDoesNotKnow) {
  for (const char* text :
       {"{}", R"({"payload":1})", R"({"payload":"x","paylaod":"y"})", R"({"payload":"x","partition":-1})",
        R"({"payload":"x","ts":1.5})", R"({"payload":"x","topic":null})", R"({"payload_b64":"x"})",
        R"({"payload":"x","partition":4294967296})", R"({"payload":"x","headers":{"a":"b"}})"}) {
    auto parsed = JsonReader::parse(text);
    ASSERT_TRUE(parsed.ok()) << text;
    EXPECT_FALSE(read_producer_record(*parsed).ok()) << text;
  }
}

}  // namespace
}  // namespace shoal::doors
