#include "contract/contract_world.h"

/// Positions that a node keeps: cursors, and offsets of consumer groups.
namespace shoal::contract {
namespace {

class PositionsContract : public Contract {};
INSTANTIATE_TEST_SUITE_P(Ways, PositionsContract, testing::Values(Way::local, Way::socket), way_name);

std::vector<std::string> texts(const std::vector<node::NamedCursor>& cursors) {
  std::vector<std::string> out;
  for (const node::NamedCursor& one : cursors) out.push_back(one.name + "=" + one.cursor.token + "," + one.cursor.note);
  return out;
}

using Texts = std::vector<std::string>;

TEST_P(PositionsContract, CursorsAreListedAndForgotten) {
  const auto feed = make_feed();
  EXPECT_EQ(texts(must(keeping().list_cursors(feed))), Texts{});
  must(keeping().store_cursor(feed, "b", {"1:0:1:0", ""}));
  must(keeping().store_cursor(feed, "a/\xff", {"1:0:2:0", "note \xfe"}));
  EXPECT_EQ(texts(must(keeping().list_cursors(feed))), (Texts{"a/\xff=1:0:2:0,note \xfe", "b=1:0:1:0,"}));
  must(keeping().erase_cursor(feed, "b"));
  EXPECT_EQ(code_of(keeping().erase_cursor(feed, "b")), Code::not_found);
  EXPECT_EQ(must(keeping().list_cursors(feed)).size(), 1U);
}

TEST_P(PositionsContract, ACursorIsReplacedOnlyWhereItWasExpected) {
  const auto feed = make_feed();
  EXPECT_EQ(code_of(keeping().replace_cursor(feed, "c", "1:0:1:0", {"1:0:2:0", ""})), Code::already_exists);
  must(keeping().replace_cursor(feed, "c", "", {"1:0:1:0", ""}));
  EXPECT_EQ(code_of(keeping().replace_cursor(feed, "c", "", {"1:0:2:0", ""})), Code::already_exists);
  const auto stale = keeping().replace_cursor(feed, "c", "1:0:9:0", {"1:0:2:0", ""});
  ASSERT_EQ(code_of(stale), Code::already_exists);
  EXPECT_NE(stale.error().hint.find("1:0:1:0"), std::string::npos);
  EXPECT_EQ(must(keeping().stored_cursor(feed, "c"))->token, "1:0:1:0");
  must(keeping().replace_cursor(feed, "c", "1:0:1:0", {"1:0:2:0", "n"}));
  EXPECT_EQ(must(keeping().stored_cursor(feed, "c"))->token, "1:0:2:0");
  EXPECT_EQ(code_of(keeping().replace_cursor(feed, "c", "1:0:2:0", {"nonsense", ""})), Code::invalid_argument);
  EXPECT_EQ(code_of(keeping().replace_cursor(feed, "", "", {"1:0:2:0", ""})), Code::invalid_argument);
}

node::GroupOffset offset_of(const std::string& topic, int partition, std::int64_t offset, std::int32_t epoch = -1,
                            std::string metadata = {}) {
  return {{topic, Partition(partition)}, Offset(offset), epoch, std::move(metadata), kNoTime};
}

TEST_P(PositionsContract, GroupsKeepTheirOffsets) {
  const auto feed = make_feed();
  EXPECT_TRUE(must(keeping().groups(feed)).empty());
  EXPECT_TRUE(must(keeping().group_offsets(feed, "g")).empty());
  must(keeping().store_group_offsets(feed, "g", {offset_of("us", 0, 5, 3, "m\xff"), offset_of("two", 1, 7)}));
  must(keeping().store_group_offsets(feed, "other", {offset_of("us", 0, 1)}));
  must(keeping().store_group_offsets(feed, "g", {offset_of("us", 0, 6, 3, std::string(4096, 'm'))}));
  for (int round = 0; round < 2; ++round) {
    EXPECT_EQ(must(keeping().groups(feed)), (Texts{"g", "other"}));
    const auto offsets = must(keeping().group_offsets(feed, "g"));
    ASSERT_EQ(offsets.size(), 2U);
    // Rows lie by the length of the topic's name.
    EXPECT_EQ(offsets[0].stream, kStream);
    EXPECT_EQ(offsets[0].offset, Offset(6));
    EXPECT_EQ(offsets[0].leader_epoch, 3);
    EXPECT_EQ(offsets[0].metadata, std::string(4096, 'm'));
    EXPECT_GT(offsets[0].time, UnixMs(1'600'000'000'000));
    EXPECT_EQ(offsets[1].stream, (TopicPartition{"two", Partition(1)}));
    EXPECT_EQ(offsets[1].offset, Offset(7));
    EXPECT_EQ(offsets[1].leader_epoch, -1);
    EXPECT_EQ(offsets[1].metadata, "");
    restart();
  }
  must(keeping().erase_group(feed, "g"));
  EXPECT_EQ(must(keeping().groups(feed)), Texts{"other"});
  EXPECT_TRUE(must(keeping().group_offsets(feed, "g")).empty());
  EXPECT_EQ(code_of(keeping().erase_group(feed, "g")), Code::not_found);
}

TEST_P(PositionsContract, MetadataIsAnyBytes) {
  const auto feed = make_feed();
  must(keeping().store_group_offsets(feed, "g", {offset_of("us", 0, 5, 0, "m\xff")}));
  EXPECT_EQ(must(keeping().group_offsets(feed, "g"))[0].metadata, "m\xff");
}

TEST_P(PositionsContract, WrongOffsetsOfAGroupStoreNothing) {
  const auto feed = make_feed();
  const auto code = [&](const std::string& group, const node::GroupOffset& offset) {
    return code_of(keeping().store_group_offsets(feed, group, {offset_of("us", 0, 1), offset}));
  };
  EXPECT_EQ(code("g", offset_of("us", 1, 1, 0, std::string(4097, 'm'))), Code::limit_exceeded);
  EXPECT_EQ(code("g", offset_of("us", 1, -1)), Code::invalid_argument);
  EXPECT_EQ(code("g", offset_of("us", -1, 1)), Code::invalid_argument);
  EXPECT_EQ(code("g", offset_of("us", 1, 1, -2)), Code::invalid_argument);
  EXPECT_EQ(code("g", offset_of("no name", 1, 1)), Code::invalid_argument);
  EXPECT_EQ(code("", offset_of("us", 1, 1)), Code::invalid_argument);
  EXPECT_EQ(code(std::string(256, 'g'), offset_of("us", 1, 1)), Code::invalid_argument);
  EXPECT_TRUE(must(keeping().groups(feed)).empty());
  EXPECT_EQ(code(std::string(255, 'g'), offset_of("us", 1, 1)), Code::io);  // that is: none
}

TEST_P(PositionsContract, PositionsGoWithTheirFeed) {
  const auto feed = make_feed();
  must(keeping().store_cursor(feed, "c", {"1:0:1:0", ""}));
  must(keeping().store_group_offsets(feed, "g", {offset_of("us", 0, 5)}));
  must(keeping().remove(feed));
  EXPECT_TRUE(must(keeping().list_cursors(feed)).empty());
  EXPECT_TRUE(must(keeping().groups(feed)).empty());
}

}  // namespace
}  // namespace shoal::contract
