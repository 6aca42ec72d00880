#include "record/record_batch.h"

#include <gtest/gtest.h>

namespace shoal::record {
namespace {

TEST(RecordBatch, RoundTrips) {
  std::vector<Record> records(1000);
  for (std::size_t i = 0; i < records.size(); ++i) {
    records[i].timestamp = UnixMs(static_cast<std::int64_t>(1'500'000 + i * 7));
    records[i].value = Bytes(i % 50, 'v');
  }
  for (Codec codec : {Codec::none, Codec::gzip, Codec::snappy, Codec::lz4, Codec::zstd}) {
    auto batch = encode_batch(records, codec);
    ASSERT_TRUE(batch.ok());
    auto decoded = DecodedBatch::decode(*batch);
    ASSERT_TRUE(decoded.ok()) << decoded.error().message;
    EXPECT_EQ(decoded->info().codec, codec);
    for (std::size_t i = 0; i < records.size(); ++i) EXPECT_EQ(decoded->records()[i].copy(), records[i]);
  }
}

}  // namespace
}  // namespace shoal::record
