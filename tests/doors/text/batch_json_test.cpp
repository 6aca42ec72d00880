#include "doors/text/batch_json.h"

#include <gtest/gtest.h>

namespace shoal::doors {
namespace {

template <class T, class Write>
std::string written(const T& value, Write write) {
  std::string out;
  base::JsonWriter json(out);
  write(value, json);
  return out;
}

template <class Read>
auto taken(const std::string& text, Read read) {
  return read(JsonReader::parse(text).value());
}

TEST(BatchJson, EndsOfAPartition) {
  const node::StreamEnds ends{{"us", Partition{2}}, Offset{1}, Offset{5}, Offset{7}, UnixMs{-3}};
  const std::string text = R"({"topic":"us","partition":2,"log_start":1,"high_watermark":5,"end":7,"largest_time":-3})";
  EXPECT_EQ(written(ends, write_stream_ends), text);
  const auto back = taken(text, read_stream_ends);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(written(*back, write_stream_ends), text);
  EXPECT_EQ(back->stream, ends.stream);
  EXPECT_EQ(back->end, ends.end);
  EXPECT_FALSE(taken(text.substr(0, text.size() - 1) + R"(,"more":1})", read_stream_ends).ok());
  EXPECT_FALSE(taken(R"({"topic":"us","partition":2,"log_start":-1,"high_watermark":5,"end":7,"largest_time":1})",
                     read_stream_ends)
                   .ok());
}

TEST(BatchJson, ANamedCursorHoldsAnyBytes) {
  const node::NamedCursor cursor{"n\xff", {"1:0:2:0", "note"}};
  const std::string text = R"({"name_b64":"bv8=","token":"1:0:2:0","note":"note"})";
  EXPECT_EQ(written(cursor, write_named_cursor), text);
  const auto back = taken(text, read_named_cursor);
  ASSERT_TRUE(back.ok());
  EXPECT_EQ(back->name, cursor.name);
  EXPECT_EQ(back->cursor.token, "1:0:2:0");
  EXPECT_EQ(back->cursor.note, "note");
}

TEST(BatchJson, AnOffsetMayNotBeFound) {
  EXPECT_EQ(written(std::optional<node::TimedOffset>(), write_found_offset), R"({"found":null})");
  const std::string text = R"({"found":{"offset":4,"time":-1}})";
  EXPECT_EQ(written(std::optional(node::TimedOffset{Offset{4}, UnixMs{-1}}), write_found_offset), text);
  EXPECT_EQ(taken(text, read_found_offset).value()->offset, Offset{4});
  EXPECT_FALSE(taken(R"({"found":null})", read_found_offset).value().has_value());
  EXPECT_FALSE(taken(R"({"found":{"offset":4}})", read_found_offset).ok());
}

TEST(BatchJson, GroupOffsetsOfAClientNeedAPlaceOnly) {
  const auto least = taken(R"({"offsets":[{"topic":"t","partition":0,"offset":9}]})", read_group_offsets);
  ASSERT_TRUE(least.ok());
  ASSERT_EQ(least->size(), 1U);
  EXPECT_EQ(least->front().offset, Offset{9});
  EXPECT_EQ(least->front().leader_epoch, -1);
  EXPECT_EQ(least->front().metadata, "");
  EXPECT_EQ(least->front().time, kNoTime);
  const std::string text =
      R"({"offsets":[{"topic":"t","partition":1,"offset":9,"leader_epoch":3,"metadata_b64":"/w==","time":5}]})";
  const auto all = taken(text, read_group_offsets);
  ASSERT_TRUE(all.ok());
  EXPECT_EQ(all->front().metadata, "\xff");
  EXPECT_EQ(written(*all, write_group_offsets), text);
  EXPECT_FALSE(
      taken(R"({"offsets":[{"topic":"t","partition":0,"offset":9,"leader_epoch":-2}]})", read_group_offsets).ok());
  EXPECT_FALSE(taken(R"({"offsets":[{"topic":"t","offset":9}]})", read_group_offsets).ok());
}

TEST(BatchJson, APlacedRunDoesNotEndBeforeItBegins) {
  const std::string text = R"({"topic":"t","partition":0,"first":3,"last":3})";
  const auto run = taken(text, read_placed_run);
  ASSERT_TRUE(run.ok());
  EXPECT_EQ(written(*run, write_placed_run), text);
  EXPECT_FALSE(taken(R"({"topic":"t","partition":0,"first":3,"last":2})", read_placed_run).ok());
}

}  // namespace
}  // namespace shoal::doors
