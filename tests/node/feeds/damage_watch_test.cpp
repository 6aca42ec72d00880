#include "node/feeds/damage_watch.h"

#include "feed/feed_world.h"

#include <gtest/gtest.h>

#include <vector>

namespace shoal::node {
namespace {

using feed::testing::Follower;
using feed::testing::Producer;

class Lines final : public base::LogSink {
 public:
  void log(base::LogLevel, std::string_view, std::string_view line) override { lines.emplace_back(line); }
  std::vector<std::string> lines;
};

/// A mirror of ten blocks whose changes wait until the test runs them.
class DamageWatchTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    for (int i = 0; i < 10; ++i) {
      ASSERT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {i})}).ok());
    }
    ASSERT_TRUE(mirror_.open().ok());
    ASSERT_TRUE(feed::testing::replicate(producer_.reader(), mirror_).ok());
    reader_.emplace(*mirror_.log);
    DamageWatch::Context context;
    context.log = mirror_.log.get();
    context.reader = &*reader_;
    context.sink = &lines_;
    context.follows = "it is fetched again";
    context.change = [this](std::function<void()> task) { waiting_.push_back(std::move(task)); };
    context.on_dropped = [this](BlockIndex block) { dropped_.push_back(block); };
    watch_.emplace(std::move(context));
  }
  void rot(std::uint64_t block) {
    store::WriteBatch batch;
    batch.put(store::Column::payloads, store::block_key(mirror_.log->number(), BlockIndex{block}), Bytes(5, 1));
    ASSERT_TRUE(mirror_.blocks->write(batch, store::Sync::no).ok());
  }
  void run() {
    for (const auto& task : std::exchange(waiting_, {})) task();
  }

  Producer producer_;
  Follower mirror_{producer_.id()};
  std::optional<feed::FeedReader> reader_;
  Lines lines_;
  std::vector<std::function<void()>> waiting_;
  std::vector<BlockIndex> dropped_;
  std::optional<DamageWatch> watch_;
};

TEST_F(DamageWatchTest, ADamagedBlockIsDroppedSaidAndMissedUntilItIsBack) {
  rot(4);
  EXPECT_FALSE(watch_->any_missing());
  EXPECT_EQ(reader_->payload(BlockIndex{4}).error().code, Code::corrupt);
  EXPECT_TRUE(dropped_.empty()) << "not on the thread that read it";
  run();
  EXPECT_EQ(dropped_, std::vector{BlockIndex{4}});
  ASSERT_EQ(lines_.lines.size(), 1U);
  EXPECT_NE(
      lines_.lines[0].find("block 4 (topic t, partition 0, offsets 4 to 4) is damaged on this disk; it is fetched"),
      std::string::npos)
      << lines_.lines[0];
  EXPECT_FALSE(reader_->has_payload(BlockIndex{4}).value());
  EXPECT_TRUE(watch_->any_missing());
  ASSERT_TRUE(mirror_.mirror->add_payload(BlockIndex{4}, producer_.reader().payload(BlockIndex{4}).value()).ok());
  EXPECT_FALSE(watch_->any_missing());
}

TEST_F(DamageWatchTest, SeveralSightsAreOneLoss) {
  rot(4);
  for (int sight = 0; sight < 3; ++sight) EXPECT_FALSE(reader_->payload(BlockIndex{4}).ok());
  run();
  EXPECT_EQ(dropped_.size(), 1U);
  EXPECT_EQ(lines_.lines.size(), 1U);
}

}  // namespace
}  // namespace shoal::node
