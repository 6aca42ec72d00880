#include "doors/text/info_json.h"
#include "doors/text/members.h"
#include "doors/text/node_facts_json.h"
#include "doors/text/options_text.h"
#include "doors/text/report_json.h"
#include "doors/text/retention_json.h"
#include "doors/text/samples.h"

#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <fstream>
#include <functional>
#include <sstream>
#include <string>
#include <vector>

/// What every struct that travels as JSON owes: its exact bytes, all members, no other members, its limits.
namespace shoal::doors {
namespace {

using Json = nlohmann::ordered_json;
using Pointer = Json::json_pointer;

/// Reads the text and writes what was read.
using Again = std::function<Result<std::string>(const std::string& text)>;

struct Case {
  std::string name;
  std::string written;  ///< of the sample
  std::string plain;    ///< of a default value
  bool same = false;    ///< every member came back
  bool full = false;    ///< the sample sets every member
  Again again;
  std::vector<std::string> may_miss = {};  ///< pointers of members that a reader does not need
  std::vector<std::string> free = {};      ///< pointers of objects whose members have any names, or are ignored
};

template <typename Value, typename Write>
std::string text_of(const Value& value, Write write) {
  std::string out;
  base::JsonWriter json(out);
  write(value, json);
  return out;
}

template <typename Value, typename Write, typename Read>
Case make_case(std::string name, const Value& sample, Write write, Read read, std::vector<std::string> may_miss = {},
               std::vector<std::string> free = {}) {
  Case made{std::move(name), text_of(sample, write), text_of(Value{}, write)};
  made.full = is_full(sample);
  made.again = [write, read](const std::string& text) -> Result<std::string> {
    auto parsed = JsonReader::parse(text);
    if (!parsed.ok()) return parsed.error();
    const auto value = read(*parsed);
    if (!value.ok()) return value.error();
    return text_of(*value, write);
  };
  auto parsed = JsonReader::parse(made.written);
  const auto back = parsed.ok() ? read(*parsed) : Result<Value>(parsed.error());
  made.same = back.ok() && same(*back, sample);
  made.may_miss = std::move(may_miss);
  made.free = std::move(free);
  return made;
}

void write_record(const RecordLine& record, base::JsonWriter& json) {
  std::string line;
  append_record_line(record.view(), record.cursor, line);
  json.raw(line.substr(10, line.size() - 12));  // `{"record":` and `}` with LF around it
}

void write_producer_record(const ProducerRecord& record, base::JsonWriter& json) {
  std::string line;
  append_producer_record_line(record, line);
  json.raw(line.substr(0, line.size() - 1));
}

std::vector<std::string> kept_below(const std::string& parent) {
  return {parent,
          parent + "/keep_ms",
          parent + "/max_bytes",
          parent + "/topics",
          parent + "/keep_topics",
          parent + "/keep_topics/eu",
          parent + "/keep_topics/us"};
}

std::vector<std::string> all_of(std::vector<std::string> a, const std::vector<std::string>& b) {
  a.insert(a.end(), b.begin(), b.end());
  return a;
}

const std::vector<Case>& cases() {
  static const std::vector<Case> kCases = {
      make_case("feed_info", samples::feed_info(), write_feed_info, read_feed_info,
                all_of(all_of(kept_below("/want"), kept_below("/retention")),
                       {"/head_time_ms", "/head_age_ms", "/hint", "/topics/0/largest_time_ms", "/mirrors/0/oldest_ms"}),
                {"/retention/keep_topics"}),
      make_case("peer_info", samples::peer_info(), write_peer_info, read_peer_info, {"/since_ms", "/round_trip_us"}),
      make_case("feed_summary", samples::feed_summary(), write_feed_summary, read_feed_summary, kept_below("/want")),
      make_case("reference", samples::reference(), write_reference, read_reference),
      make_case("opened_feed", samples::opened_feed(), write_opened_feed, read_opened_feed),
      make_case("recover_options", samples::recover_options(), write_recover_options, read_recover_options,
                {"/asserted"}),
      make_case("recovered_feed", samples::recovered_feed(), write_recovered_feed, read_recovered_feed),
      make_case("node_facts", samples::node_facts(), write_node_facts, read_node_facts),
      make_case("mirror_options", samples::mirror_options(), write_mirror_options, read_mirror_options, kept_below("")),
      make_case("retention", samples::retention(), write_retention, read_retention, kept_below(""), {"/keep_topics"}),
      make_case("feed_options", samples::feed_options(), write_feed_options, read_feed_options,
                all_of(kept_below("/retention"), {"/create", "/in_memory", "/passphrase"}), {"/retention/keep_topics"}),
      make_case("audit_report", samples::audit_report(), write_audit_report, read_audit_report),
      make_case("bundle_summary", samples::bundle_summary(), write_bundle_summary, read_bundle_summary),
      make_case("doctor_report", samples::doctor_report(), write_doctor_report, read_doctor_report),
      make_case("head_report", samples::head_report(), write_head_report, read_head_report, {"/head_time"}),
      make_case("stored_cursor", samples::stored_cursor(), write_stored_cursor, read_stored_cursor),
      make_case("ack_run", samples::ack_run(), write_ack_run, read_ack_run, {"/level", "/mirrors"}),
      make_case("record", samples::record_line(), write_record, read_record, {"/cursor"}),
      make_case("producer_record", samples::producer_record(), write_producer_record, read_producer_record,
                {"/topic", "/partition", "/key", "/headers", "/ts"}),
  };
  return kCases;
}

const Case& case_of(const std::string& name) {
  return *std::find_if(cases().begin(), cases().end(), [&](const Case& each) { return each.name == name; });
}

bool holds(const std::vector<std::string>& pointers, const std::string& pointer) {
  return std::find(pointers.begin(), pointers.end(), pointer) != pointers.end();
}

/// Calls `visit` with the pointer of every object in `at`, itself included.
void each_object(const Json& at, const std::string& pointer, const std::function<void(const std::string&)>& visit) {
  if (at.is_object()) visit(pointer);
  if (at.is_object()) {
    for (const auto& [name, value] : at.items()) each_object(value, pointer + "/" + name, visit);
  } else if (at.is_array()) {
    for (std::size_t i = 0; i < at.size(); ++i) each_object(at[i], pointer + "/" + std::to_string(i), visit);
  }
}

std::string problem(const Result<std::string>& result) { return result.ok() ? "" : result.error().message; }

TEST(JsonMembers, SamplesSetEveryMemberAndAllComeBack) {
  for (const Case& each : cases()) {
    EXPECT_TRUE(each.full) << each.name;
    EXPECT_TRUE(each.same) << each.name;
    const auto again = each.again(each.written);
    ASSERT_TRUE(again.ok()) << each.name << ": " << problem(again);
    EXPECT_EQ(*again, each.written);
  }
}

/// One line each: name, and the JSON of the sample; then the same of a default value.
TEST(JsonMembers, HaveTheirExactBytes) {
  std::ostringstream written;
  for (const Case& each : cases()) written << each.name << " " << each.written << "\n";
  for (const Case& each : cases()) written << each.name << " " << each.plain << "\n";
  std::ifstream file(SHOAL_TEST_DATA "/doors/text/exact_json.txt");
  std::ostringstream expected;
  expected << file.rdbuf();
  EXPECT_EQ(written.str(), expected.str());
}

TEST(JsonMembers, UnknownOnesAreNamedInEveryObject) {
  for (const Case& each : cases()) {
    const Json sample = Json::parse(each.written);
    each_object(sample, "", [&](const std::string& pointer) {
      if (holds(each.free, pointer)) return;
      Json changed = sample;
      changed[Pointer(pointer)]["nobody_knows"] = 1;
      const std::string found = problem(each.again(changed.dump()));
      if (pointer.find("headers") == std::string::npos) {
        EXPECT_EQ(found, "unknown member 'nobody_knows'") << each.name << " " << pointer;
      } else {
        EXPECT_NE(found, "") << each.name << " " << pointer;
      }
    });
  }
}

TEST(JsonMembers, EachIsNeededOrHasADefault) {
  for (const Case& each : cases()) {
    const Json sample = Json::parse(each.written);
    each_object(sample, "", [&](const std::string& pointer) {
      if (pointer.find("headers") != std::string::npos) return;
      for (const auto& [name, value] : sample[Pointer(pointer)].items()) {
        Json changed = sample;
        changed[Pointer(pointer)].erase(name);
        const std::string found = problem(each.again(changed.dump()));
        const bool optional = holds(each.may_miss, pointer + "/" + name);
        EXPECT_EQ(found, optional ? "" : "member '" + name + "' is missing") << each.name << " " << pointer;
      }
    });
  }
}

TEST(JsonMembers, AnotherKindIsRefusedByName) {
  for (const Case& each : cases()) {
    const Json sample = Json::parse(each.written);
    each_object(sample, "", [&](const std::string& pointer) {
      if (pointer.find("headers") != std::string::npos) return;
      for (const auto& [name, value] : sample[Pointer(pointer)].items()) {
        Json changed = sample;
        changed[Pointer(pointer)][name] = 1.5;
        const std::string found = problem(each.again(changed.dump()));
        EXPECT_NE(found.find("'" + name + "'"), std::string::npos) << each.name << " " << pointer << ": " << found;
      }
    });
  }
}

/// A number at its limit is taken and written again; the next one is refused by name.
struct Limit {
  const char* of;
  const char* pointer;
  const char* at;
  const char* beyond;
};

constexpr const char* kMax63 = "9223372036854775807";
constexpr const char* kBeyond63 = "9223372036854775808";
constexpr const char* kMin63 = "-9223372036854775808";
constexpr const char* kBelow63 = "-9223372036854775809";
constexpr const char* kMax64 = "18446744073709551615";
constexpr const char* kBeyond64 = "18446744073709551616";
constexpr const char* kCentury = "3153600000000";
constexpr const char* kBeyondCentury = "3153600000001";

TEST(JsonMembers, NumbersHaveTheirLimits) {
  const std::vector<Limit> limits = {
      {"feed_info", "/tree_size", kMax64, kBeyond64},
      {"feed_info", "/tree_size", "0", "-1"},
      {"feed_info", "/epoch", "4294967295", "4294967296"},
      {"feed_info", "/epoch", "0", "-1"},
      {"feed_info", "/head_time_ms", kMin63, kBelow63},
      {"feed_info", "/head_time_ms", kMax63, kBeyond63},
      {"feed_info", "/head_age_ms", kMin63, kBelow63},
      {"feed_info", "/topics/0/partition", "2147483647", "2147483648"},
      {"feed_info", "/topics/0/partition", "0", "-1"},
      {"feed_info", "/topics/0/log_start_offset", "0", "-1"},
      {"feed_info", "/topics/0/high_watermark", kMax63, kBeyond63},
      {"feed_info", "/topics/0/end_offset", "0", "-1"},
      {"feed_info", "/topics/0/largest_time_ms", kMin63, kBelow63},
      {"feed_info", "/mirrors/0/oldest_ms", kMin63, kBelow63},
      {"feed_info", "/mirrors/0/since_ms", kMin63, kBelow63},
      {"feed_info", "/mirrors/0/time_ms", kMax63, kBeyond63},
      {"feed_info", "/hint/time_ms", "0", "-1"},
      {"feed_info", "/hint/tree_size", kMax64, kBeyond64},
      {"peer_info", "/since_ms", kMin63, kBelow63},
      {"peer_info", "/round_trip_us", "0", "-1"},
      {"peer_info", "/rate_in", kMax64, kBeyond64},
      {"node_facts", "/pid", "0", "-1"},
      {"mirror_options", "/keep_ms", kCentury, kBeyondCentury},
      {"mirror_options", "/keep_ms", "0", "-1"},
      {"mirror_options", "/max_bytes", kMax64, kBeyond64},
      {"retention", "/keep_ms", kCentury, kBeyondCentury},
      {"retention", "/max_bytes", "0", "-1"},
      {"retention", "/keep_topics/us", kCentury, kBeyondCentury},
      {"retention", "/keep_topics/us", "0", "-1"},
      {"bundle_summary", "/head/epoch", "4294967295", "4294967296"},
      {"bundle_summary", "/head/topic_count", "4294967295", "4294967296"},
      {"bundle_summary", "/head/time_ms", kMin63, kBelow63},
      {"audit_report", "/missing_headers/0/end", kMax64, kBeyond64},
      {"head_report", "/head_time", kMin63, kBelow63},
      {"ack_run", "/partition", "2147483647", "2147483648"},
      {"ack_run", "/first", "0", "-1"},
      {"ack_run", "/last", kMax63, kBeyond63},
      {"ack_run", "/mirrors", "4294967295", "4294967296"},
      {"record", "/partition", "2147483647", "2147483648"},
      {"record", "/offset", "0", "-1"},
      {"record", "/block", kMax64, kBeyond64},
      {"record", "/ts", kMin63, kBelow63},
      {"record", "/append_ts", kMax63, kBeyond63},
      {"producer_record", "/partition", "2147483647", "2147483648"},
      {"producer_record", "/ts", kMin63, kBelow63},
  };
  for (const Limit& limit : limits) {
    const auto with = [&](const char* number) {
      Json changed = Json::parse(case_of(limit.of).written);
      changed[Pointer(limit.pointer)] = "NUMBER";
      std::string text = changed.dump();
      return text.replace(text.find("\"NUMBER\""), 8, number);
    };
    const std::string where = std::string(limit.of) + limit.pointer;
    const auto taken = case_of(limit.of).again(with(limit.at));
    ASSERT_TRUE(taken.ok()) << where << ": " << problem(taken);
    EXPECT_EQ(*taken, with(limit.at));
    const std::string name = where.substr(where.rfind('/') + 1);
    const std::string found = problem(case_of(limit.of).again(with(limit.beyond)));
    EXPECT_NE(found.find("'" + name + "'"), std::string::npos) << where << ": " << found;
  }
}

}  // namespace
}  // namespace shoal::doors
