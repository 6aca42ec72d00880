// What an owner signed and what contradicts itself is the owner's fault, whoever brings it: it has a code of its own, a
// note that stays, and nothing is taken after it. Only what is proven to be signed counts.
#include "feed/format/contradiction.h"

#include "feed/free_owner.h"

namespace shoal::feed {
namespace {

using testing::Delivery;
using testing::Follower;
using testing::FreeOwner;
using testing::Lie;
using testing::lies;
using testing::span;
using testing::stream;

constexpr std::uint64_t kHonest = 9;

template <class T>
Code code_of(const Result<T>& result) {
  return result ? Code::already_exists : result.error().code;
}

struct LogLines final : base::LogSink {
  std::vector<std::string> errors;
  void log(base::LogLevel level, std::string_view, std::string_view message) override {
    if (level == base::LogLevel::error) errors.emplace_back(message);
  }
};

/// A mirror of the owner's first blocks.
class ContradictionTest : public ::testing::Test {
 protected:
  void SetUp() override {
    owner.grow(kHonest);
    good = owner.head();
    ASSERT_TRUE(follower.open().ok());
    follower.mirror = FeedMirror::open(*follower.log, lines).value();
    ASSERT_TRUE(owner.deliver(good, 0, span(0, kHonest)).to(*follower.mirror).ok());
  }
  /// Nothing is taken, not after a start either; what was verified is readable.
  void expect_frozen() {
    for (int opened = 0; opened < 2; ++opened) {
      const auto note = follower.reader().contradiction();
      ASSERT_TRUE(note.has_value());
      EXPECT_FALSE(note->reason.empty());
      EXPECT_TRUE(verify_checkpoint(owner.id(), note->head).ok());
      EXPECT_EQ(follower.log->head(), good);
      EXPECT_EQ(follower.reader().held_payload_count(), kHonest);
      EXPECT_EQ(follower.reader().payload(BlockIndex{4}).value(), owner.block(4).payload);
      EXPECT_EQ(code_of(follower.mirror->accept(good, kHonest, {}, {})), Code::contradiction);
      EXPECT_EQ(code_of(owner.deliver(good, 0, {3}).to(*follower.mirror)), Code::contradiction);
      EXPECT_EQ(code_of(follower.mirror->add_payload(BlockIndex{3}, Bytes{1})), Code::contradiction);
      const auto entry = owner.entries()[1];
      EXPECT_EQ(code_of(follower.mirror->add_topic_entry(entry, 1, owner.path(1))), Code::contradiction);
      EXPECT_EQ(code_of(follower.mirror->learn_edge(2, {}, {})), Code::contradiction);
      if (follower.mirror->complete_at(good.tree_size)) {  // a manifest may be missing
        const CompactRun run{good.time, {}, {{{1, 0, 0}, owner.block(0).payload}}};
        EXPECT_EQ(code_of(follower.mirror->accept_compact(run)), Code::contradiction);
      }
      ASSERT_TRUE(follower.open().ok());
    }
  }
  void expect_nothing_kept() {
    EXPECT_FALSE(follower.reader().contradicted());
    EXPECT_EQ(follower.log->head(), good);
    EXPECT_TRUE(lines.errors.empty());
  }

