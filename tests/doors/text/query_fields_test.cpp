#include "doors/text/query_fields.h"

#include "doors/text/members.h"
#include "doors/text/options_text.h"
#include "doors/text/samples.h"

#include <gtest/gtest.h>

#include <functional>
#include <string>
#include <vector>

/// What every struct that travels as a query owes: its exact text, all members, no other parameters, its limits.
namespace shoal::doors {
namespace {

/// Reads the text and writes what was read.
using Again = std::function<Result<std::string>(const std::string& text)>;

struct Case {
  std::string name;
  std::string expected;  ///< of the sample
  std::string plain;     ///< of a default value
  std::string written;
  std::string written_plain;
  bool full = false;  ///< the sample sets every member
  bool same = false;  ///< every member came back
  bool bare = false;  ///< no parameter gives the default value
  Again again;
};

template <typename Value, typename Write>
std::string text_of(const Value& value, Write write) {
  QueryWriter query;
  write(value, query);
  return query.text();
}

template <typename Value, typename Read>
Result<Value> value_of(std::string_view text, Read read) {
  auto query = QueryReader::parse(text.substr(text.starts_with('?') ? 1 : 0));
  if (!query.ok()) return query.error();
  return read(*query);
}

template <typename Value, typename Write, typename Read>
Case make_case(std::string name, const Value& sample, Write write, Read read, std::string expected, std::string plain) {
  Case made{std::move(name), std::move(expected), std::move(plain), text_of(sample, write), text_of(Value{}, write)};
  made.full = is_full(sample);
  const auto back = value_of<Value>(made.written, read);
  made.same = back.ok() && same(*back, sample);
  const auto bare = value_of<Value>("", read);
  made.bare = bare.ok() && same(*bare, Value{});
  made.again = [write, read](const std::string& text) -> Result<std::string> {
    const auto value = value_of<Value>(text, read);
    if (!value.ok()) return value.error();
    return text_of(*value, write);
  };
  return made;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      make_case("subscribe", samples::subscribe_options(), write_subscribe_query, read_subscribe_query,
                "?topic=us%2A&topic=eu&partition=12&start=last%3A1201&before=-1202&until_head=1&find_timeout_ms=1203&"
                "cursor=nightly%20run&sparse=1&cache_bytes=1204&ordered=0",
                "?start=beginning&until_head=0&find_timeout_ms=20000&sparse=0&ordered=1"),
      make_case(
          "producer", samples::producer_options(), write_producer_query, read_producer_query,
          "?linger_ms=1301&batch_bytes=1302&codec=lz4&max_buffered=1303&acks=lab%2Chome&max_time_ahead_ms=1304",
          "?linger_ms=100&batch_bytes=262144&codec=zstd&max_buffered=33554432&acks=durable&max_time_ahead_ms=3600000"),
      make_case("export", samples::export_options(), write_export_query, read_export_query,
                "?topic=us%2A&topic=eu&from=-1401&before=1402&after_size=1403&part_bytes=1404", ""),
  };
  return kCases;
}

const Case& case_of(const std::string& name) {
  for (const Case& each : cases()) {
    if (each.name == name) return each;
  }
  return cases().front();
}

std::string problem(const Result<std::string>& result) { return result.ok() ? "" : result.error().message; }

TEST(QueryFields, SamplesSetEveryMemberAndAllComeBack) {
  for (const Case& each : cases()) {
    EXPECT_EQ(each.written, each.expected);
    EXPECT_EQ(each.written_plain, each.plain);
    EXPECT_TRUE(each.same) << each.name;
    EXPECT_TRUE(each.bare) << each.name;
    EXPECT_TRUE(each.full) << each.name;
  }
}

TEST(QueryFields, UnknownAndRepeatedParametersAreNamed) {
  for (const Case& each : cases()) {
    EXPECT_EQ(problem(each.again(each.written + "&nobody_knows=1")), "unknown parameter 'nobody_knows'") << each.name;
  }
  EXPECT_EQ(problem(case_of("producer").again("?linger_ms=1&linger_ms=2")), "parameter 'linger_ms' is there twice");
}

TEST(QueryFields, NamesAndTextsAreRefusedByTheirParameter) {
  EXPECT_EQ(problem(case_of("producer").again("?codec=brotli")), "codec is none of none, gzip, snappy, lz4, zstd");
  EXPECT_EQ(problem(case_of("subscribe").again("?start=now")),
            "start: none of beginning, end, stored, token:, offset:, last:, time:");
  EXPECT_EQ(problem(case_of("producer").again("?acks=65")).find("acks: "), 0U);
  EXPECT_EQ(problem(case_of("subscribe").again("?start=stored")), "start=stored needs cursor=NAME");
  EXPECT_EQ(problem(case_of("subscribe").again("?start=stored&cursor=a")), "");
}

/// A number at its limit is taken and written again; the next one is refused by name.
struct Limit {
  const char* of;
  const char* name;
  const char* at;
  const char* beyond;
};

constexpr const char* kMax63 = "9223372036854775807";
constexpr const char* kBeyond63 = "9223372036854775808";
constexpr const char* kMin63 = "-9223372036854775808";
constexpr const char* kBelow63 = "-9223372036854775809";

TEST(QueryFields, NumbersHaveTheirLimits) {
  const std::vector<Limit> limits = {
      {"subscribe", "partition", "2147483647", "2147483648"},
      {"subscribe", "partition", "0", "-1"},
      {"subscribe", "before", kMin63, kBelow63},
      {"subscribe", "before", kMax63, kBeyond63},
      {"subscribe", "until_head", "1", "2"},
      {"subscribe", "find_timeout_ms", "3153600000000", "3153600000001"},
      {"subscribe", "find_timeout_ms", "0", "-1"},
      {"subscribe", "sparse", "1", "2"},
      {"subscribe", "cache_bytes", kMax63, kBeyond63},
      {"subscribe", "cache_bytes", "1", "-1"},
      {"subscribe", "ordered", "0", "-1"},
      {"producer", "linger_ms", "3153600000000", "3153600000001"},
      {"producer", "linger_ms", "0", "-1"},
      {"producer", "batch_bytes", "1073741824", "1073741825"},
      {"producer", "batch_bytes", "1", "0"},
      {"producer", "max_buffered", "1073741824", "1073741825"},
      {"producer", "max_buffered", "1", "0"},
      {"export", "from", kMin63, kBelow63},
      {"export", "before", kMax63, kBeyond63},
      {"export", "after_size", kMax63, kBeyond63},
      {"export", "after_size", "1", "-1"},
      {"export", "part_bytes", kMax63, kBeyond63},
      {"export", "part_bytes", "1", "-1"},
  };
  for (const Limit& limit : limits) {
    const auto parameter = [&](const char* number) { return std::string(limit.name) + "=" + number; };
    const auto taken = case_of(limit.of).again("?" + parameter(limit.at));
    ASSERT_TRUE(taken.ok()) << limit.of << " " << limit.name << ": " << problem(taken);
    EXPECT_NE((*taken + "&").find(parameter(limit.at) + "&"), std::string::npos) << *taken;
    EXPECT_EQ(problem(case_of(limit.of).again("?" + parameter(limit.beyond))),
              "parameter '" + std::string(limit.name) + "' is not a whole number in range");
  }
}

}  // namespace
}  // namespace shoal::doors
