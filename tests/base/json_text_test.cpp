#include "base/json_text.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace shoal::base {
namespace {

std::string string_of(std::string_view text) {
  std::string out;
  append_json_string(text, out);
  return out;
}

TEST(JsonText, EscapesWhatJsonAsksFor) {
  EXPECT_EQ(string_of("a\"b\\c\n\t\x01\x7f"), "\"a\\\"b\\\\c\\n\\t\\u0001\\u007f\"");
  EXPECT_EQ(string_of("Ωmega"), "\"Ωmega\"");
  EXPECT_EQ(string_of("\xff!"), "\"\xef\xbf\xbd!\"");
}

TEST(JsonText, BytesAreTextBase64OrNull) {
  const auto member = [](const std::optional<ByteView>& bytes) {
    std::string out;
    append_json_bytes("key", bytes, out);
    return out;
  };
  EXPECT_EQ(member(std::nullopt), "\"key\":null");
  EXPECT_EQ(member(ByteView()), "\"key\":\"\"");
  EXPECT_EQ(member(as_bytes("x")), "\"key\":\"x\"");
  EXPECT_EQ(member(as_bytes("\xff\xfe")), "\"key_b64\":\"//4=\"");
}

TEST(JsonWriter, SetsCommas) {
  std::string out;
  JsonWriter json(out);
  json.begin_object().member("a", 1).key("b").begin_array().value("x").value(true).begin_object().end_object();
  json.end_array().member("c", std::optional<int>()).key("d").null().bytes_member("e", as_bytes("\xff"));
  json.end_object();
  EXPECT_EQ(out, R"({"a":1,"b":["x",true,{}],"c":null,"d":null,"e_b64":"/w=="})");
}

TEST(IsBoundedJson, CountsDepthAndValuesOutsideTexts) {
  EXPECT_TRUE(is_bounded_json(R"({"a":"[[[[[[,,,,,\"[[["})", 1, 2));
  EXPECT_TRUE(is_bounded_json("[[1,2],[3]]", 2, 7));
  EXPECT_FALSE(is_bounded_json("[[1]]", 1, 100));
  EXPECT_FALSE(is_bounded_json("[1,2,3]", 8, 3));
  EXPECT_FALSE(is_bounded_json(std::string(1000, '['), 8, 100000));
  EXPECT_TRUE(is_bounded_json("]]]]\"unfinished\\", 1, 1));
}

}  // namespace
}  // namespace shoal::base
