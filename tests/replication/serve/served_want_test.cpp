// What serving a want costs: payloads that are read from the store, and what is hashed.
#include "replication/serve/served_want.h"

#include "feed/feed_world.h"
#include "store/forwarding_store.h"

#include <functional>
#include <optional>
#include <variant>

namespace shoal::replication {
namespace {

using feed::testing::batch_of;
using feed::testing::stream;

/// Counts payloads that are read, and flips a bit of what is read on demand.
class CountingStore final : public store::ForwardingStore {
 public:
  explicit CountingStore(std::unique_ptr<store::KvStore> inner) : ForwardingStore(std::move(inner)) {}

  [[nodiscard]] Result<std::optional<Bytes>> get(store::Column column, ByteView key) const override {
    auto row = ForwardingStore::get(column, key);
    if (column != store::Column::payloads) return row;
    ++reads_;
    if (row && *row && rotten_at_) (**row).at(*rotten_at_) ^= 1U;
    return row;
  }
  [[nodiscard]] int reads() const { return std::exchange(reads_, 0); }
  void rot(std::optional<std::size_t> at) { rotten_at_ = at; }

 private:
  mutable int reads_ = 0;
  std::optional<std::size_t> rotten_at_;
};

/// A feed of ten blocks of one record each.
class ServedWantTest : public ::testing::Test {
 protected:
  void publish(std::size_t value_size) {
    auto made =
        std::make_unique<CountingStore>(store::open_rocks_store("own", store::Backing::memory, producer_.sink).value());
    store_ = made.get();
    producer_.store = std::move(made);
    ASSERT_TRUE(producer_.open().ok());
    for (std::int64_t i = 0; i < 10; ++i) {
      ASSERT_TRUE(producer_.writer->commit({batch_of(stream("t"), {i}, value_size)}).ok());
    }
    reader_.emplace(producer_.reader());
    std::ignore = store_->reads();
  }
  [[nodiscard]] Want want(std::uint64_t begin, std::uint64_t end, std::uint64_t credit) const {
    Want made;
    made.want = 1;
    made.tree_size = 10;
    made.begin = begin;
    made.end = end;
    made.credit = credit;
    return made;
  }
  /// Messages until the want waits or ends.
  int messages(ServedWant& served) {
    int count = 0;
    while (true) {
      const auto step = served.next(payloads_, turn_);
      if (!step) {
        error_ = step.error();
        return count;
      }
      if (std::holds_alternative<ServedWant::Wait>(*step) || std::holds_alternative<WantEnd>(*step)) return count;
      ++count;
    }
  }

