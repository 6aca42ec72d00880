#include "feed/write/own_check.h"

#include "feed/feed_world.h"

#include <functional>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::stream;

/// A group as it was signed, each part of which a test may change.
class OwnCheckTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    ASSERT_TRUE(producer_.writer->commit_manifest({.topics = {{"u", 3}}}).ok());
    before_ = producer_.log->inspect([](const LogState& state) { return state.tail.edge(); });
    std::vector<PendingBatch> batches;
    batches.push_back(batch_of(stream("t"), {5, 6}));
    batches.push_back(batch_of(stream("u", 1), {3}));
    batches.push_back(batch_of(stream("t"), {4}));
    const CommitResult done = producer_.writer->commit(std::move(batches)).value();
    head_ = done.head;
    for (const CommittedBlock& block : done.blocks) {
      headers_.push_back(block.header);
      payloads_.push_back(block.payload);
    }
  }
  [[nodiscard]] Result<void> check() const { return check(before_); }
  [[nodiscard]] Result<void> check(const merkle::RightEdge& before) const {
    std::vector<GroupBlockView> views;
    for (std::size_t i = 0; i < headers_.size(); ++i) views.push_back({headers_[i], payloads_[i]});
    return check_own_group(producer_.id(), head_, before, views, topics());
  }
  [[nodiscard]] const TopicState& topics() const {
    return other_topics_ ? *other_topics_
                         : *producer_.log->inspect([](const LogState& state) { return state.topics.get(); });
  }
  void sign_again() {
    head_.signature = crypto::sign(testing::test_key(), base::as_bytes(note_text(producer_.id(), head_)));
  }

  Producer producer_;
  merkle::RightEdge before_;
  Checkpoint head_;
  std::vector<Bytes> headers_;
  std::vector<Bytes> payloads_;
  std::optional<TopicState> other_topics_;
};

TEST_F(OwnCheckTest, WhatWasSignedIsSound) {
  const auto checked = check();
  EXPECT_TRUE(checked.ok()) << checked.error().message;
}

TEST_F(OwnCheckTest, EachBitOfHeadersAndPayloadsCounts) {
  for (auto* parts : {&headers_, &payloads_}) {
    for (Bytes& part : *parts) {
      for (std::size_t bit = 0; bit < part.size() * 8; ++bit) {
        part[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
        const auto checked = check();
        ASSERT_FALSE(checked.ok()) << bit;
        ASSERT_EQ(checked.error().code, Code::corrupt);
        part[bit / 8] ^= static_cast<std::uint8_t>(1U << (bit % 8));
      }
    }
  }
  EXPECT_TRUE(check().ok());
}

TEST_F(OwnCheckTest, EachFieldOfTheHeadCountsAlsoWhenItIsSigned) {
  const Checkpoint sound = head_;
  const std::vector<std::function<void()>> changes = {
      [&] { head_.tree_size += 1; },
      [&] { head_.root.bytes[7] ^= 1; },
      [&] { head_.topic_root.bytes[7] ^= 1; },
      [&] { head_.topic_count += 1; },
  };
  for (std::size_t i = 0; i < changes.size(); ++i) {
    changes[i]();
    EXPECT_FALSE(check().ok()) << i << ": the signature is another one";
    sign_again();
    EXPECT_FALSE(check().ok()) << i;
    head_ = sound;
  }
  head_.signature.bytes[0] ^= 1;
  EXPECT_FALSE(check().ok());
}

TEST_F(OwnCheckTest, AnotherTreeBefore) {
  merkle::RightEdge other;
  other.append_leaf(header_leaf(headers_[0]));
  EXPECT_FALSE(check(other).ok());
  EXPECT_FALSE(check({}).ok());
}

TEST_F(OwnCheckTest, ATopicStateThatLeavesABlockOut) {
  // Signed as it is: only the blocks tell that it is wrong.
  TopicState behind;
  const Manifest manifest{.topics = {{"u", 3}}};
  const auto header = [&](std::size_t i) { return decode_header(headers_[i]).value(); };
  const auto first = producer_.reader().header(BlockIndex{0}).value();
  ASSERT_TRUE(behind.apply(first, BlockIndex{0}, &manifest).ok());
  ASSERT_TRUE(behind.apply(header(0), BlockIndex{1}).ok());
  ASSERT_TRUE(behind.apply(header(1), BlockIndex{2}).ok());
  head_.topic_root = behind.root();
  head_.topic_count = behind.size();
  other_topics_ = behind;
  sign_again();
  EXPECT_FALSE(check().ok());
  ASSERT_TRUE(other_topics_->apply(header(2), BlockIndex{3}).ok());
  head_.topic_root = other_topics_->root();
  sign_again();
  EXPECT_TRUE(check().ok());
}

TEST_F(OwnCheckTest, ATopicStateWithoutThePartition) {
  other_topics_ = TopicState();
  head_.topic_root = other_topics_->root();
  head_.topic_count = other_topics_->size();
  sign_again();
  EXPECT_FALSE(check().ok());
}

}  // namespace
}  // namespace shoal::feed
