#include "node/feeds/mirror_acks.h"

#include "node/api/acks_text.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

PublicKey key(std::uint8_t fill) {
  PublicKey out;
  out.bytes.fill(fill);
  return out;
}

feed::Receipt receipt(std::uint8_t mirror, std::uint64_t tree_size, std::vector<std::string> topics = {}) {
  feed::Receipt out;
  out.node_key = key(mirror);
  out.tree_size = tree_size;
  out.topics = std::move(topics);
  return out;
}

MirrorAcks::Run run(std::uint64_t block, const std::string& topic = "us", std::int64_t first = 0) {
  return {{topic, Partition(0), Offset(first), Offset(first)}, BlockIndex(block), UnixMs(1000), 10};
}

std::vector<std::uint64_t> blocks(const std::vector<MirrorAcks::Run>& runs) {
  std::vector<std::uint64_t> out;
  for (const MirrorAcks::Run& one : runs) out.push_back(one.block.value());
  return out;
}

using Blocks = std::vector<std::uint64_t>;

TEST(MirrorAcks, SoManyDistinctMirrorsAcknowledge) {
  MirrorAcks acks({.count = 2, .named = {}});
  for (std::uint64_t block = 1; block < 6; ++block) acks.add(run(block));
  EXPECT_EQ(blocks(acks.take({receipt(1, 9)}, Epoch(0))), Blocks());
  auto taken = acks.take({receipt(1, 9), receipt(2, 3)}, Epoch(0));
  EXPECT_EQ(blocks(taken), (Blocks{1, 2}));
  EXPECT_EQ(taken[0].records.mirrors, 2U);
  // The second largest size counts, whoever has it.
  taken = acks.take({receipt(1, 4), receipt(2, 3), receipt(3, 6)}, Epoch(0));
  EXPECT_EQ(blocks(taken), Blocks{3});
  EXPECT_FALSE(acks.empty());
  EXPECT_EQ(blocks(acks.take({receipt(1, 6), receipt(3, 6)}, Epoch(0))), (Blocks{4, 5}));
  EXPECT_TRUE(acks.empty());
}

TEST(MirrorAcks, EachNamedMirrorAcknowledgesAndNoOtherCounts) {
  MirrorAcks acks({.count = 0, .named = {key(1), key(2)}});
  acks.add(run(1));
  EXPECT_TRUE(acks.take({receipt(1, 9), receipt(3, 9), receipt(4, 9)}, Epoch(0)).empty());
  EXPECT_TRUE(acks.take({receipt(1, 1), receipt(2, 9)}, Epoch(0)).empty());
  EXPECT_EQ(blocks(acks.take({receipt(1, 2), receipt(2, 9)}, Epoch(0))), Blocks{1});
}

TEST(MirrorAcks, AMirrorOfSomeTopicsCountsForThese) {
  MirrorAcks acks({.count = 1, .named = {}});
  acks.add(run(1, "eu"));
  acks.add(run(2, "us"));
  acks.add(run(3, "eu", 1));
  EXPECT_EQ(blocks(acks.take({receipt(1, 9, {"us"})}, Epoch(0))), Blocks{2});
  EXPECT_EQ(blocks(acks.take({receipt(1, 9, {"eu", "us"})}, Epoch(0))), (Blocks{1, 3}));
}

TEST(MirrorAcks, WhatAMirrorDropsByAgeItDoesNotAcknowledge) {
  MirrorAcks acks({.count = 1, .named = {}});
  acks.add(run(1));
  feed::Receipt young = receipt(1, 9);
  young.oldest = UnixMs(1001);
  EXPECT_TRUE(acks.take({young}, Epoch(0)).empty());
  young.oldest = UnixMs(1000);
  EXPECT_EQ(acks.take({young}, Epoch(0)).size(), 1U);
}

TEST(MirrorAcks, APartitionIsAcknowledgedInOrder) {
  MirrorAcks acks({.count = 1, .named = {}});
  auto dropped = run(1);
  dropped.appended = UnixMs(5);
  acks.add(dropped);
  acks.add(run(2, "us", 1));
  feed::Receipt young = receipt(1, 9);
  young.oldest = UnixMs(1000);
  EXPECT_TRUE(acks.take({young}, Epoch(0)).empty());
}

TEST(MirrorAcks, AnotherEpochCountsForNothing) {
  MirrorAcks acks({.count = 1, .named = {}});
  acks.add(run(1));
  EXPECT_TRUE(acks.take({receipt(1, 9)}, Epoch(1)).empty());
}

TEST(AcksText, ReadsAndWritesEachKind) {
  for (const char* text : {"none", "durable", "1", "64", "backup", "mine,backup", "a1,b-2,c.3"}) {
    const auto acks = parse_acks(text);
    ASSERT_TRUE(acks.ok()) << text;
    EXPECT_EQ(acks_text(*acks), text);
  }
  EXPECT_EQ(parse_acks("2")->count, 2U);
  EXPECT_EQ(parse_acks("mine,backup")->names, (std::vector<std::string>{"mine", "backup"}));
}

TEST(AcksText, RefusesWhatNamesNobody) {
  for (const char* text :
       {"", "0", "65", "-1", "99999999999999999999", "a,", ",a", "a,,b", "a b", "a,2", "/etc", "1,2"}) {
    EXPECT_FALSE(parse_acks(text).ok()) << text;
  }
}

}  // namespace
}  // namespace shoal::node
