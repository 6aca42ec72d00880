#include "feed/log/chain_check.h"

#include "feed/feed_world.h"
#include "feed/log/time_index.h"
#include "feed/recording_store.h"

namespace shoal::feed {
namespace {

using testing::RecordingStore;
using testing::stream;

/// One partition of four blocks, two blocks of others between each: what the owner should have signed. Tests hold some
/// of them, offer others, and change one field.
class ChainCheckTest : public ::testing::Test {
 protected:
  ChainCheckTest() {
    const std::int64_t largest[] = {10, 30, 20, 40};
    const std::int64_t running[] = {10, 30, 30, 40};
    for (std::uint64_t i = 0; i < 4; ++i) {
      BlockHeader header;
      header.kind = static_cast<std::uint8_t>(BlockKind::data);
      header.stream = stream("t");
      if (i > 0) header.previous = BlockIndex{3 * i - 3};
      header.base_offset = Offset{static_cast<std::int64_t>(i)};
      header.record_count = 1;
      header.payload_size = 1;
      header.append_time = UnixMs{1000};
      header.smallest_time = header.largest_time = UnixMs{largest[i]};
      header.running_largest_time = UnixMs{running[i]};
      chain_.push_back({BlockIndex{3 * i}, header});
    }
    learned_.entry = {stream("t"), Offset{4}, BlockIndex{9}, UnixMs{40}};
    learned_.topic_count = 2;
    head_.tree_size = 20;
    head_.topic_count = 2;
  }
  /// What check_chain() says of `fresh` beside `held`; "" when nothing.
  std::string check(const std::vector<ChainLink>& fresh, const std::vector<ChainLink>& held,
                    const LearnedEntry* learned = nullptr, const Checkpoint* head = nullptr) {
    const FeedRows place{{&rows_, &rows_}, FeedId{}, store::FeedNumber{++feeds_}};
    LogState state;
    store::WriteBatch batch;
    for (const ChainLink& link : held) {
      batch.put(store::Column::headers, store::block_key(place.number, link.block), encode_header(link.header));
      TimeIndex::put(batch, place.number, store::TopicNumber{1}, link.header, link.block);
      state.headers.add(link.block.value());
    }
    EXPECT_TRUE(rows_.write(batch, store::Sync::no).ok());
    const SharedLogState shared(std::move(state));
    const StoredBlocks blocks(place, shared);
    ChainContext context{&blocks, {}, learned, head};
    if (!held.empty()) context.topic = store::TopicNumber{1};
    const auto checked = check_chain(fresh, context);
    if (checked.ok()) return "";
    EXPECT_EQ(checked.error().code, Code::unverified);
    return checked.error().message;
  }
  /// The link with one field changed.
  template <typename Change>
  [[nodiscard]] ChainLink changed(std::size_t index, Change change) const {
    ChainLink link = chain_[index];
    change(link.header);
    return link;
  }
  /// `earlier` and `later` are refused with `says`, whichever of them is held.
  void expect_refused(const ChainLink& earlier, const ChainLink& later, const std::string& says) {
    EXPECT_EQ(check({earlier, later}, {}), "partition chain: " + says);
    EXPECT_EQ(check({later}, {earlier}), "partition chain: " + says);
    EXPECT_EQ(check({earlier}, {later}), "partition chain: " + says);
  }

