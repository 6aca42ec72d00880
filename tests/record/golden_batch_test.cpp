// Batches that real Kafka clients sent, and the format document's worked example. tests/vectors/record_batch/README.md
// says how they were made.

#include "batch_samples.h"

#include <gtest/gtest.h>

#include <fstream>
#include <iterator>

namespace shoal::record {
namespace {

Bytes read_vector(const std::string& name) {
  std::ifstream file(SHOAL_TEST_DATA "/vectors/record_batch/" + name, std::ios::binary);
  EXPECT_TRUE(file.is_open()) << name;
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

// records() of capture.py.
std::vector<Record> captured_records() {
  constexpr std::int64_t kBaseTime = 1'500'000'000'000;
  std::vector<Record> out{
      {UnixMs(kBaseTime), bytes_of("k-0"), bytes_of("first"), {}},
      {UnixMs(kBaseTime + 5), std::nullopt, bytes_of("null key"), {}},
      {UnixMs(kBaseTime - 1000), Bytes{}, Bytes{}, {}},
      {UnixMs(kBaseTime + 10), bytes_of("tombstone"), std::nullopt, {}},
      {UnixMs(kBaseTime + 7),
       bytes_of("h"),
       bytes_of("headers"),
       {{"trace", Bytes{0x00, 0xFF}}, {"empty", Bytes{}}, {"trace", bytes_of("again")}}},
  };
  for (int i = 5; i < 40; ++i) {
    std::string value;
    for (int times = 0; times < 20; ++times) value += "value " + std::to_string(i) + " ";
    out.push_back({UnixMs(kBaseTime + 100 * i), bytes_of("key-" + std::to_string(i)), bytes_of(value), {}});
  }
  return out;
}

struct Golden {
  const char* client;
  Codec codec;
};

class GoldenBatch : public testing::TestWithParam<Golden> {
 protected:
  static Bytes bytes() {
    return read_vector(std::string(GetParam().client) + "_" + std::string(codec_name(GetParam().codec)) + ".bin");
  }
  // kafkajs writes headers grouped by name.
  static std::vector<Record> expected() {
    auto records = captured_records();
    if (std::string_view(GetParam().client) == "kafkajs") std::swap(records[4].headers[1], records[4].headers[2]);
    return records;
  }
};

INSTANTIATE_TEST_SUITE_P(Clients, GoldenBatch,
                         testing::Values(Golden{"librdkafka", Codec::none}, Golden{"librdkafka", Codec::gzip},
                                         Golden{"librdkafka", Codec::snappy}, Golden{"librdkafka", Codec::lz4},
                                         Golden{"librdkafka", Codec::zstd}, Golden{"kafkajs", Codec::none},
                                         Golden{"kafkajs", Codec::gzip}, Golden{"kafkajs", Codec::snappy},
                                         Golden{"kafka-python", Codec::snappy}, Golden{"kafka-python", Codec::lz4}),
                         [](const auto& test) {
                           std::string name = test.param.client;
                           std::erase(name, '-');
                           return name + "_" + std::string(codec_name(test.param.codec));
                         });

TEST_P(GoldenBatch, OpensWithTheRecordsThatWereSent) {
  const auto decoded = DecodedBatch::decode(bytes());
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(decoded->info().codec, GetParam().codec);
  EXPECT_EQ(copies(*decoded), expected());
}

TEST_P(GoldenBatch, IsValidWithItsTimeRange) {
  const auto range = validate_batch(bytes());
  ASSERT_TRUE(range.ok()) << range.error().message;
  EXPECT_EQ(range->smallest, UnixMs(1'499'999'999'000));
  EXPECT_EQ(range->largest, UnixMs(1'500'000'003'900));
}

TEST_P(GoldenBatch, RejectsEveryFlippedBitUnderTheCrc) {
  const Bytes whole = bytes();
  for (std::size_t bit = 16 * 8; bit < whole.size() * 8; ++bit) {
    Bytes flipped = whole;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1 << bit % 8);
    ASSERT_FALSE(inspect_batch(flipped).ok()) << bit;
  }
}

// librdkafka and we write the same bytes when nothing is compressed.
TEST(OwnBatch, EncodeMatchesLibrdkafka) {
  EXPECT_EQ(base::to_hex(encode_batch(captured_records(), Codec::none).value()),
            base::to_hex(read_vector("librdkafka_none.bin")));
}

std::vector<Record> example_records() {
  return {{UnixMs(1'500'000'000'000), bytes_of("ak"), bytes_of("M 2.5"), {{"net", bytes_of("ak")}}},
          {UnixMs(1'499'999'999'000), std::nullopt, Bytes{}, {}}};
}

TEST(WorkedCodecs, GiveEightZeroBytes) {
  std::ifstream file(SHOAL_TEST_DATA "/vectors/record_batch/worked_codecs.txt");
  std::string name;
  std::string hex;
  int examples = 0;
  while (file >> name >> hex) {
    const Codec codec = parse_codec(name).value();
    Bytes packed = base::from_hex(hex).value();
    EXPECT_EQ(decompress(codec, packed, 8).value(), Bytes(8)) << name;
    EXPECT_EQ(decompress(codec, packed, 7).error().code, Code::limit_exceeded) << name;
    packed.pop_back();
    EXPECT_EQ(decompress(codec, packed, 8).error().code, Code::unverified) << name;
    ++examples;
  }
  EXPECT_EQ(examples, 5);
}

std::string example_hex() {
  const Bytes text = read_vector("worked_example.hex");
  std::string hex(text.begin(), text.end());
  std::erase(hex, '\n');
  return hex;
}

TEST(WorkedExample, IsWhatEncodeMakes) {
  Bytes batch = encode_batch(example_records(), Codec::none).value();
  patch_batch(batch, Offset(812), 1);
  EXPECT_EQ(base::to_hex(batch), example_hex());
}

TEST(WorkedExample, ReadsAsTheDocumentSays) {
  const auto batch = base::from_hex(example_hex());
  ASSERT_TRUE(batch.has_value());
  const auto decoded = DecodedBatch::decode(*batch);
  ASSERT_TRUE(decoded.ok()) << decoded.error().message;
  EXPECT_EQ(copies(*decoded), example_records());
  EXPECT_EQ(decoded->info().leader_epoch, 1u);
  EXPECT_EQ(decoded->records()[0].offset, Offset(812));
  EXPECT_EQ(decoded->records()[1].offset, Offset(813));
}

}  // namespace
}  // namespace shoal::record
