#include "node/reading/group_offsets.h"

#include "feed/recording_store.h"
#include "store/keyspace.h"

#include <gtest/gtest.h>

#include <functional>

namespace shoal::node {
namespace {

constexpr UnixMs kNow{1'700'000'000'123};

GroupOffset offset_of(std::string topic, std::int32_t partition, std::int64_t offset) {
  return {{std::move(topic), Partition(partition)}, Offset(offset), -1, "", kNoTime};
}

/// The code of the error; nullopt when it went well.
template <typename T>
std::optional<Code> code_of(const Result<T>& result) {
  return result ? std::nullopt : std::optional(result.error().code);
}

class GroupOffsetsTest : public ::testing::Test {
 protected:
  [[nodiscard]] Result<void> put(const GroupOffset& offset, const std::string& group = "g") {
    return offsets_.put(feed_, group, {offset}, kNow);
  }
  /// put() of t/0 at offset 0 after `change`.
  [[nodiscard]] std::optional<Code> code_after(const std::function<void(GroupOffset&)>& change) {
    GroupOffset offset = offset_of("t", 0, 0);
    change(offset);
    return code_of(put(offset));
  }
  [[nodiscard]] std::vector<std::string> streams_of(const FeedId& feed, const std::string& group) const {
    std::vector<std::string> names;
    const auto offsets = offsets_.get(feed, group).value();
    for (const GroupOffset& offset : offsets) {
      names.push_back(offset.stream.topic + "/" + std::to_string(offset.stream.partition.value()));
    }
    return names;
  }
  void put_row(const GroupOffset& offset, Bytes row) {
    store::WriteBatch batch;
    batch.put(store::Column::meta, store::group_offset_key(feed_, "g", offset.stream), std::move(row));
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }

  using Names = std::vector<std::string>;

  std::shared_ptr<Names> calls_ = std::make_shared<Names>();
  feed::testing::RecordingStore store_{"own", calls_};
  GroupOffsets offsets_{store_};
  FeedId feed_;
};

TEST_F(GroupOffsetsTest, GivesBackEachMember) {
  GroupOffset put = offset_of("t", 3, std::int64_t{1} << 40);
  put.leader_epoch = 7;
  put.metadata = std::string("a\0b", 3);
  put.time = UnixMs(5);  // the time of the call counts
  ASSERT_TRUE(offsets_.put(feed_, "g", {put}, kNow).ok());
  const auto got = offsets_.get(feed_, "g").value();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].stream, put.stream);
  EXPECT_EQ(got[0].offset, put.offset);
  EXPECT_EQ(got[0].leader_epoch, 7);
  EXPECT_EQ(got[0].metadata, put.metadata);
  EXPECT_EQ(got[0].time, kNow);
}

TEST_F(GroupOffsetsTest, AnUnknownEpochStaysUnknown) {
  ASSERT_TRUE(put(offset_of("t", 0, 0)).ok());
  EXPECT_EQ(offsets_.get(feed_, "g").value().at(0).leader_epoch, -1);
}

TEST_F(GroupOffsetsTest, ALaterOffsetTakesThePlaceOfTheFormer) {
  ASSERT_TRUE(put(offset_of("t", 0, 9)).ok());
  ASSERT_TRUE(put(offset_of("t", 0, 4)).ok());
  const auto got = offsets_.get(feed_, "g").value();
  ASSERT_EQ(got.size(), 1U);
  EXPECT_EQ(got[0].offset, Offset(4));
}

TEST_F(GroupOffsetsTest, ComeByPartition) {
  ASSERT_TRUE(offsets_.put(feed_, "g", {offset_of("u", 0, 1), offset_of("t", 10, 1), offset_of("t", 2, 1)}, kNow).ok());
  EXPECT_EQ(streams_of(feed_, "g"), (Names{"t/2", "t/10", "u/0"}));
}

TEST_F(GroupOffsetsTest, AreThoseOfOneGroupAndOneFeed) {
  FeedId other;
  other.key.bytes[0] = 1;
  ASSERT_TRUE(put(offset_of("a", 0, 1), "g").ok());
  ASSERT_TRUE(put(offset_of("b", 0, 1), "gg").ok());
  ASSERT_TRUE(put(offset_of("c", 0, 1), "h").ok());
  ASSERT_TRUE(offsets_.put(other, "g", {offset_of("d", 0, 1)}, kNow).ok());
  EXPECT_EQ(streams_of(feed_, "g"), Names{"a/0"});
  EXPECT_EQ(streams_of(feed_, "gg"), Names{"b/0"});
  EXPECT_EQ(streams_of(other, "g"), Names{"d/0"});
  EXPECT_EQ(streams_of(other, "h"), Names{});
}

