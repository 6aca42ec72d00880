#include "feed/format/receipt.h"

#include "base/bytes.h"
#include "crypto/keys.h"

#include <gtest/gtest.h>

#include <functional>

namespace shoal::feed {
namespace {

// docs/FORMAT.md, "Receipt"; computed by tests/vectors/receipt_example.py.
constexpr std::string_view kEverything =
    "0103030303030303030303030303030303030303030303030303030303030303038a88e3dd7409f195fd52db2d3cba5d72ca6709"
    "bf1d94121bf3748801b40f6f5c000000000000000000000005070707070707070707070707070707070707070707070707070707"
    "07070707070000018bcfe56be80000018bcfe56800ffffffffffffffff0000a48ba2df140fae79b0f349cc110ee1451da4791587"
    "ae935406c025812436b0cb1e1e21d737a340db7de4499807a749d6733501118897e923d4e1c773b3f2ac04";
constexpr std::string_view kSomeTopics =
    "0103030303030303030303030303030303030303030303030303030303030303038a88e3dd7409f195fd52db2d3cba5d72ca6709"
    "bf1d94121bf3748801b40f6f5c000000000000000000000005070707070707070707070707070707070707070707070707070707"
    "07070707070000018bcfe56be80000018bcfe568000000018bcfd625c00002026575027573dfe661449d8fa746ea3c1c97888f95"
    "93050cb297cffbf33f9695b40bed086b8194ebf4a6a4c66add85ee70ad0733a5041d5b9b330788d7e5378c150af7102f0a";

crypto::KeyPair node_key() {
  crypto::init();
  return std::move(*crypto::KeyPair::from_seed(Bytes(32, 1)));
}

Receipt sample() {
  Receipt receipt;
  receipt.feed.key.bytes.fill(3);
  receipt.tree_size = 5;
  receipt.root.bytes.fill(7);
  receipt.time = UnixMs(1'700'000'001'000);
  receipt.since = UnixMs(1'700'000'000'000);
  return receipt;
}

Receipt signed_sample() {
  Receipt receipt = sample();
  sign_receipt(receipt, node_key());
  return receipt;
}

bool is_accepted(ByteView bytes) {
  const auto receipt = decode_receipt(bytes);
  return receipt && verify_receipt(*receipt).ok();
}

TEST(Receipt, HasTheBytesOfTheDocument) {
  Receipt receipt = sample();
  sign_receipt(receipt, node_key());
  EXPECT_EQ(base::to_hex(encode_receipt(receipt)), kEverything);
  receipt.topics = {"eu", "us"};
  receipt.oldest = UnixMs(1'699'999'000'000);
  sign_receipt(receipt, node_key());
  EXPECT_EQ(base::to_hex(encode_receipt(receipt)), kSomeTopics);
}

TEST(Receipt, ReadsBackWhatItWrote) {
  for (const std::string_view hex : {kEverything, kSomeTopics}) {
    const auto read = decode_receipt(*base::from_hex(hex));
    ASSERT_TRUE(read.ok()) << read.error().message;
    EXPECT_TRUE(verify_receipt(*read).ok());
    EXPECT_EQ(base::to_hex(encode_receipt(*read)), hex);
  }
}

TEST(Receipt, AnyFlippedBitIsRefused) {
  for (const std::string_view hex : {kEverything, kSomeTopics}) {
    const Bytes whole = *base::from_hex(hex);
    for (std::size_t bit = 0; bit < whole.size() * 8; ++bit) {
      Bytes flipped = whole;
      flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << bit % 8);
      EXPECT_FALSE(is_accepted(flipped)) << "bit " << bit;
    }
  }
}

TEST(Receipt, CutOrLongerBytesAreRefused) {
  const Bytes whole = *base::from_hex(kSomeTopics);
  for (std::size_t size = 0; size < whole.size(); ++size) {
    EXPECT_FALSE(decode_receipt(ByteView(whole).first(size)).ok()) << size;
  }
  Bytes longer = whole;
  longer.push_back(0);
  EXPECT_FALSE(decode_receipt(longer).ok());
  EXPECT_FALSE(decode_receipt(Bytes(kMaxReceiptSize + 1, 1)).ok());
}

TEST(Receipt, WhatNoMirrorMaySayIsRefusedWhoeverSignsIt) {
  const auto refused = [](const std::function<void(Receipt&)>& change) {
    Receipt receipt = signed_sample();
    receipt.topics = {"eu", "us"};
    change(receipt);
    return !decode_receipt(encode_receipt(receipt)).ok();
  };
  EXPECT_FALSE(refused([](Receipt&) {}));
  EXPECT_TRUE(refused([](Receipt& r) { r.tree_size = 0; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.tree_size = std::uint64_t{1} << 48; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.since = r.time + 1; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.oldest = UnixMs(-2); }));
  EXPECT_TRUE(refused([](Receipt& r) { r.topics = {"us", "eu"}; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.topics = {"us", "us"}; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.topics = {""}; }));
  EXPECT_TRUE(refused([](Receipt& r) { r.topics = {"a b"}; }));
  EXPECT_TRUE(refused([](Receipt& r) {
    r.topics.clear();
    for (std::size_t i = 0; i <= kMaxReceiptTopics; ++i) r.topics.push_back(std::to_string(1000 + i));
  }));
}

TEST(Receipt, OfAnotherNodeDoesNotVerify) {
  Receipt receipt = signed_sample();
  receipt.node_key = crypto::KeyPair::generate().public_key();
  EXPECT_FALSE(verify_receipt(receipt).ok());
}

TEST(Receipt, CoversItsTopicsOrAll) {
  Receipt receipt = sample();
  EXPECT_TRUE(receipt.covers("us"));
  receipt.topics = {"eu", "us"};
  EXPECT_TRUE(receipt.covers("us"));
  EXPECT_FALSE(receipt.covers("asia"));
}

TEST(Receipt, NamesAsManyTopicsAsItHasRoomFor) {
  std::vector<std::string> topics;
  for (int i = 0; i < 400; ++i) topics.push_back("t" + std::to_string(1000 + i));
  fit_receipt_topics(topics);
  EXPECT_EQ(topics.size(), kMaxReceiptTopics);
  topics.clear();
  for (int i = 0; i < 100; ++i) topics.push_back(std::string(200, 'x') + std::to_string(1000 + i));
  fit_receipt_topics(topics);
  Receipt receipt = sample();
  receipt.topics = topics;
  sign_receipt(receipt, node_key());
  EXPECT_LE(encode_receipt(receipt).size(), kMaxReceiptSize);
  EXPECT_GT(encode_receipt(receipt).size(), kMaxReceiptSize - 210);
  EXPECT_TRUE(is_accepted(encode_receipt(receipt)));
}

}  // namespace
}  // namespace shoal::feed
