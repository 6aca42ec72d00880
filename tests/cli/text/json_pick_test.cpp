#include "text/json_pick.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using Kind = PickedValue::Kind;

PickedValue pick(std::string_view document, std::string_view pointer) {
  std::vector<PickedValue> picked;
  const auto done = pick_json(base::as_bytes(document), {*parse_json_pointer(pointer)}, picked);
  EXPECT_TRUE(done.ok()) << document;
  return picked.at(0);
}

bool is_json(std::string_view document) {
  std::vector<PickedValue> picked;
  return pick_json(base::as_bytes(document), {{"a"}}, picked).ok();
}

TEST(JsonPointer, ReadsRfc6901) {
  EXPECT_EQ(*parse_json_pointer(""), JsonPointer());
  EXPECT_EQ(*parse_json_pointer("/"), JsonPointer{""});
  EXPECT_EQ(*parse_json_pointer("/a/0/~0~1b"), (JsonPointer{"a", "0", "~/b"}));
  for (const char* text : {"a", "/~", "/~2"}) EXPECT_FALSE(parse_json_pointer(text).ok()) << text;
}

TEST(JsonPick, FindsMembersAndElements) {
  constexpr std::string_view kDocument =
      R"({"a":{"b":"deep","c":[10,{"d":"element"},[true]]},"b":"shallow","x/y":1,"":"empty"})";
  EXPECT_EQ(pick(kDocument, "/a/b").text, "deep");
  EXPECT_EQ(pick(kDocument, "/b").text, "shallow");
  EXPECT_EQ(pick(kDocument, "/a/c/0").text, "10");
  EXPECT_EQ(pick(kDocument, "/a/c/1/d").text, "element");
  EXPECT_EQ(pick(kDocument, "/a/c/2/0").text, "true");
  EXPECT_EQ(pick(kDocument, "/x~1y").text, "1");
  EXPECT_EQ(pick(kDocument, "/").text, "empty");
  EXPECT_EQ(pick(kDocument, "/a").kind, Kind::container);
  EXPECT_EQ(pick(kDocument, "/a/c").kind, Kind::container);
  for (const char* pointer : {"/c", "/a/b/c", "/a/c/3", "/a/c/1/e", "/b/0", "/a/d"}) {
    EXPECT_EQ(pick(kDocument, pointer).kind, Kind::missing) << pointer;
  }
}

TEST(JsonPick, KeepsNumbersAsWritten) {
  EXPECT_EQ(pick(R"({"a":1517363399650})", "/a").text, "1517363399650");
  EXPECT_EQ(pick(R"({"a":-7})", "/a").text, "-7");
  EXPECT_EQ(pick(R"({"a":1517363399.650})", "/a").text, "1517363399.650");
  EXPECT_EQ(pick(R"({"a":123456789012345678901234567890})", "/a").text, "123456789012345678901234567890");
  EXPECT_EQ(pick(R"({"a":1})", "/a").kind, Kind::number);
}

TEST(JsonPick, ReadsScalarsNullAndEscapes) {
  EXPECT_EQ(pick("\"whole\"", "").text, "whole");
  EXPECT_EQ(pick("{\"a\":null}", "/a").kind, Kind::null);
  EXPECT_EQ(pick("{\"a\":\"\\u00e4\\n\"}", "/a").text, "\xc3\xa4\n");
  EXPECT_EQ(pick(" {\"a\":false}\r", "/a").text, "false");
}

TEST(JsonPick, TheLastOfRepeatedMembersCounts) {
  EXPECT_EQ(pick(R"({"a":1,"a":2})", "/a").text, "2");
  EXPECT_EQ(pick(R"({"a":{"b":1},"a":{}})", "/a/b").kind, Kind::missing);
}

TEST(JsonPick, OnePassServesAllPointers) {
  std::vector<PickedValue> picked;
  ASSERT_TRUE(pick_json(base::as_bytes(R"({"p":{"net":"us","time":5},"id":"x"})"),
                        {{"p", "net"}, {"id"}, {"p", "time"}, {"p", "none"}}, picked)
                  .ok());
  ASSERT_EQ(picked.size(), 4U);
  EXPECT_EQ(picked[0].text, "us");
  EXPECT_EQ(picked[1].text, "x");
  EXPECT_EQ(picked[2].text, "5");
  EXPECT_EQ(picked[3].kind, Kind::missing);
}

TEST(JsonPick, RefusesWhatIsNoJsonBehindTheMatchToo) {
  for (const char* document : {"", "{", "{\"a\":1", "{\"a\":1}}", "{\"a\":1} x", "{\"a\":01}", "{'a':1}",
                               "{\"a\":\"\xff\"}", "[1,]", "nul", "{\"a\":1,}"}) {
    EXPECT_FALSE(is_json(document)) << document;
  }
}

TEST(JsonPick, DeepNestingNeedsNoStack) {
  const std::string deep = std::string(200'000, '[') + std::string(200'000, ']');
  EXPECT_TRUE(is_json(deep));
}

}  // namespace
}  // namespace shoal::command
