#include "topic/partitioner.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

#include <set>

namespace shoal::topic {
namespace {

std::int32_t murmur2_of(std::string_view text) { return murmur2(base::as_bytes(text)); }

// Kafka's own vectors: UtilsTest.testMurmur2.
TEST(Murmur2, GivesKafkasHashes) {
  EXPECT_EQ(murmur2_of("21"), -973932308);
  EXPECT_EQ(murmur2_of("foobar"), -790332482);
  EXPECT_EQ(murmur2_of("a-little-bit-long-string"), -985981536);
  EXPECT_EQ(murmur2_of("a-little-bit-longer-string"), -1486304829);
  EXPECT_EQ(murmur2_of("lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8"), -58897971);
  EXPECT_EQ(murmur2_of("abc"), 479470107);
}

TEST(Partitioner, ChoosesByKeyAsKafkaDoes) {
  base::SeededRandom random(1);
  Partitioner partitioner(random);
  const auto choose = [&](std::string_view key, std::uint32_t count) {
    return partitioner.choose("topic", base::as_bytes(key), count).value();
  };
  // toPositive(murmur2(key)) % partitions, worked out by hand from the vectors above.
  EXPECT_EQ(choose("21", 7), (-973932308 & 0x7fffffff) % 7);
  EXPECT_EQ(choose("abc", 1000), 479470107 % 1000);
  EXPECT_EQ(choose("foobar", 1), 0);
}

TEST(Partitioner, EqualKeysMeetInOnePartitionWhateverWasSealed) {
  base::SeededRandom random(2);
  Partitioner partitioner(random);
  const Partition first = partitioner.choose("t", base::as_bytes("key"), 16);
  for (int i = 0; i < 100; ++i) {
    partitioner.on_batch_sealed("t");
    EXPECT_EQ(partitioner.choose("t", base::as_bytes("key"), 16), first);
  }
}

TEST(Partitioner, AnEmptyKeyIsAKey) {
  base::SeededRandom random(3);
  Partitioner partitioner(random);
  const Partition first = partitioner.choose("t", ByteView{}, 64);
  for (int i = 0; i < 50; ++i) {
    partitioner.on_batch_sealed("t");
    EXPECT_EQ(partitioner.choose("t", ByteView{}, 64), first);
  }
}

TEST(Partitioner, StaysOnOnePartitionUntilItsBatchIsSealed) {
  base::SeededRandom random(4);
  Partitioner partitioner(random);
  std::set<Partition> used;
  for (int batch = 0; batch < 200; ++batch) {
    const Partition chosen = partitioner.choose("t", std::nullopt, 8);
    used.insert(chosen);
    for (int i = 0; i < 10; ++i) ASSERT_EQ(partitioner.choose("t", std::nullopt, 8), chosen);
    partitioner.on_batch_sealed("t");
  }
  EXPECT_EQ(used.size(), 8U);
}

TEST(Partitioner, SealingOneTopicLeavesTheOthers) {
  base::SeededRandom random(5);
  Partitioner partitioner(random);
  const Partition kept = partitioner.choose("kept", std::nullopt, 1000);
  for (int i = 0; i < 20; ++i) {
    partitioner.on_batch_sealed("other");
    EXPECT_EQ(partitioner.choose("kept", std::nullopt, 1000), kept);
  }
}

}  // namespace
}  // namespace shoal::topic
