#include "node/feeds/sender_accounts.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shoal::node {
namespace {

const TopicPartition kStream{"t", Partition(0)};

feed::CommittedBlock block(std::int64_t first, std::uint32_t count, std::uint64_t index = 1) {
  feed::CommittedBlock made;
  made.index = BlockIndex(index);
  made.stream = kStream;
  made.base_offset = Offset(first);
  made.record_count = count;
  return made;
}

/// `sender:first-last+bytes` of each, sorted as given.
std::string text(const std::vector<SenderAccounts::Ack>& acks) {
  std::string out;
  for (const auto& ack : acks) {
    if (!out.empty()) out += " ";
    out += std::to_string(ack.sender) + ":";
    if (ack.sender != 0) out += std::to_string(ack.run.first.value()) + "-" + std::to_string(ack.run.last.value());
    out += "+" + std::to_string(ack.bytes);
  }
  return out;
}

std::string make_durable(SenderAccounts& accounts, const feed::CommittedBlock& committed, std::size_t bytes) {
  std::vector<SenderAccounts::Ack> acks;
  accounts.make_durable(committed, bytes, acks);
  const std::string out = text(acks);
  for (const auto& ack : acks) accounts.acknowledge(ack);
  return out;
}

feed::Receipt receipt(std::uint64_t tree_size) {
  feed::Receipt made;
  made.node_key.bytes.fill(1);
  made.tree_size = tree_size;
  return made;
}

TEST(SenderAccounts, CountsOfEachSender) {
  SenderAccounts accounts;
  const auto one = accounts.open({});
  const auto two = accounts.open({});
  accounts.take(one, kStream, Offset(0), 1);
  accounts.take(two, kStream, Offset(1), 3);
  EXPECT_EQ(accounts.counts(two).taken, 3U);
  EXPECT_EQ(make_durable(accounts, block(0, 4), 100), "1:0-0+0 2:1-3+100");
  EXPECT_EQ(accounts.counts(one).acked, 1U);
  EXPECT_EQ(accounts.counts(two).acked, 3U);
  EXPECT_EQ(accounts.counts(two).durable, 3U);
  EXPECT_FALSE(accounts.counts(two).mirrors);
  EXPECT_EQ(accounts.counts(99).taken, 0U);
}

TEST(SenderAccounts, OneThatLeftIsToldNothing) {
  SenderAccounts accounts;
  const auto one = accounts.open({});
  const auto two = accounts.open({});
  accounts.take(one, kStream, Offset(0), 1);
  accounts.take(two, kStream, Offset(1), 1);
  EXPECT_EQ(accounts.close(one), 0U);
  EXPECT_FALSE(accounts.contains(one));
  EXPECT_EQ(make_durable(accounts, block(0, 2), 100), "2:1-1+100");
  accounts.take(two, kStream, Offset(2), 1);
  EXPECT_EQ(accounts.close(two), 0U);
  EXPECT_TRUE(accounts.empty());
  // The room of its block goes back all the same.
  EXPECT_EQ(make_durable(accounts, block(2, 1), 100), "0:+100");
}

TEST(SenderAccounts, MirrorsAreWaitedForBySenderThatAsked) {
  SenderAccounts accounts;
  const auto plain = accounts.open({});
  EXPECT_FALSE(accounts.waits_for_mirrors());
  const auto careful = accounts.open({.count = 1, .named = {}});
  EXPECT_TRUE(accounts.waits_for_mirrors());
  accounts.take(careful, kStream, Offset(0), 2);
  accounts.take(plain, kStream, Offset(2), 1);
  // The room goes back with what waits longest.
  EXPECT_EQ(make_durable(accounts, block(0, 3), 100), "1:2-2+0");
  EXPECT_EQ(accounts.counts(careful).durable, 2U);
  EXPECT_EQ(accounts.counts(careful).acked, 0U);
  EXPECT_EQ(text(accounts.take_mirrored({receipt(1)}, Epoch(0))), "");
  const auto acks = accounts.take_mirrored({receipt(2)}, Epoch(0));
  EXPECT_EQ(text(acks), "2:0-1+100");
  EXPECT_EQ(acks[0].run.level, Acks::Level::mirrors);
  EXPECT_EQ(acks[0].run.mirrors, 1U);
  accounts.acknowledge(acks[0]);
  EXPECT_EQ(accounts.counts(careful).acked, 2U);
  EXPECT_EQ(accounts.counts(careful).durable, 2U);
}

TEST(SenderAccounts, OneThatLeavesGivesTheRoomBackThatItKept) {
  SenderAccounts accounts;
  const auto careful = accounts.open({.count = 1, .named = {}});
  accounts.take(careful, kStream, Offset(0), 2);
  EXPECT_EQ(make_durable(accounts, block(0, 2), 100), "");
  EXPECT_EQ(accounts.close(careful), 100U);
  EXPECT_FALSE(accounts.waits_for_mirrors());
  EXPECT_EQ(accounts.close(careful), 0U);
}

TEST(SenderAccounts, WhatWasTakenCanBeForgotten) {
  SenderAccounts accounts;
  const auto one = accounts.open({});
  accounts.take(one, kStream, Offset(0), 2);
  accounts.forget_taken();
  accounts.take(one, kStream, Offset(5), 1);
  EXPECT_EQ(make_durable(accounts, block(5, 1), 7), "1:5-5+7");
}

TEST(SenderAccounts, ACallbackIsTheSendersOwn) {
  SenderAccounts accounts;
  const auto one = accounts.open({});
  int called = 0;
  accounts.set_callback(one, [&](const AckRun&) { ++called; });
  accounts.set_callback(99, [&](const AckRun&) { called += 100; });
  EXPECT_FALSE(accounts.callback(99));
  accounts.callback(one)({});
  EXPECT_EQ(called, 1);
  std::ignore = accounts.close(one);
  EXPECT_FALSE(accounts.callback(one));
}

}  // namespace
}  // namespace shoal::node
