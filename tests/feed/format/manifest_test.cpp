#include "feed/format/manifest.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

Result<Manifest> decode(std::string_view json) { return decode_manifest(base::as_bytes(json)); }

Manifest sample() {
  Manifest manifest;
  manifest.title = "Quakes \"of\" the wörld";
  manifest.description = "line\nline";
  manifest.licence = "CC0-1.0";
  manifest.contact = "a@example.org";
  manifest.home_page = "https://example.org/";
  manifest.successor = std::string(64, 'a');
  manifest.topics = {{"us", 3, "application/json", "v1"}, {"ak", 1, "", ""}};
  return manifest;
}

TEST(Manifest, DecodesWhatItEncodes) {
  for (const Manifest& manifest : {sample(), Manifest{}}) {
    const auto decoded = decode(encode_manifest(manifest));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(*decoded, manifest);
  }
}

TEST(Manifest, JsonIsStable) {
  EXPECT_EQ(encode_manifest(Manifest{}), "{}");
  Manifest manifest;
  manifest.title = "Quakes";
  manifest.contact = "x";
  manifest.topics = {{"us", 2, "text/csv", ""}, {"ak", 1, "", "s"}};
  EXPECT_EQ(encode_manifest(manifest),
            R"({"title":"Quakes","contact":"x","topics":[{"name":"us","partitions":2,"content_type":"text/csv"},)"
            R"({"name":"ak","partitions":1,"schema_id":"s"}]})");
}

TEST(Manifest, TextThatIsNotUtf8IsReplacedNotThrown) {
  Manifest manifest;
  manifest.title = "a\xff";
  const auto decoded = decode(encode_manifest(manifest));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->title, "a\xEF\xBF\xBD");
}

TEST(Manifest, UnknownMembersAreIgnored) {
  const auto decoded = decode(R"({"x":[1,{"y":null}],"title":"t","topics":[{"name":"a","z":1.5}]})");
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->title, "t");
  ASSERT_EQ(decoded->topics.size(), 1U);
  EXPECT_EQ(decoded->topics[0].partitions, 1U);
}

TEST(Manifest, TheLastOfRepeatedMembersCounts) { EXPECT_EQ(decode(R"({"title":"a","title":"b"})").value().title, "b"); }

TEST(Manifest, RejectsMalformedDocuments) {
  const std::string deep = std::string(17, '[') + std::string(17, ']');
  for (const std::string& json : {
           std::string(),
           std::string("[]"),
           std::string("1"),
           std::string("{"),
           std::string("{} x"),
           std::string("{\"title\":1}"),
           std::string("{\"title\":null}"),
           std::string("{\"title\":\"\xff\"}"),
           std::string("\xEF\xBB\xBF{}"),
           std::string("{\"topics\":{}}"),
           std::string("{\"topics\":[1]}"),
           std::string("{\"topics\":[{}]}"),
           std::string("{\"topics\":[{\"name\":\"a/b\"}]}"),
           std::string("{\"topics\":[{\"name\":\"\"}]}"),
           std::string("{\"topics\":[{\"name\":7}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":0}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":-1}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":1.0}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":\"1\"}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":65537}]}"),
           std::string("{\"topics\":[{\"name\":\"a\",\"partitions\":65536},{\"name\":\"b\"}]}"),
           std::string("{\"topics\":[{\"name\":\"a\"},{\"name\":\"a\"}]}"),
           std::string("{\"successor\":\"ab\"}"),
           "{\"successor\":\"" + std::string(64, 'A') + "\"}",
           "{\"x\":" + deep + "}",
           std::string(60000, '['),
       }) {
    const auto decoded = decode(json);
    ASSERT_FALSE(decoded.ok()) << json.substr(0, 80);
    EXPECT_EQ(decoded.error().code, Code::unverified);
  }
}

TEST(Manifest, BracketsInsideTextAreNotDepth) {
  EXPECT_TRUE(decode("{\"title\":\"" + std::string(100, '[') + "\\\"" + std::string(100, '{') + "\"}").ok());
}

TEST(Manifest, SizeLimitIsExact) {
  const std::string frame = "{\"title\":\"\"}";
  const std::string fits = "{\"title\":\"" + std::string(kMaxManifestSize - frame.size(), 'a') + "\"}";
  ASSERT_EQ(fits.size(), kMaxManifestSize);
  EXPECT_TRUE(decode(fits).ok());
  EXPECT_FALSE(decode(fits + " ").ok());
}

}  // namespace
}  // namespace shoal::feed
