#include "doors/text/json_reader.h"

#include "doors/text/error_json.h"
#include "doors/text/node_facts_json.h"

#include <gtest/gtest.h>

namespace shoal::doors {
namespace {

JsonReader reader(std::string_view text) {
  auto parsed = JsonReader::parse(text);
  EXPECT_TRUE(parsed.ok()) << text;
  return parsed.ok() ? *parsed : *JsonReader::parse("{}");
}

std::string problem(const Result<void>& finished) { return finished.ok() ? "" : finished.error().message; }

TEST(JsonReader, TakesOneObjectOnly) {
  for (const char* text : {"", " ", "[]", "1", "\"x\"", "null", "{", "{}x", "{\"a\":}", "{'a':1}", "{\"a\":\"\xff\"}",
                           "{\"a\":1,}", "{} {}"}) {
    const auto parsed = JsonReader::parse(text);
    ASSERT_FALSE(parsed.ok()) << text;
    EXPECT_EQ(parsed.error().code, Code::invalid_argument);
  }
}

TEST(JsonReader, BoundsWhatItBuilds) {
  const std::string deep = "{\"a\":" + std::string(1000000, '[');
  const auto nested = JsonReader::parse(deep);
  ASSERT_FALSE(nested.ok());
  EXPECT_EQ(nested.error().code, Code::limit_exceeded);
  std::string wide = "{\"a\":[0";
  for (int i = 0; i < 600000; ++i) wide += ",0";
  const auto many = JsonReader::parse(wide + "]}");
  ASSERT_FALSE(many.ok());
  EXPECT_EQ(many.error().code, Code::limit_exceeded);
}

TEST(JsonReader, NamesWhatIsMissingOrOfAnotherKind) {
  JsonReader missing = reader("{}");
  EXPECT_EQ(missing.text("name"), "");
  EXPECT_EQ(problem(missing.finish()), "member 'name' is missing");
  JsonReader kind = reader(R"({"a":1,"b":"x"})");
  EXPECT_EQ(kind.text("a"), "");
  EXPECT_EQ(kind.integer("b"), 0);
  EXPECT_EQ(problem(kind.finish()), "'a' is not a text");
}

TEST(JsonReader, RefusesMembersThatNobodyAskedFor) {
  JsonReader in = reader(R"({"name":"x","nmae":"y"})");
  EXPECT_EQ(in.text("name"), "x");
  EXPECT_EQ(problem(in.finish()), "unknown member 'nmae'");
}

TEST(JsonReader, NumbersAreWholeAndBounded) {
  for (const char* number : {"1.5", "1e3", "9223372036854775808", "-1", "11", "\"1\"", "true", "null"}) {
    JsonReader in = reader("{\"n\":" + std::string(number) + "}");
    EXPECT_EQ(in.integer("n", 0, 10), 0) << number;
    EXPECT_FALSE(in.finish().ok()) << number;
  }
  JsonReader in = reader(R"({"n":-9223372036854775808,"m":18446744073709551615})");
  EXPECT_EQ(in.integer("n", INT64_MIN), INT64_MIN);
  EXPECT_EQ(in.size("m"), UINT64_MAX);
  EXPECT_TRUE(in.finish().ok());
}

TEST(JsonReader, BytesHaveOneSpellingAtATime) {
  JsonReader twice = reader(R"({"p":"x","p_b64":"eA=="})");
  EXPECT_TRUE(twice.bytes("p"));
  EXPECT_FALSE(twice.finish().ok());
  for (const char* text : {R"({"p_b64":"eA="})", R"({"p_b64":"e A=="})", R"({"p_b64":7})", R"({"p":{"b64":"eA=="}})"}) {
    JsonReader in = reader(text);
    std::ignore = in.bytes("p");
    EXPECT_FALSE(in.finish().ok()) << text;
  }
}

TEST(JsonReader, HeadersArePairs) {
  for (const char* text : {R"({"h":{}})", R"({"h":["a"]})", R"({"h":[["a"]]})", R"({"h":[["a","b","c"]]})",
                           R"({"h":[[null,"b"]]})", R"({"h":[["a",{"b64":"eA==","x":1}]]})", R"({"h":[["a",1]]})"}) {
    JsonReader in = reader(text);
    std::ignore = in.headers("h");
    EXPECT_FALSE(in.finish().ok()) << text;
  }
}

TEST(JsonReader, InnerObjectsAreThereOrNamed) {
  JsonReader missing = reader("{}");
  JsonReader nothing = missing.object("a");
  EXPECT_TRUE(nothing.names().empty());
  EXPECT_EQ(problem(nothing.finish()), "member 'a' is missing");
  JsonReader null = reader(R"({"a":null,"b":[],"c":null})");
  EXPECT_FALSE(null.optional_object("a"));
  EXPECT_TRUE(null.objects("b").empty());
  EXPECT_TRUE(null.is_null("c"));
  std::ignore = null.object("c");
  EXPECT_EQ(problem(null.finish()), "'c' is not an object");
  JsonReader mixed = reader(R"({"a":[{},1],"b":{}})");
  EXPECT_EQ(mixed.objects("a").size(), 1U);
  EXPECT_TRUE(mixed.objects("b").empty());
  EXPECT_EQ(problem(mixed.finish()), "'a' holds something that is not an object");
  JsonReader array = reader(R"({"a":{},"b":1})");
  EXPECT_TRUE(array.objects("a").empty());
  EXPECT_EQ(problem(array.finish()), "'a' is not an array");
  JsonReader number = reader(R"({"b":1})");
  EXPECT_TRUE(number.optional_object("b")->names().empty());
  EXPECT_EQ(problem(number.finish()), "'b' is not an object");
}

TEST(JsonReader, ACopyAsksForItselfAndSharesTheProblem) {
  JsonReader in = reader(R"({"a":1})");
  EXPECT_EQ(in.integer("a"), 1);
  JsonReader copy = in;
  EXPECT_TRUE(copy.finish().ok());
  JsonReader fresh = reader(R"({"a":1})");
  JsonReader other = fresh;
  EXPECT_EQ(other.integer("a"), 1);
  EXPECT_TRUE(other.finish().ok());
  EXPECT_EQ(problem(fresh.finish()), "unknown member 'a'");
  EXPECT_EQ(problem(other.finish()), "unknown member 'a'");
  other = in;
  EXPECT_EQ(other.integer("a"), 1);
  EXPECT_TRUE(other.finish().ok());
}

TEST(JsonReader, FindsBytesOfEitherSpelling) {
  const JsonReader in = reader(R"({"a":"x","b_b64":"eA==","c":null})");
  EXPECT_TRUE(in.has_bytes("a") && in.has_bytes("b") && in.has_bytes("c"));
  EXPECT_FALSE(in.has_bytes("d") || in.has("b"));
}

TEST(JsonReader, AShownObjectIsReadWhole) {
  JsonReader in = reader(R"({"b":[1,{"c":null}],"a":"\u00e9"})");
  EXPECT_EQ(in.dump(), "{\"a\":\"\xc3\xa9\",\"b\":[1,{\"c\":null}]}");
  EXPECT_TRUE(in.finish().ok());
}

TEST(JsonReader, WipesSecretsInItsDocument) {
  JsonReader in = reader(R"({"secret":"tomato"})");
  EXPECT_EQ(in.text("secret"), "tomato");
  in.wipe("secret");
  EXPECT_EQ(in.text("secret"), std::string(6, '\0'));
  JsonReader other = reader(R"({"crate":true,"passphrase":"tomato"})");
  EXPECT_EQ(problem(other.finish()).find("tomato"), std::string::npos);
}

TEST(ErrorJson, EveryCodeComesBack) {
  for (int i = 0; i <= static_cast<int>(Code::contradiction); ++i) {
    const Error error{static_cast<Code>(i), "what \"went\" wrong", "do this"};
    JsonReader in = reader(error_json(error));
    Error back;
    ASSERT_TRUE(read_error(in.object("error"), back).ok());
    EXPECT_EQ(back.code, error.code);
    EXPECT_EQ(back.message, error.message);
    EXPECT_EQ(back.hint, error.hint);
    EXPECT_GE(http_status(error.code), 400U);
  }
  EXPECT_FALSE(parse_code("sideways"));
}

TEST(NodeFactsJson, AnotherApiIsNamed) {
  node::NodeFacts facts{"0.1.0", 42, "/data", "127.0.0.1:4", "ab"};
  std::string out;
  base::JsonWriter json(out);
  write_node_facts(facts, json);
  const auto same = read_node_facts(reader(out));
  ASSERT_TRUE(same.ok());
  EXPECT_EQ(same->pid, 42);
  EXPECT_EQ(same->data_dir, "/data");
  const auto other = read_node_facts(reader(R"({"version":"7.1","api":2,"pid":42,"new":true})"));
  ASSERT_FALSE(other.ok());
  EXPECT_EQ(other.error().code, Code::unsupported);
  EXPECT_NE(other.error().message.find("speaks API 2, this program API 1"), std::string::npos);
}

}  // namespace
}  // namespace shoal::doors
