#include "feed/bundle/bundle_frame.h"

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

Bytes encode_run(const BundleRun& run) {
  RunHead head{run.base, {}, run.cover};
  for (const IncomingBlock& block : run.blocks) {
    head.blocks.push_back({block.index, block.header, block.payload ? PayloadMark::here : PayloadMark::absent, 0});
  }
  Bytes body = encode_run_head(head);
  for (const IncomingBlock& block : run.blocks) {
    if (block.payload) base::append(body, *block.payload);
  }
  return body;
}

TEST(BundleFrame, HeaderIsStrict) {
  const Bytes frame = encode_frame_header(FrameType::run, 3);
  EXPECT_EQ(base::to_hex(frame), "0300000003");
  const auto decoded = decode_frame_header(ByteView(frame).first(kFrameHeaderSize));
  ASSERT_TRUE(decoded.ok());
  EXPECT_EQ(decoded->type, FrameType::run);
  EXPECT_EQ(decoded->size, 3U);
  EXPECT_FALSE(decode_frame_header(Bytes{0, 0, 0, 0, 0}).ok());
  EXPECT_FALSE(decode_frame_header(Bytes{6, 0, 0, 0, 0}).ok());
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
  const std::size_t count = kRunPrefixSize + 8;
  const std::size_t mark = count + 2 + 8 + 2 + sample.first.size();
  ASSERT_EQ(body[mark], 1);
  body[mark] = 3;
  EXPECT_FALSE(decode_run(body).ok()) << "a mark of 3";
  body[mark] = 2;
  EXPECT_FALSE(decode_run(body).ok()) << "a payload that its mark denies";
  body = encode_run(sample.run());
  body[count] = 1, body[count + 1] = 1;
  EXPECT_FALSE(decode_run(body).ok()) << "257 blocks";
  body = encode_run(sample.run());
  ++body[3];
  EXPECT_FALSE(decode_run(body).ok()) << "a head of another size";
}

TEST(BundleRun, BytesAreReadOneWayOrNotAtAll) {
  const Bytes body = encode_run(SampleRun{}.run());
  const bool held = rc::check("what decodes encodes to the same bytes", [&body] {
    Bytes changed = body;
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      changed[*rc::gen::inRange<std::size_t>(0, changed.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    if (const auto decoded = decode_run(changed); decoded.ok())
      RC_ASSERT(encode_run(*decoded).size() == changed.size());
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

TEST(BundleBase, DecodesStrictly) {
  merkle::RightEdge edge;
  for (int i = 0; i < 5; ++i) edge.append_leaf(Digest{});
  Bytes body = encode_base(edge);
  EXPECT_EQ(decode_base(body).value(), edge);
  EXPECT_EQ(decode_base(encode_base({})).value(), merkle::RightEdge{});
  EXPECT_FALSE(decode_base(ByteView(body).first(body.size() - 1)).ok());
  body.push_back(0);
  EXPECT_FALSE(decode_base(body).ok());
  EXPECT_FALSE(decode_base(Bytes(8, 0xff)).ok());
}

TEST(BundleEnd, DecodesStrictly) {
  const BundleEnd end{5, 3, 9, UnixMs{-4}, UnixMs{7}, {"ak", "us"}};
  Bytes body = encode_end(end);
  body.resize(body.size() + kBundleDigestSize);
  EXPECT_EQ(decode_end(body).value(), end);
  for (std::size_t size = 0; size < body.size(); ++size) EXPECT_FALSE(decode_end(ByteView(body).first(size)).ok());
  body.push_back(0);
  EXPECT_FALSE(decode_end(body).ok());
  for (const std::vector<std::string>& topics :
       {std::vector<std::string>{"us", "ak"}, {"us", "us"}, {""}, {"no/topic"}, {".."}}) {
    Bytes bad = encode_end({5, 3, 9, UnixMs{-4}, UnixMs{7}, topics});
    bad.resize(bad.size() + kBundleDigestSize);
    EXPECT_FALSE(decode_end(bad).ok());
  }
}

TEST(BundleEnd, TellsWhatIsClaimed) {
  BundleEnd end;
  EXPECT_TRUE(end.is_whole());
  EXPECT_TRUE(end.selects({"any", Partition{0}}));
  end.topics = {"ak", "us"};
  EXPECT_FALSE(end.is_whole());
  EXPECT_TRUE(end.selects({"us", Partition{3}}));
  EXPECT_TRUE(end.selects({"", Partition{0}}));
  EXPECT_FALSE(end.selects({"ci", Partition{0}}));
  const Bytes payload = filled(4);
  const BlockHeader header = data_header(TopicState{}, {"us", Partition{0}}, 1, payload, UnixMs{10}, UnixMs{20});
  for (const auto& [from, before, wanted] :
       {std::tuple{10, 20, true}, {20, 21, true}, {21, 30, false}, {0, 10, false}, {0, 11, true}}) {
    end.from = UnixMs{from};
    end.before = UnixMs{before};
    EXPECT_EQ(end.wants_payload(header), wanted) << from;
  }
}

}  // namespace
}  // namespace shoal::feed