TEST_F(GroupOffsetsTest, EachGroupIsNamedOnce) {
  FeedId other;
  other.key.bytes[0] = 1;
  EXPECT_TRUE(offsets_.groups(feed_).value().empty());
  ASSERT_TRUE(offsets_.put(feed_, "a", {offset_of("t", 0, 1), offset_of("t", 1, 1)}, kNow).ok());
  ASSERT_TRUE(put(offset_of("t", 0, 1), "b").ok());
  ASSERT_TRUE(offsets_.put(other, "c", {offset_of("t", 0, 1)}, kNow).ok());
  EXPECT_EQ(offsets_.groups(feed_).value(), (Names{"a", "b"}));
  EXPECT_EQ(offsets_.groups(other).value(), Names{"c"});
}

TEST_F(GroupOffsetsTest, AreDurableAtOnce) {
  ASSERT_TRUE(offsets_.put(feed_, "g", {}, kNow).ok());
  EXPECT_EQ(*calls_, Names{});
  ASSERT_TRUE(offsets_.put(feed_, "g", {offset_of("t", 0, 1), offset_of("t", 1, 1)}, kNow).ok());
  ASSERT_TRUE(offsets_.erase(feed_, "g").ok());
  EXPECT_EQ(*calls_, (Names{"own write yes", "own write yes"}));
}

TEST_F(GroupOffsetsTest, OneThatIsRefusedStoresNone) {
  const auto put = offsets_.put(feed_, "g", {offset_of("t", 0, 1), offset_of("t", 1, -1)}, kNow);
  EXPECT_EQ(code_of(put), Code::invalid_argument);
  EXPECT_TRUE(offsets_.get(feed_, "g").value().empty());
}

TEST_F(GroupOffsetsTest, NumbersBeginAtZeroAndEpochsAtUnknown) {
  EXPECT_EQ(code_after([](GroupOffset& offset) { offset.stream.partition = Partition(-1); }), Code::invalid_argument);
  EXPECT_EQ(code_after([](GroupOffset& offset) { offset.offset = Offset(-1); }), Code::invalid_argument);
  EXPECT_EQ(code_after([](GroupOffset& offset) { offset.leader_epoch = -2; }), Code::invalid_argument);
  EXPECT_EQ(code_after([](GroupOffset& offset) { offset.stream.topic = "no name"; }), Code::invalid_argument);
  EXPECT_EQ(code_after([](GroupOffset& offset) { offset.leader_epoch = -1; }), std::nullopt);
}

TEST_F(GroupOffsetsTest, MetadataHasAMost) {
  const std::string most(GroupOffset::kMaxMetadata, 'm');
  EXPECT_EQ(code_after([&](GroupOffset& offset) { offset.metadata = most + "m"; }), Code::limit_exceeded);
  EXPECT_EQ(code_after([&](GroupOffset& offset) { offset.metadata = most; }), std::nullopt);
  EXPECT_EQ(offsets_.get(feed_, "g").value().at(0).metadata, most);
}

TEST_F(GroupOffsetsTest, AGroupsNameHas1To255Bytes) {
  for (const std::string& bad : {std::string(), std::string(256, 'g')}) {
    EXPECT_EQ(code_of(put(offset_of("t", 0, 1), bad)), Code::invalid_argument);
    EXPECT_EQ(code_of(offsets_.get(feed_, bad)), Code::invalid_argument);
    EXPECT_EQ(code_of(offsets_.erase(feed_, bad)), Code::invalid_argument);
  }
  for (const std::string& good : {std::string("g"), std::string(255, 'g')}) {
    EXPECT_EQ(code_of(put(offset_of("t", 0, 1), good)), std::nullopt);
    EXPECT_EQ(streams_of(feed_, good), Names{"t/0"});
  }
}

TEST_F(GroupOffsetsTest, OneGroupIsErasedAlone) {
  for (const auto* group : {"f", "g", "gg"}) {
    ASSERT_TRUE(offsets_.put(feed_, group, {offset_of("t", 0, 1), offset_of("u", 0, 1)}, kNow).ok());
  }
  ASSERT_TRUE(offsets_.erase(feed_, "g").ok());
  EXPECT_EQ(offsets_.groups(feed_).value(), (Names{"f", "gg"}));
  EXPECT_EQ(streams_of(feed_, "f"), (Names{"t/0", "u/0"}));
  EXPECT_EQ(code_of(offsets_.erase(feed_, "g")), Code::not_found);
}

TEST_F(GroupOffsetsTest, ADamagedRowIsCorrupt) {
  const GroupOffset offset = offset_of("t", 0, 1);
  ASSERT_TRUE(put(offset).ok());
  const Bytes good =
      store_.get(store::Column::meta, store::group_offset_key(feed_, "g", offset.stream)).value().value();
  Bytes longer = good;
  longer.push_back(0);
  Bytes other_version = good;
  other_version[0] = 2;
  for (const Bytes& bad : {longer, other_version, Bytes(good.begin(), good.end() - 1), Bytes{}}) {
    put_row(offset, bad);
    EXPECT_EQ(code_of(offsets_.get(feed_, "g")), Code::corrupt);
  }
  put_row(offset, good);
  EXPECT_EQ(code_of(offsets_.get(feed_, "g")), std::nullopt);
}

}  // namespace
}  // namespace shoal::node
