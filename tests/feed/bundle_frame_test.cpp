#include "feed/bundle_frame.h"

#include "feed/sample_feed.h"

#include <rapidcheck.h>

namespace shoal::feed {
namespace {

using testing::data_header;
using testing::filled;

struct SampleRun {
  Bytes payload = filled(40);
  Bytes first = encode_header(data_header(TopicState{}, {"t", Partition{0}}, 2, payload, UnixMs{1}, UnixMs{2}));
  Bytes second = encode_header(data_header(TopicState{}, {"u", Partition{0}}, 1, payload, UnixMs{1}, UnixMs{2}));

  [[nodiscard]] BundleRun run() const {
    return {4, {{BlockIndex{4}, first, ByteView(payload)}, {BlockIndex{9}, second, {}}}, {Digest{}, Digest{}}};
  }
};

TEST(BundleFrame, HeaderIsStrict) {
  const Bytes frame = encode_frame(FrameType::run, Bytes{1, 2, 3});
  EXPECT_EQ(base::to_hex(frame),
            "02"
            "00000003"
            "010203");
  const auto decoded = decode_frame_header(ByteView(frame).first(kFrameHeaderSize));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->type, FrameType::run);
  EXPECT_EQ(decoded->size, 3U);
  EXPECT_FALSE(decode_frame_header(Bytes{0, 0, 0, 0, 0}).ok());
  EXPECT_FALSE(decode_frame_header(Bytes{5, 0, 0, 0, 0}).ok());
  EXPECT_TRUE(decode_frame_header(Bytes{2, 0x00, 0xc0, 0x00, 0x00}).ok());
  EXPECT_FALSE(decode_frame_header(Bytes{2, 0x00, 0xc0, 0x00, 0x01}).ok());
  EXPECT_FALSE(decode_frame_header(Bytes{2, 0, 0, 0}).ok());
}

TEST(BundleRun, DecodesWhatItEncodes) {
  const SampleRun sample;
  const BundleRun run = sample.run();
  const Bytes body = encode_run(run);
  const auto decoded = decode_run(body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->base, 4U);
  EXPECT_EQ(decoded->cover, run.cover);
  ASSERT_EQ(decoded->blocks.size(), 2U);
  EXPECT_EQ(decoded->blocks[1].index, BlockIndex{9});
  EXPECT_EQ(Bytes(decoded->blocks[0].header.begin(), decoded->blocks[0].header.end()), sample.first);
  EXPECT_EQ(Bytes(decoded->blocks[0].payload->begin(), decoded->blocks[0].payload->end()), sample.payload);
  EXPECT_FALSE(decoded->blocks[1].payload.has_value());
  EXPECT_EQ(encode_run(*decoded), body);
}

TEST(BundleRun, RejectsAnyTruncationAndBytesLeftOver) {
  Bytes body = encode_run(SampleRun{}.run());
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(decode_run(ByteView(body).first(size)).ok());
  body.push_back(0);
  EXPECT_FALSE(decode_run(body).ok());
}

TEST(BundleRun, RejectsWhatTheFormatForbids) {
  const SampleRun sample;
  const auto rejected = [](BundleRun run) { return !decode_run(encode_run(run)).ok(); };
  BundleRun run = sample.run();
  EXPECT_FALSE(rejected(run));
  run.base = 5;
  EXPECT_TRUE(rejected(run)) << "a block before the base";
  run = sample.run();
  run.blocks[1].index = BlockIndex{4};
  EXPECT_TRUE(rejected(run)) << "a block twice";
  run.blocks[1].index = BlockIndex{3};
  EXPECT_TRUE(rejected(run)) << "blocks out of order";

  Bytes body = encode_run(sample.run());
  body[8 + 2 + 8 + 2 + sample.first.size()] = 2;
  EXPECT_FALSE(decode_run(body).ok()) << "a payload flag of 2";
  body = encode_run(sample.run());
  body[8] = body[9] = 0;
  EXPECT_FALSE(decode_run(body).ok()) << "no blocks";
  body[8] = 1, body[9] = 1;
  EXPECT_FALSE(decode_run(body).ok()) << "257 blocks";
}

TEST(BundleRun, BytesAreReadOneWayOrNotAtAll) {
  const Bytes body = encode_run(SampleRun{}.run());
  const bool held = rc::check("what decodes encodes to the same bytes", [&body] {
    Bytes changed = body;
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      changed[*rc::gen::inRange<std::size_t>(0, changed.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    if (const auto decoded = decode_run(changed); decoded.ok()) RC_ASSERT(encode_run(*decoded) == changed);
  });
  EXPECT_TRUE(held);
}

TEST(BundleRun, LimitsThePayloadsOfARun) {
  const Bytes half = filled(kMaxPayloadSize / 2);
  const Bytes header = encode_header(data_header(TopicState{}, {"t", Partition{0}}, 2, half, UnixMs{1}, UnixMs{2}));
  const Bytes one = filled(1);
  const Bytes small = encode_header(data_header(TopicState{}, {"t", Partition{0}}, 2, one, UnixMs{1}, UnixMs{2}));
  BundleRun run{0, {{BlockIndex{0}, header, ByteView(half)}, {BlockIndex{1}, header, ByteView(half)}}, {}};
  EXPECT_TRUE(decode_run(encode_run(run)).ok());
  run.blocks.push_back({BlockIndex{2}, small, ByteView(one)});
  EXPECT_FALSE(decode_run(encode_run(run)).ok());
}

TEST(BundleTopicEntries, DecodeStrictly) {
  const std::vector<BundleTopicEntry> entries = {
      {0, {{}, Offset{1}, BlockIndex{0}, kNoTime}, {Digest{}}},
      {7, {{"us", Partition{2}}, Offset{258}, BlockIndex{9}, UnixMs{77}}, {}},
  };
  Bytes body = encode_topic_entries(entries);
  const auto decoded = decode_topic_entries(body);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  ASSERT_EQ(decoded->size(), 2U);
  EXPECT_EQ((*decoded)[1].entry, entries[1].entry);
  EXPECT_EQ((*decoded)[0].path, entries[0].path);
  for (std::size_t size = 0; size < body.size(); ++size) {
    EXPECT_FALSE(decode_topic_entries(ByteView(body).first(size)).ok());
  }
  body.push_back(0);
  EXPECT_FALSE(decode_topic_entries(body).ok());
  EXPECT_FALSE(decode_topic_entries(Bytes{0, 0}).ok());
}

TEST(BundleTotals, DecodeStrictly) {
  const Bytes body = encode_totals({5, 3});
  EXPECT_EQ(decode_totals(body).value(), (BundleTotals{5, 3}));
  EXPECT_FALSE(decode_totals(ByteView(body).first(15)).ok());
}

}  // namespace
}  // namespace shoal::feed
