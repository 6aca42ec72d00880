#include "crypto/signature.h"

#include "crypto/crypto_testing.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::crypto {
namespace {

using testing::hex;
using testing::hex_array;

struct Vector {
  std::string_view seed;
  std::string_view public_key;
  std::string_view message;
  std::string_view signature;
};

// RFC 8032 section 7.1, tests 1 to 3.
const Vector kVectors[] = {
    {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
     "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
     "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b"
     "d25bf5f0595bbe24655141438e7a100b"},
    {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
     "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
     "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c"
     "387b2eaeb4302aeeb00d291612bb0c00"},
    {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
     "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
     "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659"
     "4a7c15e9716ed28dc027beceea1ec40a"},
};

TEST(Signature, PublishedVectors) {
  for (const Vector& vector : kVectors) {
    const KeyPair key = KeyPair::from_seed(hex(vector.seed)).value();
    EXPECT_EQ(key.public_key().hex(), vector.public_key);
    const Signature signature = sign(key, hex(vector.message));
    EXPECT_EQ(base::to_hex(signature.bytes), vector.signature);
    EXPECT_TRUE(verify(key.public_key(), hex(vector.message), signature));
  }
}

TEST(Signature, AnyMessageOfAFreshKey) {
  const KeyPair key = KeyPair::generate();
  EXPECT_TRUE(rc::check([&](const Bytes& message, std::size_t at) {
    const Signature signature = sign(key, message);
    RC_ASSERT(verify(key.public_key(), message, signature));
    Bytes longer = message;
    longer.push_back(0);
    RC_ASSERT(!verify(key.public_key(), longer, signature));
    if (message.empty()) return;
    Bytes changed = message;
    changed[at % changed.size()] = static_cast<std::uint8_t>(changed[at % changed.size()] ^ (1U << at % 8));
    RC_ASSERT(!verify(key.public_key(), changed, signature));
  }));
}

TEST(Signature, EveryFlippedBitIsRefused) {
  const KeyPair key = testing::known_key();
  const Bytes message = {1, 2, 3};
  const Signature good = sign(key, message);
  for (std::size_t bit = 0; bit < 512; ++bit) {
    Signature bad = good;
    bad.bytes[bit / 8] = static_cast<std::uint8_t>(bad.bytes[bit / 8] ^ (1U << bit % 8));
    ASSERT_FALSE(verify(key.public_key(), message, bad)) << bit;
  }
  for (std::size_t bit = 0; bit < 256; ++bit) {
    PublicKey other = key.public_key();
    other.bytes[bit / 8] = static_cast<std::uint8_t>(other.bytes[bit / 8] ^ (1U << bit % 8));
    ASSERT_FALSE(verify(other, message, good)) << bit;
  }
}

// RFC 8032 section 5.1.7: S + L would verify in a careless implementation, a second signature for one head.
TEST(Signature, NonCanonicalScalarIsRefused) {
  const KeyPair key = testing::known_key();
  const Bytes message = {9};
  Signature signature = sign(key, message);
  const Bytes order = hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    const unsigned sum = signature.bytes[32 + i] + order[i] + carry;
    signature.bytes[32 + i] = static_cast<std::uint8_t>(sum);
    carry = sum >> 8;
  }
  EXPECT_FALSE(verify(key.public_key(), message, signature));
}

// Under a key of small order one signature fits many messages.
TEST(Signature, KeysOfSmallOrderAreRefused) {
  for (const char* key : {"0000000000000000000000000000000000000000000000000000000000000000",
                          "0100000000000000000000000000000000000000000000000000000000000000",
                          "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f",
                          "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"}) {
    Signature signature;
    signature.bytes[0] = 1;  // R = the neutral element, S = 0
    EXPECT_FALSE(verify(PublicKey{hex_array<32>(key)}, Bytes{1}, signature)) << key;
  }
}

TEST(Signature, AKeyThatIsNoCurvePointIsRefused) {
  const Signature signature = sign(testing::known_key(), Bytes{1});
  int not_points = 0;
  for (std::uint8_t i = 0; i < 20; ++i) {
    PublicKey key;
    key.bytes.fill(0xA5);
    key.bytes[0] = i;
    not_points += verify(key, Bytes{1}, signature) ? 0 : 1;
  }
  EXPECT_EQ(not_points, 20);
  EXPECT_FALSE(verify(PublicKey{hex_array<32>("ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff")},
                      Bytes{1}, signature));
}

}  // namespace
}  // namespace shoal::crypto
