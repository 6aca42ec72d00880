#include "replication/session/peer_memory.h"

#include "replication/session/send_watch.h"

#include <gtest/gtest.h>

using namespace std::chrono_literals;

namespace shoal::replication {
namespace {

using Verdict = PeerMemory::Verdict;
using Account = PeerMemory::Account;

std::size_t fill(Account& account, std::size_t size) {
  std::size_t taken = 0;
  while (account.charge(size) == Verdict::fits) taken += size + PeerMemory::kOverhead;
  return taken;
}

TEST(PeerMemory, BoundsAStrangerMuchCloserThanAPeer) {
  const auto memory = std::make_shared<PeerMemory>();
  Account stranger(memory);
  EXPECT_LE(fill(stranger, 1000), std::size_t{16} << 10);
  Account peer(memory);
  peer.prove();
  const std::size_t taken = fill(peer, 30);
  EXPECT_LE(taken, std::size_t{8} << 20);
  EXPECT_GT(taken, std::size_t{7} << 20);
}

TEST(PeerMemory, CountsWhatTinyMessagesReallyCost) {
  const auto memory = std::make_shared<PeerMemory>();
  Account peer(memory);
  peer.prove();
  std::size_t messages = 0;
  while (peer.charge(0) == Verdict::fits) ++messages;
  EXPECT_LE(messages, (std::size_t{8} << 20) / PeerMemory::kOverhead);
}

TEST(PeerMemory, IsGivenBackMessageByMessageAndAtTheEnd) {
  const auto memory = std::make_shared<PeerMemory>();
  {
    Account peer(memory);
    EXPECT_EQ(peer.charge(100), Verdict::fits);
    EXPECT_EQ(peer.charge(200), Verdict::fits);
    peer.release(100);
    EXPECT_EQ(peer.held(), 200 + PeerMemory::kOverhead);
    EXPECT_EQ(memory->total(), 200 + PeerMemory::kOverhead);
  }
  EXPECT_EQ(memory->total(), 0U);
}

TEST(PeerMemory, SaysWhenAllPeersTogetherHoldTooMuch) {
  const auto memory =
      std::make_shared<PeerMemory>(PeerMemory::Bounds{.stranger = 10'000, .peer = 10'000, .all = 15'000});
  Account first(memory);
  Account second(memory);
  EXPECT_EQ(first.charge(9'000), Verdict::fits);
  EXPECT_EQ(second.charge(9'000), Verdict::all_over);
  second.release(9'000);
  EXPECT_EQ(second.charge(1'000), Verdict::fits);
}

TEST(PeerMemory, EndsWhoHoldsMostAndTheUsefulLast) {
  const auto memory = std::make_shared<PeerMemory>();
  std::vector<std::shared_ptr<Account>> accounts;
  for (int i = 0; i < 4; ++i) accounts.push_back(std::make_shared<Account>(memory));
  EXPECT_EQ(PeerMemory::worst(accounts), std::nullopt);
  (void)accounts[0]->charge(3'000);
  accounts[0]->note_given(PeerMemory::kUseful);
  EXPECT_EQ(PeerMemory::worst(accounts), 0U);  // nobody else holds anything
  (void)accounts[1]->charge(1'000);
  (void)accounts[2]->charge(2'000);
  EXPECT_EQ(PeerMemory::worst(accounts), 2U);
  accounts[2]->note_given(1);
  EXPECT_EQ(PeerMemory::worst(accounts), 2U);
}

TEST(SendWatch, EndsWhoReadsNothingForHalfAMinute) {
  SendWatch watch;
  EXPECT_FALSE(watch.stalled(50'000, 0, 1h));
  EXPECT_FALSE(watch.stalled(50'000, 0, 1h + 29s));
  EXPECT_TRUE(watch.stalled(50'000, 0, 1h + 30s));
}

TEST(SendWatch, AFewBytesNowAndThenDoNotHelp) {
  SendWatch watch;
  bool stalled = false;
  for (unsigned second = 0; second <= 30; ++second) stalled = watch.stalled(50'000, second * 100, 1h + second * 1s);
  EXPECT_TRUE(stalled);
}

TEST(SendWatch, ASlowReaderStays) {
  SendWatch watch;
  for (unsigned second = 0; second < 3600; ++second) {
    ASSERT_FALSE(watch.stalled(50'000, second * 300, 1h + second * 1s)) << second;
  }
}

TEST(SendWatch, LittleThatWaitedNeedNotBeMore) {
  SendWatch watch;
  for (unsigned round = 0; round < 100; ++round) {
    ASSERT_FALSE(watch.stalled(20, round * 20, 1h + round * 20s)) << round;
  }
  EXPECT_FALSE(watch.stalled(0, 2'000, 3h));
  EXPECT_FALSE(watch.stalled(20, 2'000, 4h));
  EXPECT_TRUE(watch.stalled(20, 2'000, 4h + 30s));
}

TEST(PeerMemory, WhatIsKeptForWantsHasABoundOfItsOwn) {
  const auto memory = std::make_shared<PeerMemory>();
  {
    PeerMemory::Account account(memory);
    const std::size_t most = PeerMemory::Bounds{}.kept;
    EXPECT_EQ(most, std::size_t{4} << 20);
    EXPECT_TRUE(account.keep(most));
    EXPECT_FALSE(account.keep(1));
    EXPECT_EQ(account.held(), most) << "what was refused is not counted";
    EXPECT_EQ(memory->total(), most);
    account.prove();
    EXPECT_EQ(account.charge(PeerMemory::Bounds{}.peer - PeerMemory::kOverhead), PeerMemory::Verdict::fits);
    account.drop(1);
    EXPECT_TRUE(account.keep(1));
    EXPECT_FALSE(account.keep(1));
  }
  EXPECT_EQ(memory->total(), 0U) << "given back with the connection";
}

TEST(PeerMemory, WhatIsKeptCountsForAllPeers) {
  const auto memory = std::make_shared<PeerMemory>(PeerMemory::Bounds{.kept = 10'000, .all = 15'000});
  PeerMemory::Account first(memory);
  PeerMemory::Account second(memory);
  EXPECT_TRUE(first.keep(10'000));
  EXPECT_TRUE(second.keep(5'000));
  EXPECT_FALSE(second.keep(1));
}

}  // namespace
}  // namespace shoal::replication
