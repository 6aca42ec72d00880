#include "feed/format/block.h"

#include "feed/sample_feed.h"
#include "merkle/tree_hash.h"

#include <rapidcheck.h>

namespace shoal::feed {
namespace {

using testing::data_header;
using testing::filled;
using testing::reserved_header;

BlockHeader sample_data() {
  BlockHeader header = data_header(TopicState{}, {"us.west", Partition{3}}, 12, filled(70000), UnixMs{-5}, UnixMs{90});
  header.previous = BlockIndex{41};
  header.base_offset = Offset{1000};
  header.running_largest_time = UnixMs{95};
  return header;
}

TEST(BlockHeader, HasTheDocumentedLayout) {
  const Bytes bytes = encode_header(sample_data());
  ASSERT_EQ(bytes.size(), kMinHeaderSize + 7);
  EXPECT_EQ(base::to_hex(ByteView(bytes).first(64)),
            "01010000"
            "00000003"
            "000000000000002a"
            "00000000000003e8"
            "0000000c"
            "00011170"
            "0000018bcfe56800"
            "fffffffffffffffb"
            "000000000000005a"
            "000000000000005f");
  EXPECT_EQ(base::to_hex(ByteView(bytes).subspan(96)), "07" + base::to_hex(base::as_bytes("us.west")));
}

TEST(BlockHeader, DecodesWhatItEncodes) {
  BlockHeader extended = sample_data();
  extended.extension = filled(300);
  BlockHeader longest = sample_data();
  longest.stream.topic = std::string(kMaxTopicLength, 'x');
  longest.extension = filled(kMaxHeaderSize - kMinHeaderSize - kMaxTopicLength);
  BlockHeader unknown = reserved_header(TopicState{}, BlockKind::epoch, filled(10));
  unknown.kind = 200;
  for (const BlockHeader& header :
       {sample_data(), extended, longest, unknown, reserved_header(TopicState{}, BlockKind::manifest, filled(10))}) {
    const auto decoded = decode_header(encode_header(header));
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(*decoded, header);
  }
}

TEST(BlockHeader, EveryBitIsPartOfTheLeafHashAndReadOneWayOnly) {
  BlockHeader header = sample_data();
  header.extension = filled(5);
  const Bytes bytes = encode_header(header);
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
    EXPECT_NE(header_leaf(flipped), header_leaf(bytes));
    if (const auto decoded = decode_header(flipped); decoded.ok()) {
      EXPECT_NE(*decoded, header);
      EXPECT_EQ(encode_header(*decoded), flipped);
    }
  }
}

TEST(BlockHeader, RejectsAnyTruncation) {
  const Bytes bytes = encode_header(sample_data());
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_header(ByteView(bytes).first(size)).ok()) << size;
  }
  EXPECT_FALSE(decode_header(Bytes(kMaxHeaderSize + 1, 0)).ok());
}

/// Bytes of a legal header with some of them overwritten.
Bytes patched(const BlockHeader& header, std::size_t offset, const Bytes& with) {
  Bytes bytes = encode_header(header);
  std::copy(with.begin(), with.end(), bytes.begin() + static_cast<std::ptrdiff_t>(offset));
  return bytes;
}

struct IllegalHeader {
  const char* what;
  std::size_t offset;
  Bytes with;
};

