#include "feed/log/hidden_blocks.h"

#include "feed/recording_store.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

using testing::RecordingStore;

constexpr store::FeedNumber kFeed{3};

class HiddenBlocksTest : public ::testing::Test {
 protected:
  static RangeSet set(std::initializer_list<std::pair<std::uint64_t, std::uint64_t>> runs) {
    RangeSet out;
    for (const auto& [begin, end] : runs) out.add(begin, end);
    return out;
  }
  void put(const HiddenBlocks& before, const HiddenBlocks& now) {
    store::WriteBatch batch;
    put_hidden(batch, kFeed, before, now);
    ASSERT_TRUE(store_.write(batch, store::Sync::no).ok());
  }
  void expect_stored(const HiddenBlocks& wanted) {
    const auto loaded = load_hidden(store_, kFeed);
    ASSERT_TRUE(loaded.ok());
    EXPECT_EQ(loaded->headers.runs(), wanted.headers.runs());
    EXPECT_EQ(loaded->payloads.runs(), wanted.payloads.runs());
  }

  std::shared_ptr<RecordingStore::Calls> calls_ = std::make_shared<RecordingStore::Calls>();
  RecordingStore store_{"blocks", calls_};
};

TEST_F(HiddenBlocksTest, RowsComeBackAsTheyWere) {
  const HiddenBlocks first{set({{10, 20}, {kHaveChunk, kHaveChunk + 5}}), set({{12, 14}})};
  put({}, first);
  expect_stored(first);
  const HiddenBlocks second{set({{3, 5}}), set({{2 * kHaveChunk, 2 * kHaveChunk + 1}})};
  put(first, second);
  expect_stored(second);
  const HiddenBlocks third{set({{3, 5}, {3 * kHaveChunk, 3 * kHaveChunk + 2}}), {}};
  put(second, third);
  expect_stored(third);
  put(third, {});
  expect_stored({});
}

TEST_F(HiddenBlocksTest, ASetThatWasAndIsEmptyHasNoRow) {
  store::WriteBatch batch;
  put_hidden(batch, kFeed, {}, {});
  EXPECT_TRUE(batch.empty());
  put_hidden(batch, kFeed, {}, {set({{1, 2}}), {}});
  EXPECT_EQ(batch.operations().size(), 1U);
}

TEST_F(HiddenBlocksTest, WhatIsShownIsForgotten) {
  HiddenBlocks hidden{set({{10, 20}}), set({{12, 18}})};
  put({}, hidden);
  ASSERT_TRUE(forget_shown(store_, kFeed, set({{0, 12}, {15, 16}}), hidden).ok());
  EXPECT_EQ(hidden.headers.runs(), set({{12, 15}, {16, 20}}).runs());
  EXPECT_EQ(hidden.payloads.runs(), set({{12, 15}, {16, 18}}).runs());
  expect_stored(hidden);
}

TEST_F(HiddenBlocksTest, APayloadAloneIsForgottenToo) {
  HiddenBlocks hidden{{}, set({{12, 18}})};
  put({}, hidden);
  ASSERT_TRUE(forget_shown(store_, kFeed, set({{0, 13}}), hidden).ok());
  expect_stored({{}, set({{13, 18}})});
  HiddenBlocks headers{set({{12, 18}}), {}};
  put(hidden, headers);
  ASSERT_TRUE(forget_shown(store_, kFeed, set({{0, 13}}), headers).ok());
  expect_stored({set({{13, 18}}), {}});
}

TEST_F(HiddenBlocksTest, NothingIsWrittenForNothing) {
  HiddenBlocks none;
  ASSERT_TRUE(forget_shown(store_, kFeed, set({{0, 12}}), none).ok());
  HiddenBlocks hidden{set({{10, 20}}), set({{12, 18}})};
  ASSERT_TRUE(forget_shown(store_, kFeed, set({{0, 10}, {20, 30}}), hidden).ok());
  EXPECT_TRUE(calls_->empty());
}

TEST_F(HiddenBlocksTest, AFailedWriteIsAnError) {
  HiddenBlocks hidden{set({{10, 20}}), {}};
  store_.fail_after(0);
  EXPECT_EQ(forget_shown(store_, kFeed, set({{0, 12}}), hidden).error().code, Code::io);
}

}  // namespace
}  // namespace shoal::feed
