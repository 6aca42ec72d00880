#include "store/keyspace.h"

#include "base/bytes.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <limits>
#include <set>

namespace shoal::store {
namespace {

FeedId feed_of(std::uint8_t filler) {
  FeedId feed;
  feed.key.bytes.fill(filler);
  return feed;
}

bool inside(const KeyRange& range, const Bytes& key) { return range.begin <= key && key < range.end; }

TEST(Keyspace, MatchesTheDocumentedBytes) {
  EXPECT_EQ(base::to_hex(schema_key()), "0000000001");
  EXPECT_EQ(base::to_hex(next_feed_number_key()), "0000000002");
  EXPECT_EQ(base::to_hex(feed_number_key(feed_of(0xaa))), "0000000003" + std::string(64, 'a'));
  EXPECT_EQ(base::to_hex(setting_key("port")), "0000000004706f7274");
  EXPECT_EQ(base::to_hex(cursor_key(feed_of(0), "c")), "0000000005" + std::string(64, '0') + "63");
  EXPECT_EQ(base::to_hex(group_offset_key(feed_of(0), "g", {"us", Partition(3)})),
            "0000000006" + std::string(64, '0') + "0167" + "027573" + "00000003");
  EXPECT_EQ(base::to_hex(head_key(FeedNumber{7})), "0000000710");
  EXPECT_EQ(base::to_hex(fork_proof_key(FeedNumber{7})), "0000000711");
  EXPECT_EQ(base::to_hex(feed_property_key(FeedNumber{7}, "name")), "00000007126e616d65");
  EXPECT_EQ(base::to_hex(block_key(FeedNumber{1}, BlockIndex{0x0102030405})), "000000010000000102030405");
  EXPECT_EQ(base::to_hex(tile_key(FeedNumber{1}, 2, 3)), "0000000101020000000000000003");
  EXPECT_EQ(base::to_hex(node_key(FeedNumber{1}, {9, 4})), "0000000102090000000000000004");
  EXPECT_EQ(base::to_hex(topic_key(FeedNumber{1}, TopicNumber{5})), "0000000100000005");
  EXPECT_EQ(base::to_hex(offset_key(FeedNumber{1}, TopicNumber{5}, Offset{6})), "00000001000000050000000000000006");
  EXPECT_EQ(base::to_hex(time_key(FeedNumber{1}, TopicNumber{5}, BlockIndex{6})), "00000001000000050000000000000006");
}

TEST(Keyspace, ByteOrderIsNumericOrder) {
  EXPECT_TRUE(rc::check([](std::uint32_t feed, std::uint32_t topic, std::uint64_t a, std::uint64_t b) {
    const FeedNumber number{feed};
    const TopicNumber stream{topic};
    RC_ASSERT((a < b) == (block_key(number, BlockIndex{a}) < block_key(number, BlockIndex{b})));
    RC_ASSERT((a < b) == (time_key(number, stream, BlockIndex{a}) < time_key(number, stream, BlockIndex{b})));
    const Offset x{static_cast<std::int64_t>(a >> 1)};
    const Offset y{static_cast<std::int64_t>(b >> 1)};
    RC_ASSERT((x < y) == (offset_key(number, stream, x) < offset_key(number, stream, y)));
  }));
}

TEST(Keyspace, ReadsBackWhatItWrote) {
  EXPECT_TRUE(rc::check([](std::uint32_t feed, std::uint32_t topic, std::uint64_t n) {
    RC_ASSERT(block_of_key(block_key(FeedNumber{feed}, BlockIndex{n})) == BlockIndex{n});
    RC_ASSERT(block_of_time_key(time_key(FeedNumber{feed}, TopicNumber{topic}, BlockIndex{n})) == BlockIndex{n});
    const Offset offset{static_cast<std::int64_t>(n >> 1)};
    RC_ASSERT(offset_of_key(offset_key(FeedNumber{feed}, TopicNumber{topic}, offset)) == offset);
  }));
  const Result<FeedId> feed = feed_of_number_key(feed_number_key(feed_of(9)));
  ASSERT_TRUE(feed.ok());
  EXPECT_EQ(*feed, feed_of(9));
}

TEST(Keyspace, RejectsMalformedFeedNumberKeys) {
  const Bytes good = feed_number_key(feed_of(9));
  Bytes shorter(good.begin(), good.end() - 1);
  Bytes longer = good;
  longer.push_back(0);
  Bytes other_row = good;
  other_row[4] = 0x04;
  Bytes other_feed = good;
  other_feed[3] = 1;
  for (const Bytes& bad : {Bytes{}, shorter, longer, other_row, other_feed}) {
    const Result<FeedId> feed = feed_of_number_key(bad);
    ASSERT_FALSE(feed.ok());
    EXPECT_EQ(feed.error().code, Code::corrupt);
  }
}

TEST(Keyspace, RangesHoldTheirRowsAndNoOthers) {
  const FeedNumber mine{0x00ff};
  const FeedNumber next{0x0100};
  const TopicNumber topic{0xffffffff};
  EXPECT_TRUE(inside(feed_range(mine), head_key(mine)));
  EXPECT_TRUE(inside(feed_range(mine), block_key(mine, BlockIndex{std::numeric_limits<std::uint64_t>::max()})));
  EXPECT_FALSE(inside(feed_range(mine), block_key(next, BlockIndex{0})));
  EXPECT_TRUE(inside(offset_range(mine, topic), offset_key(mine, topic, Offset{0})));
  EXPECT_TRUE(
      inside(offset_range(mine, topic), offset_key(mine, topic, Offset{std::numeric_limits<std::int64_t>::max()})));
  EXPECT_FALSE(inside(offset_range(mine, topic), offset_key(mine, TopicNumber{0xfffffffe}, Offset{0})));
  EXPECT_FALSE(inside(offset_range(mine, topic), offset_key(next, TopicNumber{0}, Offset{0})));
  EXPECT_TRUE(inside(time_range(mine, TopicNumber{3}), time_key(mine, TopicNumber{3}, BlockIndex{1} + 0xffffffffU)));
  EXPECT_FALSE(inside(time_range(mine, TopicNumber{3}), time_key(mine, TopicNumber{4}, BlockIndex{0})));
  EXPECT_TRUE(inside(topic_range(mine), topic_key(mine, topic)));
  EXPECT_FALSE(inside(topic_range(mine), topic_key(next, TopicNumber{0})));
  EXPECT_TRUE(inside(feed_numbers_range(), feed_number_key(feed_of(0xff))));
  EXPECT_FALSE(inside(feed_numbers_range(), setting_key("")));
  EXPECT_TRUE(inside(cursors_range(feed_of(0xff)), cursor_key(feed_of(0xff), "any name")));
  EXPECT_FALSE(inside(cursors_range(feed_of(1)), cursor_key(feed_of(2), "")));
}

TEST(Keyspace, EachMirrorOfAFeedHasItsReceipt) {
  const FeedNumber feed{3};
  const PublicKey mirror = feed_of(1).key;
  const Bytes key = receipt_key(feed, mirror);
  EXPECT_NE(key, receipt_key(feed, feed_of(2).key));
  EXPECT_TRUE(inside(receipts_range(feed), key));
  EXPECT_FALSE(inside(receipts_range(feed), receipt_key(FeedNumber{4}, mirror)));
  EXPECT_FALSE(inside(receipts_range(feed), unwritten_payloads_key(feed)));
  EXPECT_FALSE(inside(receipts_range(feed), feed_property_key(feed, "x")));
}

TEST(Keyspace, BlockRangeIsHalfOpenAndNeverInverted) {
  const FeedNumber feed{3};
  const KeyRange range = block_range(feed, BlockIndex{2}, BlockIndex{4});
  EXPECT_FALSE(inside(range, block_key(feed, BlockIndex{1})));
  EXPECT_TRUE(inside(range, block_key(feed, BlockIndex{2})));
  EXPECT_TRUE(inside(range, block_key(feed, BlockIndex{3})));
  EXPECT_FALSE(inside(range, block_key(feed, BlockIndex{4})));
  const KeyRange empty = block_range(feed, BlockIndex{4}, BlockIndex{2});
  EXPECT_EQ(empty.begin, empty.end);
}

TEST(Keyspace, RowsOfDifferentKindsNeverCollideInOneColumn) {
  const FeedId feed = feed_of(1);
  const std::vector<Bytes> meta{schema_key(),
                                next_feed_number_key(),
                                feed_number_key(feed),
                                setting_key(""),
                                setting_key("x"),
                                cursor_key(feed, ""),
                                cursor_key(feed, "x"),
                                head_key(FeedNumber{1}),
                                fork_proof_key(FeedNumber{1}),
                                feed_property_key(FeedNumber{1}, ""),
                                feed_property_key(FeedNumber{1}, "x"),
                                head_key(FeedNumber{2})};
  EXPECT_EQ(std::set<Bytes>(meta.begin(), meta.end()).size(), meta.size());
  EXPECT_NE(tile_key(FeedNumber{1}, 3, 4), node_key(FeedNumber{1}, {3, 4}));
}

TEST(Keyspace, KeepsTheRowsOfGroupsApart) {
  const FeedId feed = feed_of(0xff);
  const TopicPartition stream{"us", Partition(3)};
  const Bytes key = group_offset_key(feed, "g", stream);
  EXPECT_TRUE(inside(groups_range(feed), key));
  EXPECT_TRUE(inside(group_offsets_range(feed, "g"), key));
  EXPECT_FALSE(inside(group_offsets_range(feed, "g"), group_offset_key(feed, "gg", stream)));
  EXPECT_FALSE(inside(group_offsets_range(feed, "gg"), key));
  EXPECT_FALSE(inside(groups_range(feed_of(0xfe)), key));
  EXPECT_FALSE(inside(cursors_range(feed), key));
  EXPECT_FALSE(inside(groups_range(feed), cursor_key(feed, "c")));
}

TEST(Keyspace, ReadsNamesBack) {
  const FeedId feed = feed_of(7);
  EXPECT_EQ(cursor_of_key(cursor_key(feed, "reader 1")).value(), "reader 1");
  const std::string longest(kMaxGroupName, 'g');
  const auto read = group_offset_of_key(group_offset_key(feed, longest, {"us", Partition(3)})).value();
  EXPECT_EQ(read.group, longest);
  EXPECT_EQ(read.stream, (TopicPartition{"us", Partition(3)}));
  Bytes cut = group_offset_key(feed, "g", {"us", Partition(3)});
  cut.pop_back();
  EXPECT_EQ(group_offset_of_key(cut).error().code, Code::corrupt);
  EXPECT_EQ(group_offset_of_key(cursor_key(feed, "c")).error().code, Code::corrupt);
  EXPECT_EQ(cursor_of_key(group_offset_key(feed, "g", {"us", Partition(3)})).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::store
