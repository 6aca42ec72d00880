#include "replication/session/session.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

namespace shoal::replication {
namespace {

using crypto::ExchangeKeyPair;

struct Pair {
  Session dialler{Role::dialler, ExchangeKeyPair::generate()};
  Session listener{Role::listener, ExchangeKeyPair::generate()};
  Pair() {
    EXPECT_TRUE(dialler.on_hello(listener.hello()).ok());
    EXPECT_TRUE(listener.on_hello(dialler.hello()).ok());
  }
};

Bytes text(std::string_view words) {
  const ByteView view = base::as_bytes(words);
  return {view.begin(), view.end()};
}

Bytes sealed(Session& from, std::string_view words) {
  Bytes record;
  from.seal(text(words), record);
  return record;
}

TEST(Session, BothSidesReadEachOther) {
  Pair pair;
  EXPECT_EQ(pair.dialler.transcript(), pair.listener.transcript());
  for (int i = 0; i < 3; ++i) {
    Bytes plain;
    ASSERT_TRUE(pair.listener.open(sealed(pair.dialler, "one way"), plain).ok());
    EXPECT_EQ(plain, text("one way"));
    plain.clear();
    ASSERT_TRUE(pair.dialler.open(sealed(pair.listener, "and back"), plain).ok());
    EXPECT_EQ(plain, text("and back"));
  }
}

TEST(Session, ReplayedReorderedCutAndChangedRecordsEndIt) {
  {
    Pair pair;
    const Bytes first = sealed(pair.dialler, "first");
    Bytes plain;
    ASSERT_TRUE(pair.listener.open(first, plain).ok());
    EXPECT_FALSE(pair.listener.open(first, plain).ok());  // replay
  }
  {
    Pair pair;
    (void)sealed(pair.dialler, "first");
    Bytes plain;
    EXPECT_FALSE(pair.listener.open(sealed(pair.dialler, "second"), plain).ok());  // left out
  }
  {
    Pair pair;
    Bytes plain;
    EXPECT_FALSE(pair.dialler.open(sealed(pair.dialler, "own"), plain).ok());  // reflected
  }
  Pair model;
  const std::size_t size = sealed(model.dialler, "hello there").size();
  for (std::size_t at = 0; at < size; ++at) {
    Pair pair;
    Bytes record = sealed(pair.dialler, "hello there");
    record[at] = static_cast<std::uint8_t>(record[at] ^ 1);
    Bytes plain;
    EXPECT_FALSE(pair.listener.open(record, plain).ok()) << at;
    EXPECT_TRUE(plain.empty());
    Pair other;
    EXPECT_FALSE(other.listener.open(ByteView(sealed(other.dialler, "hello there")).first(at), plain).ok()) << at;
  }
}

TEST(Session, HellosThatLieAreRefusedOrNoticed) {
  const Bytes good = Session(Role::listener, ExchangeKeyPair::generate()).hello();
  const auto meet = [](const Bytes& hello) {
    return Session(Role::dialler, ExchangeKeyPair::generate()).on_hello(hello);
  };
  EXPECT_TRUE(meet(good).ok());
  Bytes other_major = good;
  other_major[5] = 2;
  EXPECT_EQ(meet(other_major).error().code, Code::unsupported);
  for (std::size_t at = 0; at < 5; ++at) {
    Bytes bad = good;
    bad[at] = static_cast<std::uint8_t>(bad[at] ^ 1);
    EXPECT_EQ(meet(bad).error().code, Code::unverified) << at;
  }
  for (std::size_t size = 0; size < good.size(); ++size) {
    EXPECT_FALSE(meet(Bytes(good.begin(), good.begin() + static_cast<std::ptrdiff_t>(size))).ok());
  }
  Bytes small_order = good;
  std::fill(small_order.begin() + 7, small_order.end(), std::uint8_t{0});
  EXPECT_EQ(meet(small_order).error().code, Code::unverified);
  Session self(Role::dialler, ExchangeKeyPair::generate());
  EXPECT_EQ(self.on_hello(self.hello()).error().code, Code::unverified);
  Bytes longer = good;
  longer.push_back(1);  // of a later minor version
  EXPECT_TRUE(meet(longer).ok());
}

TEST(Session, ACapabilityIsBoundToFeedRoleChannelAndSession) {
  Pair pair;
  Pair other_session;
  FeedId feed;
  feed.key.bytes.fill(1);
  FeedId other_feed;
  other_feed.key.bytes.fill(2);
  const crypto::Digest good = pair.dialler.capability(feed, Role::dialler, 1);
  EXPECT_EQ(good, pair.listener.capability(feed, Role::dialler, 1));
  EXPECT_NE(good, pair.listener.capability(feed, Role::listener, 1));
  EXPECT_NE(good, pair.listener.capability(feed, Role::dialler, 2));
  EXPECT_NE(good, pair.listener.capability(other_feed, Role::dialler, 1));
  EXPECT_NE(good, other_session.dialler.capability(feed, Role::dialler, 1));
}

TEST(Session, AnIdentityIsBoundToKeyRoleAndSession) {
  Pair pair;
  Pair other_session;
  const crypto::KeyPair key = crypto::KeyPair::generate();
  const crypto::Signature good = pair.dialler.prove_identity(key);
  EXPECT_TRUE(pair.listener.check_identity(key.public_key(), good));
  EXPECT_FALSE(pair.dialler.check_identity(key.public_key(), good));  // reflected
  EXPECT_FALSE(other_session.listener.check_identity(key.public_key(), good));
  EXPECT_FALSE(pair.listener.check_identity(crypto::KeyPair::generate().public_key(), good));
}

TEST(Session, ReproducesTheWorkedExample) {
  const auto secret = [](std::uint8_t fill) {
    crypto::SecretBytes out(32);
    std::fill(out.mutable_view().begin(), out.mutable_view().end(), fill);
    return out;
  };
  Session dialler(Role::dialler, ExchangeKeyPair::from_secret(secret(1)));
  Session listener(Role::listener, ExchangeKeyPair::from_secret(secret(2)));
  ASSERT_TRUE(dialler.on_hello(listener.hello()).ok());
  ASSERT_TRUE(listener.on_hello(dialler.hello()).ok());
  FeedId feed;
  feed.key.bytes.fill(3);
  // docs/PROTOCOL.md, "Worked example"; also computed by tests/replication/session/session_example.py.
  EXPECT_EQ(base::to_hex(dialler.hello()),
            "0300000000"
            "0102"
            "a4e09292b651c278b9772c569f5fa9bb13d906b46ab68c9df9dc2b4409f8a209");
  EXPECT_EQ(dialler.transcript().hex(), "b6071901a42550b4a1179f7e7b18059666376f5f91585a7ce1f2bed38407ef63");
  EXPECT_EQ(dialler.capability(feed, Role::dialler, 1).hex(),
            "99dcf157a875dc3a956e573d8509a52f2801a376f7c02e8cf0b53b3ee6b34aa4");
  EXPECT_EQ(base::to_hex(sealed(dialler, "shoal")), "ed5bee93392b309ef665e7e5c2b65a12bc51dbe16c");
}

}  // namespace
}  // namespace shoal::replication
