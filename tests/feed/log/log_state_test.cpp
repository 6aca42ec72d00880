#include "feed/log/log_state.h"

#include <gtest/gtest.h>

namespace shoal::feed {
namespace {

/// Two records of ten bytes from offset 4 on.
BlockHeader header() {
  BlockHeader out;
  out.base_offset = Offset{4};
  out.record_count = 2;
  out.payload_size = 10;
  out.running_largest_time = UnixMs{70};
  return out;
}

TEST(PartitionState, TheLastHeldBlockGivesTheEnd) {
  PartitionState state;
  state.note_header(header(), BlockIndex{8});
  EXPECT_EQ(state.last_held, BlockIndex{8});
  EXPECT_EQ(state.held_end, Offset{6});
  EXPECT_EQ(state.largest_held, UnixMs{70});
  BlockHeader other = header();
  other.base_offset = Offset{40};
  for (const std::uint64_t block : {7U, 8U}) {
    state.note_header(other, BlockIndex{block});
    EXPECT_EQ(state.held_end, Offset{6}) << "it is older or the same";
  }
  state.note_header(other, BlockIndex{9});
  EXPECT_EQ(state.last_held, BlockIndex{9});
  EXPECT_EQ(state.held_end, Offset{42});
}

TEST(PartitionState, APayloadAtTheWatermarkRaisesIt) {
  PartitionState state;
  state.high_watermark = Offset{3};
  state.note_payload(header());
  EXPECT_EQ(state.high_watermark, Offset{3});
  EXPECT_EQ(state.payload_bytes, 10U);
  state.high_watermark = Offset{4};
  state.note_payload(header());
  EXPECT_EQ(state.high_watermark, Offset{6});
  EXPECT_EQ(state.payload_bytes, 20U);
}

TEST(PartitionState, ALostPayloadTakesTheWatermarkBackToIt) {
  PartitionState state;
  state.payload_bytes = 15;
  state.high_watermark = Offset{9};
  state.lose_payload(header());
  EXPECT_EQ(state.high_watermark, Offset{4});
  EXPECT_EQ(state.payload_bytes, 5U);
  state.high_watermark = Offset{2};
  state.lose_payload(header());
  EXPECT_EQ(state.high_watermark, Offset{2}) << "it is behind the block";
  EXPECT_EQ(state.payload_bytes, 0U) << "never below";
}

TEST(PartitionState, TheWatermarkIsNeverBeforeTheLogStart) {
  PartitionState state;
  state.log_start = Offset{5};
  state.high_watermark = Offset{6};
  state.lose_payload(header());
  EXPECT_EQ(state.high_watermark, Offset{5});
}

}  // namespace
}  // namespace shoal::feed
