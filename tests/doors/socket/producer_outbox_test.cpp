#include "doors/socket/producer_outbox.h"

#include <gtest/gtest.h>

#include <future>

namespace shoal::doors {
namespace {

using namespace std::chrono_literals;

class ProducerOutboxTest : public ::testing::Test {
 protected:
  std::future<std::string> take() {
    return std::async(std::launch::async, [this] { return outbox_.take(20s); });
  }
  std::future<bool> await_room() {
    return std::async(std::launch::async, [this] { return outbox_.await_room(); });
  }
  template <typename Future>
  static bool waits(Future& future) {
    return future.wait_for(50ms) == std::future_status::timeout;
  }
  template <typename Future>
  static bool comes(Future& future) {
    return future.wait_for(10s) == std::future_status::ready;
  }
  void fill() { outbox_.put(std::string(std::size_t{1} << 20, 'x')); }

  ProducerOutbox outbox_;
};

TEST_F(ProducerOutboxTest, LinesGoTogetherInTheirOrderAndOnce) {
  outbox_.put("a\n");
  outbox_.put("b\n");
  EXPECT_EQ(outbox_.take(20s), "a\nb\n");
  outbox_.put("c\n");
  EXPECT_EQ(outbox_.take(20s), "c\n");
}

TEST_F(ProducerOutboxTest, TakingWaitsForALine) {
  auto taken = take();
  EXPECT_TRUE(waits(taken));
  outbox_.put("a\n");
  ASSERT_TRUE(comes(taken));
  EXPECT_EQ(taken.get(), "a\n");
}

TEST_F(ProducerOutboxTest, TakingGivesUpInTime) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(outbox_.take(30ms), "");
  EXPECT_GE(std::chrono::steady_clock::now() - begin, 30ms);
  EXPECT_FALSE(outbox_.finished());
}

TEST_F(ProducerOutboxTest, RoomEndsAt1MiB) {
  outbox_.put(std::string((std::size_t{1} << 20) - 1, 'x'));
  EXPECT_TRUE(outbox_.await_room());
  outbox_.put("x");
  auto room = await_room();
  EXPECT_TRUE(waits(room));
  EXPECT_EQ(outbox_.take(20s).size(), std::size_t{1} << 20);
  ASSERT_TRUE(comes(room));
  EXPECT_TRUE(room.get());
}

TEST_F(ProducerOutboxTest, AddingNeverWaits) {
  fill();
  outbox_.put("more");
  EXPECT_EQ(outbox_.take(20s).size(), (std::size_t{1} << 20) + 4);
}

TEST_F(ProducerOutboxTest, ClosedItGivesWhatItHasAndTakesNothingMore) {
  outbox_.put("a\n");
  outbox_.close();
  outbox_.put("b\n");
  EXPECT_FALSE(outbox_.finished());
  EXPECT_FALSE(outbox_.await_room());
  EXPECT_EQ(outbox_.take(20s), "a\n");
  EXPECT_TRUE(outbox_.finished());
  auto taken = take();
  ASSERT_TRUE(comes(taken));
  EXPECT_EQ(taken.get(), "");
}

TEST_F(ProducerOutboxTest, AbandonedItHasNothing) {
  outbox_.put("a\n");
  outbox_.abandon();
  outbox_.put("b\n");
  EXPECT_TRUE(outbox_.finished());
  EXPECT_FALSE(outbox_.await_room());
  EXPECT_EQ(outbox_.take(20s), "");
}

TEST_F(ProducerOutboxTest, ClosingEndsTheWaiting) {
  auto taken = take();
  EXPECT_TRUE(waits(taken));
  outbox_.close();
  ASSERT_TRUE(comes(taken));
  EXPECT_EQ(taken.get(), "");
}

TEST_F(ProducerOutboxTest, ClosingEndsTheWaitForRoom) {
  fill();
  auto room = await_room();
  EXPECT_TRUE(waits(room));
  outbox_.close();
  ASSERT_TRUE(comes(room));
  EXPECT_FALSE(room.get());
}

TEST_F(ProducerOutboxTest, AbandoningEndsTheWaitForRoom) {
  fill();
  auto room = await_room();
  EXPECT_TRUE(waits(room));
  outbox_.abandon();
  ASSERT_TRUE(comes(room));
  EXPECT_FALSE(room.get());
}

TEST_F(ProducerOutboxTest, AbandoningEndsTheWaiting) {
  auto taken = take();
  EXPECT_TRUE(waits(taken));
  outbox_.abandon();
  EXPECT_TRUE(comes(taken));
}

}  // namespace
}  // namespace shoal::doors