  FreeOwner owner;
  Follower follower{owner.id()};
  LogLines lines;
  Checkpoint good;
};

/// Blocks before the lie, the block that lies, and blocks behind it; each kind is a feed of its own.
class EachLie : public ContradictionTest, public ::testing::WithParamInterface<std::size_t> {
 protected:
  void SetUp() override {
    ContradictionTest::SetUp();
    lie = lies()[GetParam()];
    lie.sign(owner);
    bad = owner.head();
  }
  [[nodiscard]] Delivery run() const { return owner.deliver(bad, kHonest, {kHonest}); }
  Lie lie;
  Checkpoint bad;
};

TEST_P(EachLie, IsTheOwnersWhoeverBringsIt) {
  const auto refused = run().to(*follower.mirror);
  EXPECT_EQ(code_of(refused), Code::contradiction) << lie.name;
  EXPECT_NE(refused.error().message.find("block 9"), std::string::npos) << refused.error().message;
  const auto note = follower.reader().contradiction();
  ASSERT_TRUE(note.has_value());
  EXPECT_EQ(note->head, bad);
  EXPECT_EQ(note->block, BlockIndex{kHonest});
  expect_frozen();
  EXPECT_EQ(lines.errors.size(), 1U) << "one line, however often it is met";
}

TEST_P(EachLie, IsThePeersWhenTheOwnerDidNotSignIt) {
  const Delivery honest = run();
  Delivery forged = honest;
  forged.head.root.bytes[0] ^= 1;
  EXPECT_EQ(code_of(forged.to(*follower.mirror)), Code::unverified) << lie.name;
  forged = honest;
  forged.headers[0].back() ^= 1;
  EXPECT_EQ(code_of(forged.to(*follower.mirror)), Code::unverified) << lie.name;
  forged = honest;
  forged.indices[0] += 1;
  EXPECT_EQ(code_of(forged.to(*follower.mirror)), Code::unverified) << lie.name;
  expect_nothing_kept();
}

TEST_P(EachLie, ShowsWithALatePayloadToo) {
  if (!lie.in_payload) return;
  Delivery headers = run();
  headers.with_payloads = false;
  ASSERT_TRUE(headers.to(*follower.mirror).ok()) << lie.name;
  good = bad;
  Bytes forged = owner.block(kHonest).payload;
  forged.back() ^= 1;
  EXPECT_EQ(code_of(follower.mirror->add_payload(BlockIndex{kHonest}, forged)), Code::unverified);
  expect_nothing_kept();
  EXPECT_EQ(code_of(follower.mirror->add_payload(BlockIndex{kHonest}, owner.block(kHonest).payload)),
            Code::contradiction)
      << lie.name;
  expect_frozen();
}

/// The block that lies is held first, and the honest one that shows it comes last.
TEST_P(EachLie, ShowsWhenAHoleBeforeItIsFilled) {
  if (lie.in_payload || lie.name == "no header") return;
  Follower late(owner.id());
  ASSERT_TRUE(late.open().ok());
  ASSERT_TRUE(owner.deliver(bad, 0, {kHonest}).to(*late.mirror).ok()) << lie.name;
  Code last = Code::already_exists;
  for (std::uint64_t block = 0; block < kHonest; ++block) {
    last = code_of(owner.deliver(bad, 0, {block}).to(*late.mirror));
    if (last != Code::already_exists) break;
  }
  EXPECT_EQ(last, Code::contradiction) << lie.name;
  ASSERT_TRUE(late.reader().contradicted());
  ASSERT_TRUE(late.open().ok());
  EXPECT_EQ(late.reader().payload(BlockIndex{0}).value(), owner.block(0).payload);
}

INSTANTIATE_TEST_SUITE_P(Lies, EachLie, ::testing::Range(std::size_t{0}, lies().size()));

TEST_F(ContradictionTest, ATopicStateThatTheBlocksDoNotGive) {
  owner.grow(3);
  for (const bool count : {true, false}) {
    Follower all(owner.id());
    ASSERT_TRUE(all.open().ok());
    Checkpoint head = owner.head();
    count ? (void)++head.topic_count : (void)(head.topic_root.bytes[5] ^= 1);
    head = owner.sign(head);
    // Whoever brings the last block is honest.
    ASSERT_TRUE(owner.deliver(head, 0, span(0, 11)).to(*all.mirror).ok());
    EXPECT_EQ(code_of(owner.deliver(head, 11, {11}).to(*all.mirror)), Code::contradiction);
    EXPECT_EQ(all.reader().contradiction()->head, head);
    EXPECT_EQ(all.reader().header_prefix(), 11U);
  }
}

TEST_F(ContradictionTest, WhatAHeadSignsOfTopicsMustFitWhatEarlierOnesSigned) {
  const auto learn = [this](Follower& reader, std::uint32_t position) {
    return code_of(reader.mirror->add_topic_entry(owner.entries()[position], position, owner.path(position)));
  };
  const std::vector<TopicStateEntry> honest = owner.entries();
  struct Kind {
    const char* name;
    std::function<void()> change;
    std::uint32_t position;
  };
  const std::vector<Kind> kinds = {
      {"went back", [&] { owner.entries()[1].next_offset = Offset{1}; }, 1},
      {"beyond the head", [&] { owner.entries()[1].last_block = BlockIndex{4000}; }, 1},
      {"another topic at the place", [&] { owner.entries()[1].stream = stream("other"); }, 1},
      {"the topic at another place", [&] { owner.entries()[3] = honest[1]; }, 3},
      {"no legal entry", [&] { owner.entries()[1].last_block.reset(); }, 1},
      {"the reserved stream elsewhere", [&] { owner.entries()[2] = TopicStateEntry{}; }, 2},
  };
  for (const Kind& kind : kinds) {
    owner = FreeOwner();
    owner.grow(kHonest);
    Follower reader(owner.id());
    ASSERT_TRUE(reader.open().ok());
    ASSERT_TRUE(reader.mirror->accept(owner.head(), 0, {}, {}).ok());
    ASSERT_EQ(learn(reader, 1), Code::already_exists);
    const Checkpoint before = owner.head();
    owner.grow(1);
    kind.change();
    const Checkpoint head = owner.head();
    ASSERT_TRUE(owner.deliver(head, 0, span(0, before.tree_size)).to(*reader.mirror).ok()) << kind.name;
    // A peer that makes something up.
    auto made_up = owner.entries()[kind.position];
    made_up.largest_time = UnixMs{77};
    EXPECT_EQ(code_of(reader.mirror->add_topic_entry(made_up, kind.position, owner.path(kind.position))),
              Code::unverified)
        << kind.name;
    EXPECT_FALSE(reader.reader().contradicted());
    EXPECT_EQ(learn(reader, kind.position), Code::contradiction) << kind.name;
    EXPECT_TRUE(reader.reader().contradicted()) << kind.name;
  }
}

TEST_F(ContradictionTest, AnEndBeforeBlocksThatAreHeld) {
  Follower reader(owner.id());
  ASSERT_TRUE(reader.open().ok());
  owner.entries()[1].next_offset = Offset{2};
  const Checkpoint head = owner.head();
  ASSERT_TRUE(owner.deliver(head, 0, {6}).to(*reader.mirror).ok());  // t0, offsets 4 and 5
  EXPECT_EQ(code_of(reader.mirror->add_topic_entry(owner.entries()[1], 1, owner.path(1))), Code::contradiction);
  EXPECT_EQ(reader.reader().contradiction()->block, std::nullopt);
}

TEST_F(ContradictionTest, NeighboursThatASparseReaderHolds) {
  for (const Lie& lie : lies()) {
    if (lie.in_payload || lie.name == "no header" || lie.name == "a partition that does not exist") continue;
    FreeOwner liar;
    liar.grow(kHonest);
    lie.sign(liar);
    liar.grow(2);
    Follower reader(liar.id());
    ASSERT_TRUE(reader.open().ok());
    const Checkpoint head = liar.head();
    ASSERT_TRUE(liar.deliver(head, 0, {3}).to(*reader.mirror).ok());
    ASSERT_TRUE(liar.deliver(head, 0, {9}).to(*reader.mirror).ok() || reader.reader().contradicted()) << lie.name;
    const auto between = liar.deliver(head, 0, {6}).to(*reader.mirror);
    EXPECT_EQ(code_of(between), Code::contradiction) << lie.name;
    EXPECT_TRUE(reader.reader().contradicted()) << lie.name;
  }
}

TEST_F(ContradictionTest, AForkIsStillAFork) {
  FreeOwner other;
  other.grow(2);
  lies()[0].sign(other);
  other.grow(8);
  const Checkpoint head = other.head();
  EXPECT_EQ(code_of(other.deliver(head, 0, span(0, head.tree_size)).to(*follower.mirror)), Code::fork);
  EXPECT_FALSE(follower.reader().contradicted());
}

TEST_F(ContradictionTest, AnEpochThatNothingProvesIsNobodysLie) {
  Checkpoint later = good;
  later.epoch = Epoch{1};
  later = owner.sign(later);
  Follower fresh(owner.id());
  ASSERT_TRUE(fresh.open().ok());
  EXPECT_EQ(code_of(fresh.mirror->accept(later, 0, {}, {})), Code::unsupported);
  EXPECT_EQ(code_of(owner.deliver(later, 0, span(0, 4)).to(*fresh.mirror)), Code::unsupported);
  EXPECT_EQ(fresh.log->head(), std::nullopt);
  EXPECT_EQ(code_of(follower.mirror->accept(later, kHonest, {}, {})), Code::unsupported);
  later.epoch = Epoch{2};  // not what was signed
  EXPECT_EQ(code_of(fresh.mirror->accept(later, 0, {}, {})), Code::unverified);
  ASSERT_TRUE(fresh.mirror->accept(good, 0, {}, {}).ok());
}

TEST(ContradictionNote, IsReadBackAndChecked) {
  FreeOwner owner;
  owner.grow(3);
  Contradiction note{owner.head(), BlockIndex{2}, std::string(300, 'x')};
  Bytes bytes = encode_contradiction(note);
  note.reason.resize(kMaxContradictionReason);
  EXPECT_EQ(decode_contradiction(bytes).value(), note);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_contradiction(ByteView(bytes).first(size)).ok()) << size;
  }
  bytes.push_back(0);
  EXPECT_FALSE(decode_contradiction(bytes).ok());
  note.block.reset();
  EXPECT_EQ(decode_contradiction(encode_contradiction(note)).value(), note);
  note.block = BlockIndex{3};
  EXPECT_FALSE(decode_contradiction(encode_contradiction(note)).ok());
  note.block.reset();
  bytes = encode_contradiction(note);
  bytes[0] = 2;
  EXPECT_FALSE(decode_contradiction(bytes).ok());
}

}  // namespace
}  // namespace shoal::feed
