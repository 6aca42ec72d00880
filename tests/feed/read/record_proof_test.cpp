#include "feed/read/record_proof.h"

#include "feed/feed_world.h"

#include <nlohmann/json.hpp>

#include <random>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::stream;
using Json = nlohmann::ordered_json;

class RecordProofs : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    for (std::int64_t i = 0; i < 20; ++i) {
      const auto done = producer_.writer->commit({batch_of(stream(i % 2 == 0 ? "us" : "ak"), {i, i + 1, i + 2})});
      ASSERT_TRUE(done.ok()) << done.error().message;
    }
  }
  [[nodiscard]] std::string proof(std::uint64_t block = 4, std::int64_t offset = 7) const {
    auto made = make_record_proof(producer_.reader(), BlockIndex{block}, Offset{offset});
    EXPECT_TRUE(made.ok()) << made.error().message;
    return made.value();
  }
  static Code code_of(const std::string& text) {
    const auto checked = check_record_proof(text);
    EXPECT_FALSE(checked.ok());
    return checked.ok() ? Code::io : checked.error().code;
  }

  Producer producer_;
};

TEST_F(RecordProofs, HoldWhatTheyWereMadeOf) {
  for (std::uint64_t block = 0; block < 20; ++block) {
    const auto offset = static_cast<std::int64_t>(block / 2 * 3 + block % 3);
    const auto checked = check_record_proof(proof(block, offset));
    ASSERT_TRUE(checked.ok()) << checked.error().message;
    EXPECT_EQ(checked->feed, producer_.id());
    EXPECT_EQ(checked->head, *producer_.writer->head());
    EXPECT_EQ(checked->block, BlockIndex{block});
    EXPECT_EQ(checked->offset, Offset{offset});
    EXPECT_EQ(checked->header.stream, stream(block % 2 == 0 ? "us" : "ak"));
    EXPECT_EQ(checked->payload, producer_.reader().payload(BlockIndex{block}).value());
  }
}

TEST_F(RecordProofs, OfRecordsThatTheBlockLacksAreNotMade) {
  EXPECT_EQ(make_record_proof(producer_.reader(), BlockIndex{4}, Offset{9}).error().code, Code::not_found);
  EXPECT_EQ(make_record_proof(producer_.reader(), BlockIndex{4}, Offset{5}).error().code, Code::not_found);
  EXPECT_EQ(make_record_proof(producer_.reader(), BlockIndex{99}, Offset{0}).error().code, Code::unavailable);
}

TEST_F(RecordProofs, MayBeLaidOutAnew) {
  const auto json = nlohmann::json::parse(proof());  // sorts the members
  EXPECT_TRUE(check_record_proof(json.dump()).ok());
  EXPECT_TRUE(check_record_proof(json.dump(4)).ok());
}

TEST_F(RecordProofs, NoFlipIsAccepted) {
  const std::string text = proof();
  std::minstd_rand random(7);
  for (int i = 0; i < 3000; ++i) {
    std::string changed = text;
    char& byte = changed[random() % changed.size()];
    byte = static_cast<char>(byte ^ (1 << random() % 8));
    EXPECT_FALSE(check_record_proof(changed).ok()) << i;
  }
  for (std::size_t size = 0; size + 2 < text.size(); size += 5) {
    EXPECT_FALSE(check_record_proof(text.substr(0, size)).ok()) << size;
  }
}

TEST_F(RecordProofs, ExchangedMembersAreRejected) {
  // Digests of both stay true to nothing: each member comes from another good proof.
  const Json good = Json::parse(proof(4, 7));
  const Json other = Json::parse(proof(7, 10));
  for (const auto& [name, value] : other.items()) {
    if (good[name] == value) continue;
    Json changed = good;
    changed[name] = value;
    EXPECT_EQ(code_of(changed.dump()), Code::unverified) << name;
  }
  for (const auto& [name, value] : good.items()) {
    Json changed = good;
    changed.erase(name);
    EXPECT_NE(code_of(changed.dump()), Code::io) << name;
    changed[name] = nullptr;
    EXPECT_NE(code_of(changed.dump()), Code::io) << name;
  }
  Json more = good;
  more["more"] = 1;
  EXPECT_EQ(code_of(more.dump()), Code::unverified);
}

TEST_F(RecordProofs, WhatIsNoProofIsSaidSo) {
  EXPECT_EQ(code_of(""), Code::invalid_argument);
  EXPECT_EQ(code_of("nonsense"), Code::invalid_argument);
  EXPECT_EQ(code_of("[]"), Code::invalid_argument);
  EXPECT_EQ(code_of("{}"), Code::unverified);
  EXPECT_EQ(code_of(std::string(100000, '[')), Code::unverified);
  EXPECT_EQ(code_of(std::string(kMaxRecordProofSize + 1, ' ')), Code::limit_exceeded);
}

}  // namespace
}  // namespace shoal::feed
