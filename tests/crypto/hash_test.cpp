#include "crypto/hash.h"

#include "base/bytes.h"
#include "crypto/crypto_testing.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <thread>

namespace shoal::crypto {
namespace {

// FIPS 180-4, examples of SHA-256.
TEST(Sha256, PublishedVectors) {
  EXPECT_EQ(sha256({}).hex(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
  EXPECT_EQ(sha256(base::as_bytes("abc")).hex(), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
  EXPECT_EQ(sha256(base::as_bytes("abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq")).hex(),
            "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1");
  EXPECT_EQ(sha256(Bytes(1'000'000, 'a')).hex(), "cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0");
}

TEST(Sha256, EveryFormGivesTheSameHash) {
  EXPECT_TRUE(rc::check([](std::uint8_t prefix, const Bytes& data) {
    Bytes joined = {prefix};
    base::append(joined, data);
    RC_ASSERT(sha256(prefix, data) == sha256(joined));

    const Digest a = sha256(data);
    const Digest b = sha256(joined);
    Bytes pair = {prefix};
    base::append(pair, a.bytes);
    base::append(pair, b.bytes);
    RC_ASSERT(sha256(prefix, a, b) == sha256(pair));
  }));
}

TEST(Sha256, PiecesOfAnySizeGiveTheSameHash) {
  EXPECT_TRUE(rc::check([](const std::vector<Bytes>& pieces) {
    Sha256 hash;
    Bytes whole;
    for (const Bytes& piece : pieces) {
      hash.update(piece);
      (void)sha256(piece);  // the thread's own context is another one
      base::append(whole, piece);
    }
    RC_ASSERT(hash.finish() == sha256(whole));
  }));
}

TEST(Sha256, MovesWithWhatItHasSeen) {
  Sha256 first;
  first.update(base::as_bytes("ab"));
  Sha256 second = std::move(first);
  second.update(base::as_bytes("c"));
  Sha256 third;
  third = std::move(second);
  EXPECT_EQ(third.finish(), sha256(base::as_bytes("abc")));
}

TEST(Sha256, ThreadsDoNotDisturbEachOther) {
  const auto chain = [](std::uint8_t seed) {
    Digest digest = sha256(Bytes{seed});
    for (int i = 0; i < 20'000; ++i) digest = sha256(seed, digest, digest);
    return digest;
  };
  const Digest expected_a = chain(1);
  const Digest expected_b = chain(2);
  Digest a;
  Digest b;
  std::thread other([&] { a = chain(1); });
  b = chain(2);
  other.join();
  EXPECT_EQ(a, expected_a);
  EXPECT_EQ(b, expected_b);
}

TEST(Sha256DeathTest, NothingFollowsFinish) {
  Sha256 hash;
  (void)hash.finish();
  EXPECT_DEATH(hash.update(Bytes{1}), "internal error");
  EXPECT_DEATH((void)hash.finish(), "internal error");
}

// Made with Python's hashlib (the reference code of RFC 7693), keys and messages count up from 0.
TEST(KeyedHash, KnownAnswers) {
  struct Vector {
    std::size_t message_size;
    const char* with_64_byte_key;
    const char* with_16_byte_key;
  };
  const Vector vectors[] = {
      {0, "2fa9fbd9be36437de204e139e97d402bce68c828f43391608c891b5faed8a98a",
       "037c7d740ea795902b5aebe210fafffff1f627f74010f8dc79c0d5b8a9fb5847"},
      {1, "34758b647135628297fb09c7930cd04e9528e5669112f5b1318493e14de77e55",
       "20afe9eeba554c48bb19ecd1ab00b74983ce31a4aaa638ca0f60a6aa895794ee"},
      {128, "6a591b356f19ca93ae2bcc7406653ff34aea53cea58bec62803e571d94944165",
       "dd8916a99bcfb015fa42b63b831a8f8e9d1875e6c595704e9c2e5fefb2df2c6c"},
      {129, "20f607da31ed9652deecf4ef78905d4916ba6f5df37bfc4b610d50ba5447623a",
       "20344d7bd83502a3472abfd36026b9b186e063f51d9b702f8b07350d1c2aa818"},
      {255, "fe7b76a61787c089141f9e10fca1e5092488d89c62ea793fb2c5b1f849b4f2cb",
       "5dd6242b6a1533ae8905f49649480e26bd91787af98125bb67d2c154882732b9"},
  };
  Bytes counting(255);
  for (std::size_t i = 0; i < counting.size(); ++i) counting[i] = static_cast<std::uint8_t>(i);
  const ByteView all = counting;
  for (const Vector& vector : vectors) {
    EXPECT_EQ(keyed_hash(all.first(64), all.first(vector.message_size)).hex(), vector.with_64_byte_key);
    EXPECT_EQ(keyed_hash(all.first(16), all.first(vector.message_size)).hex(), vector.with_16_byte_key);
  }
}

TEST(KeyedHashDeathTest, KeysOfOtherSizesAreProgrammerErrors) {
  EXPECT_DEATH((void)keyed_hash(Bytes(15), {}), "internal error");
  EXPECT_DEATH((void)keyed_hash(Bytes(65), {}), "internal error");
}

}  // namespace
}  // namespace shoal::crypto
