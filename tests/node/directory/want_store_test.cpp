#include "node/directory/want_store.h"

#include <gtest/gtest.h>

namespace shoal::node {
namespace {

using namespace std::chrono_literals;

TEST(WantStore, RowsComeBackAsTheyWere) {
  const MirrorOptions want{.topics = {"us", "c*"}, .keep = 30min, .max_bytes = 1ULL << 33};
  EXPECT_EQ(decode_want(encode_want(want)).value(), want);
  Retention retention{.keep = 24h, .max_bytes = 5, .keep_topics = {{"a", 1s}, {"b", 0s}}};
  EXPECT_EQ(decode_retention(encode_retention(retention)).value(), retention);
}

TEST(WantStore, BytesAreThoseOfTheDocument) {
  const Bytes row{1, 0, 0, 0, 0, 0, 0, 0x03, 0xe8, 0, 0, 0, 0, 0, 0, 0, 9, 0, 1, 0, 2, 'u', 's'};
  EXPECT_EQ(encode_want({.topics = {"us"}, .keep = 1s, .max_bytes = 9}), row);
}

TEST(WantStore, CutAndForeignRowsAreRefused) {
  const Bytes want = encode_want({.topics = {"us", "c*"}, .keep = 1s});
  const Bytes retention = encode_retention({.keep = 1s, .keep_topics = {{"us", 1s}}});
  for (std::size_t size = 0; size < want.size(); ++size) {
    EXPECT_EQ(decode_want(ByteView(want).first(size)).error().code, Code::corrupt) << size;
  }
  for (std::size_t size = 0; size < retention.size(); ++size) {
    EXPECT_EQ(decode_retention(ByteView(retention).first(size)).error().code, Code::corrupt) << size;
  }
  Bytes later = want;
  later[0] = 2;
  EXPECT_EQ(decode_want(later).error().code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::node