  RecordingStore rows_{"chain", std::make_shared<RecordingStore::Calls>()};
  std::uint32_t feeds_ = 0;  // each check has rows of its own
  std::vector<ChainLink> chain_;
  LearnedEntry learned_;
  Checkpoint head_;
};

TEST_F(ChainCheckTest, AcceptsWhateverPartOfAChainIsHeldAndOffered) {
  for (int choice = 0; choice < 81; ++choice) {
    std::vector<ChainLink> fresh;
    std::vector<ChainLink> held;
    int rest = choice;
    for (const ChainLink& link : chain_) {
      if (rest % 3 == 1) fresh.push_back(link);
      if (rest % 3 == 2) held.push_back(link);
      rest /= 3;
    }
    EXPECT_EQ(check(fresh, held), "") << choice;
    EXPECT_EQ(check(fresh, held, &learned_, &head_), "") << choice;
  }
}

TEST_F(ChainCheckTest, ABlockAloneMustFitItself) {
  EXPECT_EQ(check({changed(1, [](BlockHeader& h) { h.previous = BlockIndex{3}; })}, {}),
            "partition chain: the previous block is not before");
  EXPECT_EQ(check({changed(0, [](BlockHeader& h) { h.running_largest_time = UnixMs{11}; })}, {}),
            "partition chain: the running largest timestamp of a first block");
}

TEST_F(ChainCheckTest, ABlockMustNameItsPredecessor) {
  expect_refused(chain_[1],
                 changed(2,
                         [](BlockHeader& h) {
                           h.previous.reset();
                           h.base_offset = Offset{0};
                           h.running_largest_time = h.largest_time;
                         }),
                 "a block denies its predecessor");
  expect_refused(chain_[1], changed(2, [](BlockHeader& h) { h.previous = BlockIndex{2}; }),
                 "a block denies its predecessor");
}

TEST_F(ChainCheckTest, NeighboursMustContinueExactly) {
  for (const std::int64_t offset : {1, 3}) {
    expect_refused(chain_[1], changed(2, [&](BlockHeader& h) { h.base_offset = Offset{offset}; }),
                   "the base offset does not continue");
  }
  for (const std::int64_t time : {29, 31}) {
    expect_refused(chain_[1], changed(2, [&](BlockHeader& h) { h.running_largest_time = UnixMs{time}; }),
                   "the running largest timestamp does not continue");
  }
  expect_refused(chain_[2], changed(3, [](BlockHeader& h) { h.running_largest_time = UnixMs{41}; }),
                 "the running largest timestamp does not continue");
}

TEST_F(ChainCheckTest, DistantBlocksMustLeaveRoom) {
  expect_refused(chain_[1], changed(3, [](BlockHeader& h) { h.base_offset = Offset{2}; }),
                 "the base offset leaves no room for blocks between");
  expect_refused(
      chain_[1],
      changed(3, [](BlockHeader& h) { h.smallest_time = h.largest_time = h.running_largest_time = UnixMs{29}; }),
      "the running largest timestamp falls");
  EXPECT_EQ(check({chain_[1], changed(3, [](BlockHeader& h) { h.running_largest_time = UnixMs{99}; })}, {}), "");
}

TEST_F(ChainCheckTest, ComparesWithTheNearestBlockHeldOrNew) {
  const ChainLink early = changed(3, [](BlockHeader& h) { h.base_offset = Offset{2}; });
  EXPECT_NE(check({chain_[0], early}, {chain_[2]}), "");  // room behind block 0, none behind the held one
  EXPECT_NE(check({chain_[2], early}, {chain_[0]}), "");
  EXPECT_NE(check({chain_[1]}, {chain_[0], changed(2, [](BlockHeader& h) { h.base_offset = Offset{1}; })}), "");
  // Two new blocks before one that is held: the nearer one is compared with it.
  EXPECT_NE(check({chain_[0], chain_[1]}, {changed(2, [](BlockHeader& h) { h.base_offset = Offset{3}; })}), "");
}

TEST_F(ChainCheckTest, TheLastBlockMustBeTheSignedEnd) {
  const std::string says = "partition chain: the last block is not the signed end";
  learned_.entry.next_offset = Offset{5};
  EXPECT_EQ(check({chain_[3]}, {}, &learned_), says);
  learned_.entry.next_offset = Offset{4};
  learned_.entry.largest_time = UnixMs{41};
  EXPECT_EQ(check({chain_[3]}, {}, &learned_), says);
}

TEST_F(ChainCheckTest, BlocksBeforeTheSignedEndMustLieBelowIt) {
  learned_.entry.next_offset = Offset{3};
  EXPECT_EQ(check({chain_[2]}, {}, &learned_), "partition chain: a block reaches beyond the signed end");
  learned_.entry.next_offset = Offset{4};
  learned_.entry.largest_time = UnixMs{29};
  EXPECT_EQ(check({chain_[2]}, {}, &learned_), "partition chain: a timestamp above the signed largest one");
  learned_.entry.largest_time = UnixMs{30};
  EXPECT_EQ(check({chain_[2]}, {}, &learned_), "");
}

TEST_F(ChainCheckTest, BlocksBehindTheSignedEndAreRefusedUnderItsHead) {
  learned_.entry = {stream("t"), Offset{3}, BlockIndex{6}, UnixMs{30}};
  const std::string beyond = "partition chain: a block beyond the signed end";
  EXPECT_EQ(check({chain_[3]}, {}, &learned_, &head_), beyond);
  EXPECT_EQ(check({chain_[3]}, {}, &learned_), "");  // the end is an older head's: the partition has grown
  head_.topic_root.bytes[0] ^= 1;
  EXPECT_EQ(check({chain_[3]}, {}, &learned_, &head_), "");
  head_.topic_root.bytes[0] ^= 1;
  head_.tree_size = 9;  // the block is not the head's yet
  EXPECT_EQ(check({chain_[3]}, {}, &learned_, &head_), "");
  head_.tree_size = 10;
  EXPECT_EQ(check({chain_[3]}, {}, &learned_, &head_), beyond);
  learned_.entry.last_block.reset();
  EXPECT_EQ(check({chain_[3]}, {}, &learned_, &head_), beyond);
  learned_.entry.last_block = BlockIndex{6};
  learned_.entry.next_offset = Offset{4};
  EXPECT_EQ(check({chain_[3]}, {}, &learned_), "partition chain: a block before the signed end lies after it");
}

TEST_F(ChainCheckTest, ADamagedHeldHeaderIsNotTheOwnersLie) {
  const FeedRows place{{&rows_, &rows_}, FeedId{}, store::FeedNumber{1}};
  LogState state;
  state.headers.add(0);
  store::WriteBatch batch;
  TimeIndex::put(batch, place.number, store::TopicNumber{1}, chain_[0].header, BlockIndex{0});
  ASSERT_TRUE(rows_.write(batch, store::Sync::no).ok());
  const SharedLogState shared(std::move(state));
  const StoredBlocks blocks(place, shared);
  const std::vector<ChainLink> fresh{chain_[1]};
  EXPECT_EQ(check_chain(fresh, {&blocks, store::TopicNumber{1}, nullptr, nullptr}).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::feed
