#include "record_format.h"

#include "cli/record_samples.h"

#include <gtest/gtest.h>

namespace shoal::command {
namespace {

std::string formatted(std::string_view format, const RecordView& record) {
  const auto compiled = RecordFormat::compile(format);
  EXPECT_TRUE(compiled.ok()) << format;
  std::string out;
  if (compiled.ok()) compiled->append(record, out);
  return out;
}

RecordView full_record() {
  RecordView record = record_at(812, "payload");
  record.key = base::as_bytes("key");
  record.headers = {{"a", base::as_bytes("1")}, {"b", std::nullopt}};
  return record;
}

TEST(RecordFormat, KnowsKcatsTokens) {
  EXPECT_EQ(formatted("%t [%p] @%o %T: %k(%K) = %s(%S) {%h} 100%%\\n", full_record()),
            "us [2] @812 1517616000000: key(3) = payload(7) {a=1,b=} 100%\n");
}

TEST(RecordFormat, NullHasLengthMinusOne) {
  RecordView record = record_at(0, "");
  EXPECT_EQ(formatted("%k|%K|%s|%S", record), "|-1||0");
  record.value.reset();
  EXPECT_EQ(formatted("%s|%S", record), "|-1");
  EXPECT_EQ(formatted("%R", record), "\xff\xff\xff\xff");
}

TEST(RecordFormat, WritesTheLengthAsBytes) {
  EXPECT_EQ(formatted("%R%s", record_at(0, "abc")), std::string("\0\0\0\3abc", 7));
}

TEST(RecordFormat, KnowsEscapes) {
  EXPECT_EQ(formatted("\\t\\r\\\\\\x41\\x9z\\0", record_at(0, "")), std::string("\t\r\\A\tz\0", 7));
}

TEST(RecordFormat, BytesStayExact) {
  const std::string payload("\0\xff\r\n%s", 6);
  EXPECT_EQ(formatted("%s", record_at(0, payload)), payload);
}

TEST(RecordFormat, RefusesWhatItDoesNotKnow) {
  for (const char* format : {"%x", "%", "\\", "\\q", "\\x", "\\xg", "%-5s"}) {
    EXPECT_FALSE(RecordFormat::compile(format).ok()) << format;
  }
}

TEST(RecordStyle, DecidesWhatStandsBetweenPayloads) {
  const auto styled = [](RecordStyle::Kind kind) {
    std::string out;
    append_record({.kind = kind}, record_at(0, "a"), "feed", "", out);
    append_record({.kind = kind}, record_at(1, "b"), "feed", "", out);
    return out;
  };
  EXPECT_EQ(styled(RecordStyle::Kind::line), "a\nb\n");
  EXPECT_EQ(styled(RecordStyle::Kind::raw), "ab");
  EXPECT_EQ(styled(RecordStyle::Kind::nul), std::string("a\0b\0", 4));
}

}  // namespace
}  // namespace shoal::command
