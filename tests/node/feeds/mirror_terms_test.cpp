#include "node/feeds/mirror_terms.h"

#include "feed/feed_world.h"
#include "feed/format/receipt.h"

namespace shoal::node {
namespace {

MirrorOptions keeping(std::chrono::milliseconds keep, std::vector<std::string> topics = {}) {
  MirrorOptions options;
  options.keep = std::chrono::duration_cast<decltype(options.keep)>(keep);
  options.topics = std::move(topics);
  return options;
}

class MirrorTermsTest : public ::testing::Test {
 protected:
  feed::testing::HandClock clock_;
  MirrorTerms terms_{clock_};
};

TEST_F(MirrorTermsTest, AFeedIsNotMirroredAtFirst) {
  EXPECT_FALSE(terms_.mirrored());
  EXPECT_FALSE(terms_.options().has_value());
  EXPECT_EQ(terms_.oldest_kept(), kNoTime);
}

TEST_F(MirrorTermsTest, TheNewestOptionsHold) {
  terms_.set(keeping({}, {"a"}), nullptr);
  terms_.set(keeping({}, {"b"}), nullptr);
  EXPECT_TRUE(terms_.mirrored());
  EXPECT_EQ(terms_.options()->topics, std::vector<std::string>{"b"});
  terms_.set(std::nullopt, nullptr);
  EXPECT_FALSE(terms_.mirrored());
}

TEST_F(MirrorTermsTest, TheFormerHandleGoesAfterTheNewOneHasCome) {
  auto first = std::make_shared<int>(1);
  auto second = std::make_shared<int>(2);
  const std::weak_ptr<int> first_alive = first;
  const std::weak_ptr<int> second_alive = second;
  terms_.set(keeping({}), std::move(first));
  EXPECT_FALSE(first_alive.expired());
  terms_.set(keeping({}), std::move(second));
  EXPECT_TRUE(first_alive.expired());
  EXPECT_FALSE(second_alive.expired());
  terms_.set(std::nullopt, nullptr);
  EXPECT_TRUE(second_alive.expired());
}

TEST_F(MirrorTermsTest, AHandleThatEndsMayAskForTheTerms) {
  bool mirrored = false;
  terms_.set(keeping({}), std::shared_ptr<void>(new int, [&](void* handle) {
               mirrored = terms_.mirrored();
               delete static_cast<int*>(handle);
             }));
  terms_.set(keeping({}), nullptr);
  EXPECT_TRUE(mirrored);
}

TEST_F(MirrorTermsTest, KeepsWhatIsYoungerThanAsked) {
  terms_.set(keeping(std::chrono::hours(1)), nullptr);
  EXPECT_EQ(terms_.oldest_kept(), clock_.now - 3'600'000);
  clock_.now = clock_.now + 5;
  EXPECT_EQ(terms_.oldest_kept(), clock_.now - 3'600'000);
}

TEST_F(MirrorTermsTest, WhatAFullDiskTookIsNotKept) {
  terms_.set(keeping({}), nullptr);
  EXPECT_EQ(terms_.oldest_kept(), kNoTime);
  terms_.raise_floor(UnixMs(500));
  EXPECT_EQ(terms_.oldest_kept(), UnixMs(500));
  terms_.raise_floor(UnixMs(400));
  EXPECT_EQ(terms_.oldest_kept(), UnixMs(500));
  // The later of both counts.
  terms_.set(keeping(std::chrono::hours(1)), nullptr);
  EXPECT_EQ(terms_.oldest_kept(), clock_.now - 3'600'000);
  terms_.raise_floor(clock_.now);
  EXPECT_EQ(terms_.oldest_kept(), clock_.now);
  // It says nothing of a feed that is only read.
  terms_.set(std::nullopt, nullptr);
  EXPECT_EQ(terms_.oldest_kept(), kNoTime);
}

class KeptForGoodTest : public MirrorTermsTest {
 protected:
  KeptForGoodTest() {
    EXPECT_TRUE(producer_.open().ok());
    for (const std::string topic : {"news.b", "news.a", "sport"}) {
      EXPECT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream(topic), {1})}).ok());
    }
  }
  [[nodiscard]] std::optional<KeptForGood> kept() const { return terms_.kept_for_good(producer_.reader()); }

  feed::testing::Producer producer_;
};

TEST_F(KeptForGoodTest, NothingIsWithoutAMirror) { EXPECT_FALSE(kept().has_value()); }

TEST_F(KeptForGoodTest, AMirrorOfEverythingKeepsEveryTopic) {
  terms_.set(keeping(std::chrono::hours(1)), nullptr);
  ASSERT_TRUE(kept().has_value());
  EXPECT_TRUE(kept()->topics.empty());
  EXPECT_EQ(kept()->oldest, clock_.now - 3'600'000);
}

TEST_F(KeptForGoodTest, AMirrorOfTopicsKeepsThoseThatExistInOrder) {
  terms_.set(keeping({}, {"news.*", "weather"}), nullptr);
  ASSERT_TRUE(kept().has_value());
  EXPECT_EQ(kept()->topics, (std::vector<std::string>{"news.a", "news.b"}));
}

TEST_F(KeptForGoodTest, NoMoreTopicsAreNamedThanAReceiptTakes) {
  std::vector<feed::PendingBatch> batches;
  for (int i = 0; i < 300; ++i) {
    batches.push_back(feed::testing::batch_of(feed::testing::stream("many." + std::to_string(i)), {1}));
  }
  ASSERT_TRUE(producer_.writer->commit(std::move(batches)).ok());
  terms_.set(keeping({}, {"many.*"}), nullptr);
  ASSERT_TRUE(kept().has_value());
  EXPECT_EQ(kept()->topics.size(), feed::kMaxReceiptTopics);
}

TEST_F(KeptForGoodTest, WithoutATopicNothingIsRatherThanEverything) {
  terms_.set(keeping({}, {"weather"}), nullptr);
  EXPECT_FALSE(kept().has_value());
}

}  // namespace
}  // namespace shoal::node
