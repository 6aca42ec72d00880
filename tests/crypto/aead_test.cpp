#include "crypto/aead.h"

#include "crypto/crypto_testing.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <sodium.h>

namespace shoal::crypto {
namespace {

using testing::hex;
using testing::secret;

Bytes counting_key() { return hex("808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f"); }

bool refused(const Result<void>& result) { return !result.ok() && result.error().code == Code::unverified; }

/// The two ends of one direction, and a few records already sealed by the sender.
struct Pair {
  explicit Pair(std::size_t records = 0) {
    for (std::size_t i = 0; i < records; ++i) {
      Bytes record;
      sender.seal(base::as_bytes("record " + std::to_string(i)), record);
      sealed.push_back(record);
    }
  }
  AeadStream sender{secret(counting_key())};
  AeadStream receiver{secret(counting_key())};
  std::vector<Bytes> sealed;
  Bytes out;
};

// Made with libsodium's ChaCha20-Poly1305 (RFC 8439) through Python: nonces 0, 1 and 2, key and second text of
// section 2.8.2.
TEST(AeadStream, KnownAnswers) {
  AeadStream stream(secret(counting_key()));
  const std::pair<const char*, const char*> records[] = {
      {"", "3ae5d3f2a376d317eaea5aef0215ba54"},
      {"Ladies and Gentlemen of the class of '99",
       "af7010641b0c07870c61fa51ef1af2867c2249b03f466826b4fc74ef71d8eebc3d7d03d408fbc5a68dd5f9ccd5b25bf6e48d40baeebace0"
       "6"},
      {"xxx", "3a09801231d9ee04d37069c2dfeb1183424c5a"},
  };
  for (const auto& [plain, expected] : records) {
    Bytes out;
    stream.seal(base::as_bytes(plain), out);
    EXPECT_EQ(base::to_hex(out), expected);
  }
}

// Another implementation of RFC 8439 reads what this one writes: the nonce is four zero bytes and the counter.
TEST(AeadStream, AnotherImplementationReadsIt) {
  EXPECT_TRUE(rc::check([](const std::vector<Bytes>& records) {
    AeadStream stream(secret(counting_key()));
    std::uint8_t nonce[12] = {};
    for (const Bytes& record : records) {
      Bytes sealed;
      stream.seal(record, sealed);
      Bytes opened(record.size());
      RC_ASSERT(crypto_aead_chacha20poly1305_ietf_decrypt(opened.data(), nullptr, nullptr, sealed.data(), sealed.size(),
                                                          nullptr, 0, nonce, counting_key().data()) == 0);
      RC_ASSERT(opened == record);
      ++nonce[4];
    }
  }));
}

// The 257th record needs the counter's second byte: 00000000 00 01 00...
TEST(AeadStream, CounterIsLittleEndian) {
  Pair pair(257);
  std::uint8_t nonce[12] = {};
  nonce[5] = 1;
  Bytes opened(pair.sealed[256].size() - kAeadTagSize);
  EXPECT_EQ(
      crypto_aead_chacha20poly1305_ietf_decrypt(opened.data(), nullptr, nullptr, pair.sealed[256].data(),
                                                pair.sealed[256].size(), nullptr, 0, nonce, counting_key().data()),
      0);
}

TEST(AeadStream, RecordsOfAnySizeRoundTripInOrder) {
  EXPECT_TRUE(rc::check([](const std::vector<Bytes>& records, const Bytes& before) {
    Pair pair;
    Bytes wire = before;
    std::vector<std::size_t> starts;
    for (const Bytes& record : records) {
      starts.push_back(wire.size());
      pair.sender.seal(record, wire);
      RC_ASSERT(wire.size() == starts.back() + record.size() + kAeadTagSize);
    }
    RC_ASSERT(std::equal(before.begin(), before.end(), wire.begin()));
    Bytes expected = before;
    pair.out = before;
    for (std::size_t i = 0; i < records.size(); ++i) {
      const ByteView view = ByteView(wire).subspan(starts[i], records[i].size() + kAeadTagSize);
      RC_ASSERT(pair.receiver.open(view, pair.out).ok());
      base::append(expected, records[i]);
      RC_ASSERT(pair.out == expected);
    }
  }));
}

TEST(AeadStream, LargeRecord) {
  Pair pair;
  const Bytes plain(1 << 20, 0x5A);
  Bytes sealed;
  pair.sender.seal(plain, sealed);
  ASSERT_TRUE(pair.receiver.open(sealed, pair.out).ok());
  EXPECT_EQ(pair.out, plain);
}

TEST(AeadStream, EveryFlippedBitIsRefusedAndLeavesTheOutput) {
  const Pair honest(1);
  for (std::size_t bit = 0; bit < honest.sealed[0].size() * 8; ++bit) {
    Pair pair;
    pair.out = {1, 2};
    Bytes changed = honest.sealed[0];
    changed[bit / 8] = static_cast<std::uint8_t>(changed[bit / 8] ^ (1U << bit % 8));
    ASSERT_TRUE(refused(pair.receiver.open(changed, pair.out))) << bit;
    ASSERT_EQ(pair.out, (Bytes{1, 2}));
  }
}

TEST(AeadStream, ReplayIsRefused) {
  Pair pair(1);
  ASSERT_TRUE(pair.receiver.open(pair.sealed[0], pair.out).ok());
  EXPECT_TRUE(refused(pair.receiver.open(pair.sealed[0], pair.out)));
}

TEST(AeadStream, AnotherOrderIsRefused) {
  Pair pair(2);
  EXPECT_TRUE(refused(pair.receiver.open(pair.sealed[1], pair.out)));
}

TEST(AeadStream, AMissingRecordIsRefused) {
  Pair pair(3);
  ASSERT_TRUE(pair.receiver.open(pair.sealed[0], pair.out).ok());
  EXPECT_TRUE(refused(pair.receiver.open(pair.sealed[2], pair.out)));
}

TEST(AeadStream, EveryTruncationAndExtensionIsRefused) {
  const Pair honest(1);
  for (std::size_t size = 0; size < honest.sealed[0].size(); ++size) {
    Pair pair;
    EXPECT_TRUE(refused(pair.receiver.open(ByteView(honest.sealed[0]).first(size), pair.out))) << size;
  }
  Pair pair;
  Bytes longer = honest.sealed[0];
  longer.push_back(0);
  EXPECT_TRUE(refused(pair.receiver.open(longer, pair.out)));
}

TEST(AeadStream, AnotherKeyIsRefused) {
  const Pair honest(1);
  Bytes key = counting_key();
  key[31] ^= 1;
  AeadStream other(secret(key));
  Bytes out;
  EXPECT_TRUE(refused(other.open(honest.sealed[0], out)));
}

TEST(AeadStream, NothingIsOpenedAfterALie) {
  Pair pair(2);
  Bytes changed = pair.sealed[0];
  changed[0] ^= 1;
  ASSERT_TRUE(refused(pair.receiver.open(changed, pair.out)));
  EXPECT_TRUE(refused(pair.receiver.open(pair.sealed[1], pair.out))) << "the record after it would fit";
  EXPECT_TRUE(refused(pair.receiver.open(pair.sealed[0], pair.out)));
  EXPECT_TRUE(pair.out.empty());
}

TEST(AeadStream, MovesWithItsCounter) {
  Pair pair(2);
  ASSERT_TRUE(pair.receiver.open(pair.sealed[0], pair.out).ok());
  AeadStream moved = std::move(pair.receiver);
  EXPECT_TRUE(moved.open(pair.sealed[1], pair.out).ok());
  EXPECT_EQ(base::as_text(pair.out), "record 0record 1");
}

TEST(AeadStreamDeathTest, KeysOfOtherSizesAreProgrammerErrors) {
  EXPECT_DEATH(AeadStream(SecretBytes(31)), "internal error");
}

}  // namespace
}  // namespace shoal::crypto
