#include "topic/cursor.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::topic {
namespace {

Mark mark(std::uint64_t block, std::uint32_t record) { return {BlockIndex(block), record}; }
TopicPartition stream(std::string topic, std::int32_t partition) { return {std::move(topic), Partition(partition)}; }

TEST(Cursor, HasAStableTextForm) {
  Cursor cursor{Epoch(3), mark(17, 4), {}};
  EXPECT_EQ(encode_cursor(cursor), "1:3:17:4");
  cursor.ahead[stream("us", 1)] = mark(20, 0);
  cursor.ahead[stream("ak.x-y_z", 0)] = mark(18, 65535);
  EXPECT_EQ(encode_cursor(cursor), "1:3:17:4,ak.x-y_z/0=18:65535,us/1=20:0");
  EXPECT_EQ(encode_cursor(Cursor{}), "1:0:0:0");
}

TEST(Cursor, LeavesOutPartitionsThatAreNotAhead) {
  Cursor cursor{Epoch(0), mark(17, 4), {}};
  cursor.ahead[stream("same", 0)] = mark(17, 4);
  cursor.ahead[stream("behind", 0)] = mark(3, 9);
  EXPECT_EQ(encode_cursor(cursor), "1:0:17:4");
  EXPECT_EQ(cursor.mark_of(stream("behind", 0)), mark(17, 4));
}

TEST(Cursor, TellsTheMarkOfEachPartition) {
  Cursor cursor{Epoch(0), mark(5, 0), {}};
  cursor.ahead[stream("us", 1)] = mark(20, 3);
  EXPECT_EQ(cursor.mark_of(stream("us", 1)), mark(20, 3));
  EXPECT_EQ(cursor.mark_of(stream("us", 0)), mark(5, 0));
}

Cursor any_cursor() {
  const auto any_mark = [] {
    const auto block = *rc::gen::oneOf(rc::gen::inRange<std::uint64_t>(0, 100), rc::gen::arbitrary<std::uint64_t>());
    return mark(block, *rc::gen::arbitrary<std::uint32_t>());
  };
  Cursor cursor{Epoch(*rc::gen::arbitrary<std::uint32_t>()), any_mark(), {}};
  const std::size_t count = *rc::gen::inRange<std::size_t>(0, 6);
  for (std::size_t i = 0; i < count; ++i) {
    const auto topic =
        *rc::gen::nonEmpty(rc::gen::container<std::string>(rc::gen::elementOf(std::string("abzAZ09._-"))));
    const Mark ahead = any_mark();
    if (ahead > cursor.common) cursor.ahead[stream(topic, *rc::gen::inRange<std::int32_t>(0, 65536))] = ahead;
  }
  return cursor;
}

TEST(Cursor, ComesBackFromItsToken) {
  rc::check([] {
    const Cursor cursor = any_cursor();
    const auto back = decode_cursor(encode_cursor(cursor));
    RC_ASSERT(back.ok());
    RC_ASSERT(back.value() == cursor);
  });
}

TEST(Cursor, TakesNoTokenThatItDoesNotMake) {
  for (const char* bad : {"",
                          "1",
                          "1:",
                          "1:0",
                          "1:0:0",
                          "1:0:0:",
                          ":0:0:0",
                          "2:0:0:0",
                          "01:0:0:0",
                          "1:00:0:0",
                          "1:0:0:00",
                          "1:0:-1:0",
                          "1:0:+1:0",
                          "1:0: 1:0",
                          "1:0:1:0 ",
                          "1:0:1:0\n",
                          "1:0:1:0,",
                          "1:0:1:0,us",
                          "1:0:1:0,us/",
                          "1:0:1:0,us/0",
                          "1:0:1:0,us/0=",
                          "1:0:1:0,us/0=5",
                          "1:0:1:0,us/0=5:",
                          "1:0:1:0,us/-1=5:0",
                          "1:0:1:0,us/0=5:0,",
                          "1:0:1:0;us/0=5:0",
                          "1:0:18446744073709551616:0",
                          "1:4294967296:0:0",
                          "1:0:0:4294967296",
                          "x",
                          "1:0:1:0,us/0=5:0,us/0=6:0",
                          "1:0:1:0,us/0=5:0,ak/0=6:0",
                          "1:0:9:0,us/0=5:0",
                          "1:0:1:0,/0=5:0"}) {
    const auto cursor = decode_cursor(bad);
    ASSERT_FALSE(cursor.ok()) << bad;
    EXPECT_EQ(cursor.error().code, Code::invalid_argument);
  }
}

TEST(Cursor, AMutatedTokenIsRefusedOrIsTheTokenOfWhatItGives) {
  rc::check([] {
    std::string token = encode_cursor(any_cursor());
    const std::size_t at = *rc::gen::inRange<std::size_t>(0, token.size());
    token[at] = *rc::gen::elementOf(std::string("0123456789:,/=-a \0", 18));
    const auto cursor = decode_cursor(token);
    if (cursor.ok()) RC_ASSERT(encode_cursor(cursor.value()) == token);
  });
}

}  // namespace
}  // namespace shoal::topic
