#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <utility>

namespace shoal::base {
namespace {

TEST(Hex, KnownPairs) {
  EXPECT_EQ(to_hex({}), "");
  EXPECT_EQ(to_hex(Bytes{0x00, 0x0F, 0xF0, 0xFF, 0x9A}), "000ff0ff9a");
  EXPECT_EQ(from_hex(""), Bytes{});
  EXPECT_EQ(from_hex("00fFaB"), (Bytes{0x00, 0xFF, 0xAB}));
}

TEST(Hex, RefusesEverythingElse) {
  for (const char* bad :
       {"0", "000", "0g", "g0", " 0", "0x", "00 ", "00\n", "-1", "+1", "0:", "/0", "@0", "`0", "G0"}) {
    EXPECT_FALSE(from_hex(bad)) << bad;
  }
  EXPECT_FALSE(from_hex(std::string_view("0\0", 2)));
}

TEST(Hex, RoundTrips) {
  EXPECT_TRUE(rc::check([](const Bytes& bytes) { RC_ASSERT(from_hex(to_hex(bytes)) == bytes); }));
}

// RFC 4648 section 10.
TEST(Base64, PublishedVectors) {
  const std::pair<const char*, const char*> vectors[] = {
      {"", ""},
      {"f", "Zg=="},
      {"fo", "Zm8="},
      {"foo", "Zm9v"},
      {"foob", "Zm9vYg=="},
      {"fooba", "Zm9vYmE="},
      {"foobar", "Zm9vYmFy"},
  };
  for (const auto& [plain, text] : vectors) {
    EXPECT_EQ(to_base64(as_bytes(plain)), text);
    const auto decoded = from_base64(text);
    ASSERT_TRUE(decoded) << text;
    EXPECT_EQ(as_text(*decoded), plain);
  }
  EXPECT_EQ(to_base64(Bytes{0xFB, 0xFF, 0xBF}), "+/+/");
}

TEST(Base64, RefusesEverythingElse) {
  for (const char* bad : {
           "Z",     "Zg",   "Zg=",   "Zg===",  "=",        "==",       "===", "====",  // length and padding
           "Z===",  "=g==", "Zg=A",  "Z=g=",   "Zg==Zg==", "Zm8=Zm9v",                 // padding in a wrong place
           "Zh==",  "Zm9=", "//==",  "///=",                                           // unused bits set
           "Zm9\n", " Zm9", "Zm 9v", "Zm9v\n", "Zm-_",     "Zm.v",                     // other characters
       }) {
    EXPECT_FALSE(from_base64(bad)) << bad;
  }
  EXPECT_FALSE(from_base64(std::string_view("Zm9\0", 4)));
  EXPECT_FALSE(from_base64("Zm9\xC3"));
}

TEST(Base64, RoundTrips) {
  EXPECT_TRUE(rc::check([](const Bytes& bytes) {
    const std::string text = to_base64(bytes);
    RC_ASSERT(text.size() == (bytes.size() + 2) / 3 * 4);
    RC_ASSERT(from_base64(text) == bytes);
  }));
}

// One text per value: what decodes is what encoding gives back, so two notes never differ in bytes but not in meaning.
TEST(Base64, AcceptsOnlyTheCanonicalText) {
  const std::string alphabet = "AB/+9z=Q";
  EXPECT_TRUE(rc::check([&] {
    const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(alphabet));
    const auto decoded = from_base64(text);
    if (decoded) RC_ASSERT(to_base64(*decoded) == text);
  }));
}

TEST(Utf8, AcceptsWellFormedText) {
  for (const char* good :
       {"", "ascii\n", "\xC2\x80", "\xDF\xBF", "\xE0\xA0\x80", "\xED\x9F\xBF", "\xEE\x80\x80", "\xEF\xBF\xBF",
        "\xF0\x90\x80\x80", "\xF4\x8F\xBF\xBF", "na\xC3\xAFve \xE2\x80\x94 \xF0\x9F\x90\x9F"}) {
    EXPECT_TRUE(is_utf8(as_bytes(good))) << good;
  }
  EXPECT_TRUE(is_utf8(as_bytes(std::string_view("a\0b", 3)))) << "NUL is a character";
}

TEST(Utf8, RefusesMalformedText) {
  for (const char* bad : {
           "\x80",
           "\xBF",
           "a\x80",  // continuation without a lead
           "\xC2",
           "\xE0\xA0",
           "\xF0\x90\x80",
           "a\xC2",  // cut off
           "\xC2\x20",
           "\xE1\x80\x20",
           "\xF1\x80\x80\x20",
           "\xC2\xC2\x80",  // interrupted
           "\xC0\x80",
           "\xC1\xBF",
           "\xE0\x80\x80",
           "\xE0\x9F\xBF",
           "\xF0\x80\x80\x80",
           "\xF0\x8F\xBF\xBF",  // overlong
           "\xED\xA0\x80",
           "\xED\xBF\xBF",  // surrogates
           "\xF4\x90\x80\x80",
           "\xF5\x80\x80\x80",
           "\xF8\x88\x80\x80\x80",
           "\xFE",
           "\xFF",  // above U+10FFFF
       }) {
    EXPECT_FALSE(is_utf8(as_bytes(bad))) << to_hex(as_bytes(bad));
  }
}

std::string encode_utf8(std::uint32_t point) {
  std::string out;
  const auto add = [&](std::uint32_t byte) { out += static_cast<char>(static_cast<std::uint8_t>(byte)); };
  if (point < 0x80) {
    add(point);
  } else if (point < 0x800) {
    add(0xC0 | point >> 6);
    add(0x80 | (point & 0x3F));
  } else if (point < 0x10000) {
    add(0xE0 | point >> 12);
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  } else {
    add(0xF0 | point >> 18);
    add(0x80 | (point >> 12 & 0x3F));
    add(0x80 | (point >> 6 & 0x3F));
    add(0x80 | (point & 0x3F));
  }
  return out;
}

TEST(Utf8, EveryCodePointAndNoSurrogate) {
  for (std::uint32_t point = 0; point <= 0x10FFFF; ++point) {
    const bool surrogate = point >= 0xD800 && point <= 0xDFFF;
    ASSERT_EQ(is_utf8(as_bytes(encode_utf8(point))), !surrogate) << point;
  }
}

TEST(Append, AddsAtTheEnd) {
  Bytes to = {1};
  append(to, Bytes{2, 3});
  append(to, {});
  EXPECT_EQ(to, (Bytes{1, 2, 3}));
}

}  // namespace
}  // namespace shoal::base