  feed::testing::Producer producer_;
  CountingStore* store_ = nullptr;
  std::optional<feed::FeedReader> reader_;
  PayloadCache payloads_;
  ReadTurn turn_;
  std::optional<Error> error_;
};

TEST_F(ServedWantTest, AWantThatNobodyCanServeIsALie) {
  const auto verdict = [&](const std::function<void(Want&)>& change) {
    Want made = want(3, 7, 0);
    change(made);
    const auto sane = ServedWant::check(made);
    return sane ? std::optional<Code>() : sane.error().code;
  };
  EXPECT_EQ(verdict([](Want&) {}), std::nullopt);
  EXPECT_EQ(verdict([](Want& made) { made.base = 3; }), std::nullopt);
  EXPECT_EQ(verdict([](Want& made) { made.end = 10; }), std::nullopt);
  EXPECT_EQ(verdict([](Want& made) { made.base = 4; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.end = 3; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.end = 11; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.want = 0; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.all_topics = false; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.streams = {stream("t")}; }), Code::unverified);
  const auto live = [](Want& made) { made.live = true, made.begin = made.base = 10, made.end = 0; };
  EXPECT_EQ(verdict(live), std::nullopt);
  EXPECT_EQ(verdict([&](Want& made) { live(made), made.begin = 11; }), Code::unverified);
  EXPECT_EQ(verdict([](Want& made) { made.live = true, made.base = 4; }), Code::unverified);
}

TEST_F(ServedWantTest, WithoutCreditNothingIsRead) {
  publish(1000);
  ServedWant served(*reader_, want(1, 10, 0));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(messages(served), 0);
  EXPECT_EQ(store_->reads(), 0);
  served.add_credit(1'000'000);
  EXPECT_EQ(messages(served), 1);
  EXPECT_EQ(store_->reads(), 9);
}

TEST_F(ServedWantTest, APieceIsReadOnceThereIsCreditForAllOfIt) {
  publish(500'000);  // eight pieces
  ServedWant served(*reader_, want(1, 2, 4096));
  EXPECT_EQ(messages(served), 1) << "the header";
  for (int i = 0; i < 60; ++i) {
    served.add_credit(1000);
    EXPECT_EQ(messages(served), 0);
  }
  EXPECT_EQ(store_->reads(), 0);
  served.add_credit(8 * 66'000);
  EXPECT_EQ(messages(served), 8);
  EXPECT_EQ(store_->reads(), 1) << "once for all pieces";
}

TEST_F(ServedWantTest, TheSizeOfEachPieceIsKnownExactly) {
  publish(500'000);
  ServedWant whole(*reader_, want(3, 4, 1'000'000));
  std::vector<std::size_t> sizes;
  for (auto step = whole.next(payloads_, turn_); step.ok(); step = whole.next(payloads_, turn_)) {
    if (const auto* data = std::get_if<Data>(&*step)) sizes.push_back(encoded_size(*data));
    if (const auto* piece = std::get_if<Piece>(&*step)) sizes.push_back(encoded_size(*piece));
    if (std::holds_alternative<WantEnd>(*step)) break;
  }
  ASSERT_EQ(sizes.size(), 9U);
  ServedWant served(*reader_, want(3, 4, 0));
  for (const std::size_t size : sizes) {
    served.add_credit(size - 1);
    EXPECT_EQ(messages(served), 0);
    served.add_credit(1);
    EXPECT_EQ(messages(served), 1);
  }
}

TEST_F(ServedWantTest, APayloadThatWasPushedOutIsReadAgainAndCheckedByThePiece) {
  publish(7'000'000);  // ten of them are more than the cache holds
  std::vector<std::unique_ptr<ServedWant>> all;
  for (std::uint64_t block = 0; block < 10; ++block) {
    all.push_back(std::make_unique<ServedWant>(*reader_, want(block, block + 1, 4096)));
    EXPECT_EQ(messages(*all.back()), 1);
  }
  ReadBudget budget;
  base::MonoTime now{0};
  const auto give_one = [&](ServedWant& served) {
    now += PayloadCache::kTurn;
    turn_ = ReadTurn(budget, now);
    served.add_credit(66'000);
    return messages(served);
  };
  for (const auto& served : all) EXPECT_EQ(give_one(*served), 1);
  EXPECT_EQ(store_->reads(), 10);
  EXPECT_EQ(give_one(*all.back()), 1);
  EXPECT_EQ(store_->reads(), 0) << "the last ones are held";
  EXPECT_EQ(give_one(*all.front()), 1);
  EXPECT_EQ(store_->reads(), 1);
  store_->rot(6'000'000);
  EXPECT_EQ(give_one(*all[1]), 1) << "another piece is rotten";
  EXPECT_EQ(error_, std::nullopt);
  store_->rot(100'000);  // in piece 1, the next one
  EXPECT_EQ(give_one(*all[2]), 0);
  ASSERT_TRUE(error_);
  EXPECT_EQ(error_->code, Code::corrupt);
}

TEST_F(ServedWantTest, ARottenPayloadIsNeverServed) {
  publish(500'000);
  store_->rot(300'000);
  ServedWant served(*reader_, want(4, 5, 1'000'000));
  EXPECT_EQ(messages(served), 1) << "the header, and no piece";
  ASSERT_TRUE(error_);
  EXPECT_EQ(error_->code, Code::corrupt);
}

}  // namespace
}  // namespace shoal::replication
