#include <shoal/types.h>

#include <gtest/gtest.h>

#include <cctype>
#include <string>
#include <type_traits>
#include <unordered_set>

namespace shoal {
namespace {

// Block index, topic offset and byte position never convert silently.
static_assert(!std::is_convertible_v<BlockIndex, Offset>);
static_assert(!std::is_constructible_v<Offset, BlockIndex>);
static_assert(!std::is_convertible_v<std::uint64_t, BlockIndex>);
static_assert(!std::is_convertible_v<Offset, std::int64_t>);
static_assert(!std::is_assignable_v<UnixMs&, std::int64_t>);

const std::string kHex = "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a";

TEST(StrongInt, CountsAndCompares) {
  Offset offset{5};
  ++offset;
  offset += 4;
  EXPECT_EQ(offset, Offset{10});
  EXPECT_EQ(offset + 2, Offset{12});
  EXPECT_EQ(offset - 2, Offset{8});
  EXPECT_EQ(offset - Offset{3}, 7);
  EXPECT_LT(Offset{-1}, Offset{0});
  EXPECT_EQ(BlockIndex{}.value(), 0U);
}

TEST(StrongInt, CanBeAHashKey) {
  const std::unordered_set<BlockIndex> set = {BlockIndex{1}, BlockIndex{2}, BlockIndex{1}};
  EXPECT_EQ(set.size(), 2U);
}

TEST(PublicKey, ReadsBothCasesAndWritesLower) {
  const auto key = PublicKey::parse(kHex);
  ASSERT_TRUE(key.ok());
  EXPECT_EQ(key->hex(), kHex);
  EXPECT_EQ(key->bytes[0], 0xD7);
  EXPECT_EQ(key->bytes[31], 0x1A);
  std::string upper = kHex;
  for (char& c : upper) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  EXPECT_EQ(PublicKey::parse(upper)->hex(), kHex);
}

TEST(PublicKey, RefusesAnythingElse) {
  for (const std::string& bad : {std::string(), kHex.substr(1), kHex.substr(2), kHex + "0", kHex + "00",
                                 " " + kHex.substr(1), kHex + "\n", "0x" + kHex.substr(2), "g" + kHex.substr(1)}) {
    const auto key = PublicKey::parse(bad);
    ASSERT_FALSE(key.ok()) << bad;
    EXPECT_EQ(key.error().code, Code::invalid_argument);
  }
}

TEST(FeedId, IsAPublicKeyWithItsOwnMessage) {
  const auto id = FeedId::parse(kHex);
  ASSERT_TRUE(id.ok());
  EXPECT_EQ(id->hex(), kHex);
  const auto bad = FeedId::parse("quakes");
  ASSERT_FALSE(bad.ok());
  EXPECT_EQ(bad.error().message, "a feed id is 64 hexadecimal digits");
}

}  // namespace
}  // namespace shoal
