#include "record/crc32c.h"

#include "batch_samples.h"

#include <gtest/gtest.h>

namespace shoal::record {
namespace {

using Function = std::uint32_t (*)(ByteView);

class Crc32c : public testing::TestWithParam<Function> {};

INSTANTIATE_TEST_SUITE_P(Forms, Crc32c, testing::Values(&crc32c, &crc32c_portable),
                         [](const auto& test) { return test.index == 0 ? "Chosen" : "Portable"; });

// RFC 3720 appendix B.4, and the check value of the CRC catalogues.
TEST_P(Crc32c, GivesThePublishedValues) {
  const Function crc = GetParam();
  EXPECT_EQ(crc({}), 0u);
  EXPECT_EQ(crc(bytes_of("123456789")), 0xE3069283u);
  EXPECT_EQ(crc(Bytes(32, 0x00)), 0x8A9136AAu);
  EXPECT_EQ(crc(Bytes(32, 0xFF)), 0x62A8AB43u);
  Bytes rising(32);
  for (std::size_t i = 0; i < rising.size(); ++i) rising[i] = static_cast<std::uint8_t>(i);
  EXPECT_EQ(crc(rising), 0x46DD794Eu);
  const Bytes falling(rising.rbegin(), rising.rend());
  EXPECT_EQ(crc(falling), 0x113FDB5Cu);
  const Bytes read_command = *base::from_hex(
      "01c000000000000000000000000000001400000000000400000000140000001828000000000000000200000000000000");
  EXPECT_EQ(crc(read_command), 0xD9963A56u);
}

TEST(Crc32cForms, AgreeForEveryLengthAndAlignment) {
  const Bytes data = random_bytes(400, 1);
  for (std::size_t start = 0; start < 16; ++start) {
    for (std::size_t size = 0; start + size <= data.size(); ++size) {
      const ByteView view = ByteView(data).subspan(start, size);
      ASSERT_EQ(crc32c(view), crc32c_portable(view)) << start << " " << size;
    }
  }
}

}  // namespace
}  // namespace shoal::record
