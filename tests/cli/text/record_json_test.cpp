#include "text/record_json.h"

#include "cli/record_samples.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <nlohmann/json.hpp>

namespace shoal::command {
namespace {

using Json = nlohmann::json;

std::string line_of(const RecordView& record, std::string_view cursor = "c1") {
  std::string out;
  append_record_json(record, "ab12", cursor, out);
  return out;
}

Json json_of(const RecordView& record) { return Json::parse(line_of(record)); }

TEST(RecordJson, HasTheFieldsInOrder) {
  RecordView record = record_at(812, "pay\"load\n");
  record.key = base::as_bytes("k");
  EXPECT_EQ(
      line_of(record),
      "{\"feed\":\"ab12\",\"topic\":\"us\",\"partition\":2,\"offset\":812,\"ts\":1517616000000,"
      "\"append_ts\":1517616000500,\"key\":\"k\",\"headers\":{},\"payload\":\"pay\\\"load\\n\",\"cursor\":\"c1\"}\n");
}

TEST(RecordJson, NullIsNull) {
  RecordView record = record_at(0, "");
  EXPECT_TRUE(json_of(record)["key"].is_null());
  EXPECT_EQ(json_of(record)["payload"], "");
  record.value.reset();
  EXPECT_TRUE(json_of(record)["payload"].is_null());
}

TEST(RecordJson, WhatIsNotUtf8TravelsAsBase64) {
  RecordView record = record_at(0, "\xff\xfe");
  record.key = base::as_bytes("\x80");
  const Json json = json_of(record);
  EXPECT_EQ(json["payload_b64"], "//4=");
  EXPECT_EQ(json["key_b64"], "gA==");
  EXPECT_FALSE(json.contains("payload"));
  EXPECT_FALSE(json.contains("key"));
}

TEST(RecordJson, RepeatedHeadersBecomeArrays) {
  RecordView record = record_at(0, "x");
  record.headers = {{"a", base::as_bytes("1")}, {"b", std::nullopt}, {"a", base::as_bytes("2")}};
  EXPECT_EQ(json_of(record)["headers"], Json::parse(R"({"a":["1","2"],"b":null})"));
}

TEST(RecordJson, BinaryHeadersAreNamedSo) {
  RecordView record = record_at(0, "x");
  record.headers = {{"a", base::as_bytes("\xff")}, {"b", base::as_bytes("B")}};
  const Json json = json_of(record);
  EXPECT_EQ(json["headers_b64"], Json::parse(R"({"a":"/w==","b":"Qg=="})"));
  EXPECT_FALSE(json.contains("headers"));
}

TEST(RecordJson, HeaderNamesAreAlwaysText) {
  RecordView record = record_at(0, "x");
  record.headers = {{"a\x80", base::as_bytes("1")}};
  EXPECT_EQ(json_of(record)["headers"], Json({{"a\xef\xbf\xbd", "1"}}));
}

TEST(RecordJson, WithoutACursorThereIsNone) {
  EXPECT_FALSE(Json::parse(line_of(record_at(0, "x"), "")).contains("cursor"));
}

TEST(RecordJson, AnyPayloadComesBackOnOneLine) {
  rc::check([] {
    const auto bytes = *rc::gen::arbitrary<std::string>();
    const std::string line = line_of(record_at(0, bytes));
    RC_ASSERT(line.find('\n') == line.size() - 1);
    const Json json = Json::parse(line);
    if (json.contains("payload")) {
      RC_ASSERT(json["payload"].get<std::string>() == bytes);
    } else {
      RC_ASSERT(base::as_text(*base::from_base64(json["payload_b64"].get<std::string>())) == bytes);
    }
  });
}

}  // namespace
}  // namespace shoal::command
