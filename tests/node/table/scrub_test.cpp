#include "node/table/scrub.h"

#include "node/table/table_world.h"

#include <algorithm>
#include <thread>

namespace shoal::node {
namespace {

using testing::must;

TEST(Scrub, AllIsReadInAWeekOfSeconds) {
  constexpr std::uint64_t kWeek = 7 * 24 * 3600;
  EXPECT_EQ(ScrubThread::step(0), 0U);
  EXPECT_EQ(ScrubThread::step(1), 1U);
  EXPECT_EQ(ScrubThread::step(kWeek), 1U);
  EXPECT_EQ(ScrubThread::step(kWeek + 1), 2U);
  EXPECT_EQ(ScrubThread::step(3 * kWeek), 3U);
}

/// Two mirrored feeds of four blocks. What is read of them is seen by its damage: the feed drops it.
class ScrubTest : public testing::TableWorld {
 protected:
  static constexpr std::uint64_t kBlocks = 4;

  void SetUp() override {
    open();
    scrub_.emplace(*table_);
    scrub_->stop();  // tests read by hand
    for (feed::testing::Producer* owner : {&first_, &second_}) {
      must(owner->open());
      for (std::uint64_t i = 0; i < kBlocks; ++i) {
        must(owner->writer->commit({feed::testing::batch_of(feed::testing::stream("t"), {1})}));
      }
      hosts_.push_back(must(table_->host({owner->id(), "", false, {}})));
      fetch(*owner, *hosts_.back());
    }
    std::sort(hosts_.begin(), hosts_.end(), [](const auto& a, const auto& b) { return a->id() < b->id(); });
    for (const auto& host : hosts_) {
      for (std::uint64_t i = 0; i < kBlocks; ++i) rot(*host, i);
    }
  }
  void rot(FeedHost& host, std::uint64_t block) {
    store::WriteBatch batch;
    batch.put(store::Column::payloads, store::block_key(host.log().number(), BlockIndex{block}), Bytes{1});
    must(must(table_->storage())->mirrored->write(batch, store::Sync::no));
  }
  /// Blocks that are held once as many as wanted are, in the order of feeds.
  std::vector<std::uint64_t> held(std::size_t feed, std::size_t count) {
    const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds(20);
    while (hosts_[feed]->reader().held_payload_count() > count && std::chrono::steady_clock::now() < deadline) {
      std::this_thread::yield();
    }
    std::vector<std::uint64_t> out;
    for (const feed::BlockRange& run : hosts_[feed]->reader().held_payloads()) {
      for (BlockIndex block = run.begin; block < run.end; ++block) out.push_back(block.value());
    }
    return out;
  }
  using Blocks = std::vector<std::uint64_t>;

  feed::testing::Producer first_{{}, 8};
  feed::testing::Producer second_{{}, 9};
  std::vector<std::shared_ptr<FeedHost>> hosts_;
  std::optional<ScrubThread> scrub_;
};

TEST_F(ScrubTest, BlocksAreReadOneAfterTheOtherOverAllFeeds) {
  scrub_->read(0);
  scrub_->read(3);
  EXPECT_EQ(held(0, 1), Blocks{3});
  scrub_->read(2);
  EXPECT_EQ(held(0, 0), Blocks{});
  EXPECT_EQ(held(1, 3), (Blocks{1, 2, 3}));
  scrub_->read(3);
  EXPECT_EQ(held(1, 0), Blocks{});
}

TEST_F(ScrubTest, ItGoesAroundAndOnceAtMost) {
  scrub_->read(7);
  EXPECT_EQ(held(0, 0), Blocks{});
  EXPECT_EQ(held(1, 1), Blocks{3});
  // Block 2 of the first feed comes back, and rots again.
  const auto& owner = first_.id() == hosts_[0]->id() ? first_ : second_;
  const Bytes payload = must(owner.reader().payload(BlockIndex{2}));
  EXPECT_TRUE(hosts_[0]->run([&] { must(hosts_[0]->mirror()->add_payload(BlockIndex{2}, payload)); }));
  rot(*hosts_[0], 2);
  scrub_->read(100);
  EXPECT_EQ(held(1, 0), Blocks{});
  EXPECT_EQ(held(0, 0), Blocks{});
}

}  // namespace
}  // namespace shoal::node
