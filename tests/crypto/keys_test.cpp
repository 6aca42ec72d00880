#include "crypto/keys.h"

#include "crypto/crypto_testing.h"

#include <gtest/gtest.h>

#include <set>
#include <sstream>

namespace shoal::crypto {
namespace {

using testing::hex;
using testing::hex_array;
using testing::secret;

TEST(Init, MayBeCalledAgain) {
  init();
  init();
}

TEST(SecretBytes, BeginAsZeros) {
  const SecretBytes bytes(100);
  EXPECT_EQ(bytes.size(), 100U);
  for (std::uint8_t byte : bytes.view()) EXPECT_EQ(byte, 0);
}

TEST(SecretBytes, MoveAndLeaveNothingBehind) {
  SecretBytes first = secret("secret");
  const std::uint8_t* const place = first.view().data();
  SecretBytes second = std::move(first);
  EXPECT_EQ(second.view().data(), place) << "no copy";
  EXPECT_EQ(first.size(), 0U);  // NOLINT(bugprone-use-after-move): that it is empty is the contract
  EXPECT_TRUE(first.view().empty());
  SecretBytes third(3);
  third = std::move(second);
  EXPECT_EQ(base::as_text(third.view()), "secret");
  EXPECT_TRUE(second.view().empty());  // NOLINT(bugprone-use-after-move)
}

TEST(SecretBytes, EmptyIsFine) {
  EXPECT_TRUE(SecretBytes().view().empty());
  EXPECT_TRUE(SecretBytes(0).view().empty());
}

TEST(SecretBytesDeathTest, ReadingPastTheEndEndsTheProcess) {
  SecretBytes bytes(32);
  EXPECT_DEATH(
      {
        volatile const std::uint8_t* end = bytes.view().data() + bytes.size();
        const std::uint8_t beyond = *end;
        (void)beyond;
      },
      "");
}

/// The kernel's flags of the mapping that holds `address` (proc(5), VmFlags).
std::string mapping_flags(const void* address) {
  std::ifstream maps("/proc/self/smaps");
  const auto wanted = reinterpret_cast<std::uintptr_t>(address);
  bool inside = false;
  for (std::string line; std::getline(maps, line);) {
    std::istringstream text(line);
    std::uintptr_t begin = 0;
    std::uintptr_t end = 0;
    char dash = 0;
    if (text >> std::hex >> begin >> dash >> end && dash == '-') inside = begin <= wanted && wanted < end;
    if (inside && line.rfind("VmFlags:", 0) == 0) return line + " ";
  }
  return "";
}

TEST(SecretBytes, StayOutOfCoreDumps) {
  const SecretBytes bytes(32);
  const std::string flags = mapping_flags(bytes.view().data());
  ASSERT_FALSE(flags.empty());
  EXPECT_NE(flags.find(" dd "), std::string::npos) << flags;
}

TEST(KeyPair, SeedGivesTheSamePairAgain) {
  const KeyPair key = KeyPair::generate();
  const SecretBytes seed = key.seed();
  EXPECT_EQ(seed.size(), 32U);
  const KeyPair again = KeyPair::from_seed(seed.view()).value();
  EXPECT_EQ(again.public_key(), key.public_key());
  EXPECT_EQ(base::to_hex(testing::known_key().seed().view()), testing::kSeedHex);
}

TEST(KeyPair, FreshKeysDiffer) {
  std::set<PublicKey> keys;
  for (int i = 0; i < 20; ++i) keys.insert(KeyPair::generate().public_key());
  EXPECT_EQ(keys.size(), 20U);
}

TEST(KeyPair, SeedsOfOtherSizesAreRefused) {
  for (const std::size_t size : {0U, 31U, 33U, 64U}) {
    EXPECT_EQ(KeyPair::from_seed(Bytes(size)).error().code, Code::invalid_argument) << size;
  }
}

// RFC 7748 section 6.1.
TEST(ExchangeKeyPair, PublishedVector) {
  const auto alice =
      ExchangeKeyPair::from_secret(secret(hex("77076d0a7318a57d3c16c17251b26645df4c2f87ebc0992ab177fba51db92c2a")));
  const auto bob =
      ExchangeKeyPair::from_secret(secret(hex("5dab087e624a8a4b79e17f8b83800ee66f3bb1292618b6fd1c2f8b27ff88e0eb")));
  EXPECT_EQ(base::to_hex(alice.public_bytes()), "8520f0098930a754748b7ddcb43ef75a0dbf3a0d26381af4eba4a98eaa9b4e6a");
  EXPECT_EQ(base::to_hex(bob.public_bytes()), "de9edb7d7b7dc1b4d35b61c2ece435373f8343c85b78674dadfc7e146f882b4f");
  const std::string shared = "4a5d9d5ba4ce2de1728e3bf480350f25e07e21c947d19e3376f09b3c1e161742";
  EXPECT_EQ(base::to_hex(alice.agree(bob.public_bytes())->view()), shared);
  EXPECT_EQ(base::to_hex(bob.agree(alice.public_bytes())->view()), shared);
}

TEST(ExchangeKeyPair, FreshPairsAgreeAndStrangersDoNot) {
  const auto a = ExchangeKeyPair::generate();
  const auto b = ExchangeKeyPair::generate();
  const auto c = ExchangeKeyPair::generate();
  const auto text = [](const Result<SecretBytes>& shared) { return base::to_hex(shared->view()); };
  EXPECT_EQ(text(a.agree(b.public_bytes())), text(b.agree(a.public_bytes())));
  EXPECT_NE(text(a.agree(b.public_bytes())), text(a.agree(c.public_bytes())));
}

// RFC 7748 section 6.1: a point of small order would give a secret that everybody knows.
TEST(ExchangeKeyPair, PointsOfSmallOrderAreRefused) {
  const auto mine = ExchangeKeyPair::generate();
  for (const char* point : {"0000000000000000000000000000000000000000000000000000000000000000",
                            "0100000000000000000000000000000000000000000000000000000000000000",
                            "e0eb7a7c3b41b8ae1656e3faf19fc46ada098deb9c32b1fd866205165f49b800",
                            "5f9c95bca3508c24b1d0b1559c83ef5b04445cc4581c8e86d8224eddd09f1157",
                            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                            "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"}) {
    const auto shared = mine.agree(hex_array<32>(point));
    ASSERT_FALSE(shared.ok()) << point;
    EXPECT_EQ(shared.error().code, Code::unverified);
  }
}

}  // namespace
}  // namespace shoal::crypto