TEST(BlockHeader, RejectsFieldsThatContradictTheFormat) {
  const Bytes zeros(8, 0), ones(8, 0xff), minimum{0x80, 0, 0, 0, 0, 0, 0, 0},
      maximum{0x7f, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
  const std::vector<IllegalHeader> cases = {
      {"version 0", 0, {0}},
      {"version 2", 0, {2}},
      {"kind 0", 1, {0}},
      {"a manifest with a topic", 1, {2}},
      {"unknown kind with a topic", 1, {9}},
      {"flags", 2, {0, 1}},
      {"partition 65536", 4, {0, 1, 0, 0}},
      {"base offset without previous block", 8, zeros},
      {"previous block above the limit", 8, ones},
      {"previous block without base offset", 16, zeros},
      {"negative base offset", 16, ones},
      {"base offset that overflows", 16, maximum},
      {"no records", 24, {0, 0, 0, 0}},
      {"payload above 8 MiB", 28, {0, 0x80, 0, 1}},
      {"negative append time", 32, minimum},
      {"smallest above largest", 40, maximum},
      {"largest below smallest", 48, minimum},
      {"running largest below largest", 56, minimum},
      {"topic longer than the header", 96, {250}},
      {"empty topic", 96, {0}},
      {"illegal character in the topic", 98, {'/'}},
  };
  for (const IllegalHeader& c : cases) {
    const auto decoded = decode_header(patched(sample_data(), c.offset, c.with));
    ASSERT_FALSE(decoded.ok()) << c.what;
    EXPECT_EQ(decoded.error().code, Code::unverified) << c.what;
  }
}

TEST(BlockHeader, RejectsReservedBlocksThatLookLikeData) {
  const BlockHeader manifest = reserved_header(TopicState{}, BlockKind::manifest, filled(10));
  const std::vector<IllegalHeader> cases = {
      {"data without a topic", 1, {1}},
      {"partition 1", 7, {1}},
      {"two records", 27, {2}},
      {"manifest above 64 KiB", 28, {0, 1, 0, 1}},
      {"smallest timestamp", 47, {0xfe}},
      {"largest timestamp", 55, {0xfe}},
      {"running largest timestamp", 63, {0xfe}},
  };
  for (const IllegalHeader& c : cases) {
    EXPECT_FALSE(decode_header(patched(manifest, c.offset, c.with)).ok()) << c.what;
  }
}

TEST(BlockHeader, BytesAreReadOneWayOrNotAtAll) {
  const bool held = rc::check("what decodes encodes to the same bytes", [] {
    BlockHeader header = sample_data();
    header.stream.topic = std::string(*rc::gen::inRange<std::size_t>(1, kMaxTopicLength + 1), 'x');
    header.record_count = *rc::gen::inRange(1U, 1U << 31);
    header.smallest_time = UnixMs{*rc::gen::inRange<std::int64_t>(-1000, 1000)};
    header.largest_time = header.smallest_time + *rc::gen::inRange<std::int64_t>(0, 1000);
    header.running_largest_time = header.largest_time + *rc::gen::inRange<std::int64_t>(0, 1000);
    header.extension = *rc::gen::resize(300, rc::gen::arbitrary<Bytes>());
    Bytes bytes = encode_header(header);
    RC_ASSERT(decode_header(bytes).value() == header);
    const int changes = *rc::gen::inRange(1, 4);
    for (int i = 0; i < changes; ++i) {
      bytes[*rc::gen::inRange<std::size_t>(0, bytes.size())] = *rc::gen::arbitrary<std::uint8_t>();
    }
    bytes.resize(bytes.size() - *rc::gen::inRange<std::size_t>(0, 3));
    if (const auto decoded = decode_header(bytes); decoded.ok()) RC_ASSERT(encode_header(*decoded) == bytes);
  });
  EXPECT_TRUE(held);
}

TEST(BlockHeader, AcceptsTopicNamesByKafkasRule) {
  for (const std::string& name :
       {std::string("a"), std::string("us.west_1-B"), std::string("..."), std::string(kMaxTopicLength, 'z')}) {
    EXPECT_TRUE(is_legal_topic(name)) << name;
  }
  for (const std::string& name :
       {std::string(), std::string("."), std::string(".."), std::string("a b"), std::string("a/b"),
        std::string("\xc3\xa9"), std::string("a\0b", 3), std::string(kMaxTopicLength + 1, 'z')}) {
    EXPECT_FALSE(is_legal_topic(name)) << name;
  }
}

TEST(Payload, RootIsTheTreeOver64KiBPieces) {
  EXPECT_EQ(payload_root({}), merkle::empty_root());
  const Bytes small = filled(100);
  EXPECT_EQ(payload_root(small), merkle::leaf_hash(small));
  const Bytes one = filled(kPieceSize);
  EXPECT_EQ(payload_root(one), merkle::leaf_hash(one));
  const Bytes three = filled(2 * kPieceSize + 1);
  const ByteView view(three);
  const Digest left = merkle::node_hash(merkle::leaf_hash(view.first(kPieceSize)),
                                        merkle::leaf_hash(view.subspan(kPieceSize, kPieceSize)));
  EXPECT_EQ(payload_root(three), merkle::node_hash(left, merkle::leaf_hash(view.last(1))));
}

TEST(Payload, IsRejectedWhenAnyByteOrItsSizeDiffers) {
  const Bytes payload = filled(3000);
  const BlockHeader header = data_header(TopicState{}, {"t", Partition{0}}, 1, payload, UnixMs{1}, UnixMs{1});
  EXPECT_TRUE(verify_payload(header, payload).ok());
  for (std::size_t i = 0; i < payload.size(); i += 7) {
    Bytes flipped = payload;
    flipped[i] ^= 0x10;
    EXPECT_FALSE(verify_payload(header, flipped).ok());
  }
  EXPECT_FALSE(verify_payload(header, ByteView(payload).first(2999)).ok());
  BlockHeader lying = header;
  lying.payload_size = 2999;
  EXPECT_FALSE(verify_payload(lying, payload).ok());
}

TEST(Payload, EachPieceIsProvenAlone) {
  for (const std::size_t size : {std::size_t{1}, kPieceSize, kPieceSize + 1, 5 * kPieceSize - 3, 8 * kPieceSize}) {
    const Bytes payload = filled(size, 9);
    const BlockHeader header = data_header(TopicState{}, {"t", Partition{0}}, 1, payload, UnixMs{1}, UnixMs{1});
    const std::uint32_t pieces = piece_count(header.payload_size);
    for (std::uint32_t piece = 0; piece < pieces; ++piece) {
      const auto path = prove_piece(payload, piece);
      ASSERT_TRUE(path.ok());
      const std::size_t begin = piece * kPieceSize;
      Bytes bytes(payload.begin() + static_cast<std::ptrdiff_t>(begin),
                  payload.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kPieceSize, size)));
      EXPECT_TRUE(verify_piece(header, piece, bytes, *path).ok());
      EXPECT_FALSE(verify_piece(header, piece + 1, bytes, *path).ok());
      bytes.back() ^= 1;
      EXPECT_FALSE(verify_piece(header, piece, bytes, *path).ok());
      bytes.back() ^= 1;
      bytes.push_back(0);
      EXPECT_FALSE(verify_piece(header, piece, bytes, *path).ok());
    }
    EXPECT_FALSE(prove_piece(payload, pieces).ok());
  }
}

}  // namespace
}  // namespace shoal::feed
