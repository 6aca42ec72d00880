#include "feed/format/topic_state.h"

#include "feed/sample_feed.h"

#include <rapidcheck.h>

namespace shoal::feed {
namespace {

using testing::data_header;
using testing::reserved_header;

const Bytes kPayload = testing::filled(10);

BlockHeader next(const TopicState& state, const char* topic, std::int32_t partition, UnixMs largest = UnixMs{5},
                 std::uint32_t count = 1) {
  return data_header(state, {topic, Partition{partition}}, count, kPayload, std::min(UnixMs{0}, largest), largest);
}

merkle::Digest naive_root(const TopicState& state) {
  std::vector<merkle::Digest> leaves;
  for (std::uint32_t i = 0; i < state.size(); ++i) leaves.push_back(merkle::leaf_hash(encode_topic_entry(state.at(i))));
  return merkle::tree_root(leaves);
}

TEST(TopicState, BeginsWithTheReservedStream) {
  const TopicState state;
  ASSERT_EQ(state.size(), 1U);
  EXPECT_EQ(state.at(0), TopicStateEntry{});
  EXPECT_EQ(base::to_hex(encode_topic_entry(state.at(0))),
            "00"
            "00000000"
            "0000000000000000"
            "0000000000000000"
            "ffffffffffffffff");
  EXPECT_EQ(state.root(), naive_root(state));
  EXPECT_EQ(state.partitions("x"), 0U);
}

TEST(TopicState, EntryHasTheDocumentedLayout) {
  const TopicStateEntry entry{{"us", Partition{2}}, Offset{258}, BlockIndex{9}, UnixMs{77}};
  const Bytes bytes = encode_topic_entry(entry);
  EXPECT_EQ(base::to_hex(bytes),
            "02"
            "7573"
            "00000002"
            "0000000000000102"
            "000000000000000a"
            "000000000000004d");
  EXPECT_EQ(decode_topic_entry(bytes).value(), entry);
}

TEST(TopicState, EntryDecodesStrictly) {
  const TopicStateEntry entry{{"us", Partition{2}}, Offset{258}, BlockIndex{9}, UnixMs{77}};
  const Bytes bytes = encode_topic_entry(entry);
  for (std::size_t size = 0; size < bytes.size(); ++size) {
    EXPECT_FALSE(decode_topic_entry(ByteView(bytes).first(size)).ok());
  }
  Bytes longer = bytes;
  longer.push_back(0);
  EXPECT_FALSE(decode_topic_entry(longer).ok());
  for (std::size_t bit = 0; bit < bytes.size() * 8; ++bit) {
    Bytes flipped = bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ (1U << bit % 8));
    if (const auto decoded = decode_topic_entry(flipped); decoded.ok()) {
      EXPECT_NE(*decoded, entry);
      EXPECT_EQ(encode_topic_entry(*decoded), flipped);
    }
  }
  for (const TopicStateEntry& illegal : {
           TopicStateEntry{{"a/b", Partition{0}}, Offset{1}, BlockIndex{0}, UnixMs{0}},
           TopicStateEntry{{"", Partition{1}}, Offset{1}, BlockIndex{0}, kNoTime},
           TopicStateEntry{{"", Partition{0}}, Offset{1}, BlockIndex{0}, UnixMs{4}},
           TopicStateEntry{{"a", Partition{0}}, Offset{0}, BlockIndex{0}, UnixMs{0}},
           TopicStateEntry{{"a", Partition{0}}, Offset{1}, {}, UnixMs{0}},
           TopicStateEntry{{"a", Partition{0}}, Offset{0}, {}, UnixMs{0}},
           TopicStateEntry{{"a", Partition{0}}, Offset{-1}, BlockIndex{0}, UnixMs{0}},
           TopicStateEntry{{"a", Partition{0}}, Offset{1}, BlockIndex{0}, UnixMs{-2}},
           TopicStateEntry{{"a", Partition{65536}}, Offset{0}, {}, kNoTime},
       }) {
    EXPECT_FALSE(decode_topic_entry(encode_topic_entry(illegal)).ok());
  }
}

TEST(TopicState, ManifestCreatesPartitionsInItsOrder) {
  TopicState state;
  Manifest manifest;
  manifest.topics = {{"b", 2, "", ""}, {"a", 1, "", ""}};
  const BlockHeader header = reserved_header(state, BlockKind::manifest, kPayload);
  EXPECT_FALSE(state.apply(header, BlockIndex{0}).ok()) << "needs its manifest";
  ASSERT_TRUE(state.apply(header, BlockIndex{0}, &manifest).ok());
  ASSERT_EQ(state.size(), 4U);
  EXPECT_EQ(state.at(0), (TopicStateEntry{{}, Offset{1}, BlockIndex{0}, kNoTime}));
  EXPECT_EQ(state.at(1).stream, (TopicPartition{"b", Partition{0}}));
  EXPECT_EQ(state.at(2), (TopicStateEntry{{"b", Partition{1}}, Offset{0}, {}, kNoTime}));
  EXPECT_EQ(state.at(3).stream, (TopicPartition{"a", Partition{0}}));
  EXPECT_EQ(state.partitions("b"), 2U);
  EXPECT_EQ(state.find({"b", Partition{1}}), 2U);
  EXPECT_EQ(state.find({"b", Partition{2}}), std::nullopt);
  EXPECT_EQ(state.find({"b", Partition{-1}}), std::nullopt);
  EXPECT_EQ(state.root(), naive_root(state));
}

TEST(TopicState, LaterManifestAddsTopicsButNeverChangesPartitions) {
  TopicState state;
  Manifest manifest;
  manifest.topics = {{"b", 2, "", ""}};
  ASSERT_TRUE(state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{0}, &manifest).ok());
  ASSERT_TRUE(state.apply(next(state, "free", 0), BlockIndex{1}).ok());
  const merkle::Digest before = state.root();
  for (const ManifestTopic& topic :
       {ManifestTopic{"b", 3, "", ""}, ManifestTopic{"b", 1, "", ""}, ManifestTopic{"free", 2, "", ""},
        ManifestTopic{"huge", kMaxTopicPartitions, "", ""}, ManifestTopic{"none", 0, "", ""}}) {
    Manifest changed;
    changed.topics = {{"fresh", 1, "", ""}, topic};
    EXPECT_FALSE(state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{2}, &changed).ok());
    EXPECT_EQ(state.root(), before) << "unchanged after " << topic.name;
  }
  Manifest more;
  more.topics = {{"free", 1, "", ""}, {"c", 1, "", ""}};  // "b" left out: it stays
  ASSERT_TRUE(state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{2}, &more).ok());
  EXPECT_EQ(state.size(), 5U);
  EXPECT_EQ(state.partitions("b"), 2U);
}

TEST(TopicState, TopicWithoutManifestBeginsWithPartitionZero) {
  TopicState state;
  EXPECT_FALSE(state.apply(next(state, "x", 1), BlockIndex{0}).ok());
  ASSERT_TRUE(state.apply(next(state, "x", 0, UnixMs{9}, 4), BlockIndex{0}).ok());
  EXPECT_EQ(state.at(1), (TopicStateEntry{{"x", Partition{0}}, Offset{4}, BlockIndex{0}, UnixMs{9}}));
  EXPECT_FALSE(state.apply(next(state, "x", 1), BlockIndex{1}).ok());
}

TEST(TopicState, UnknownKindsCountInTheReservedStream) {
  TopicState state;
  BlockHeader header = reserved_header(state, BlockKind::epoch, kPayload);
  header.kind = 77;
  ASSERT_TRUE(state.apply(header, BlockIndex{0}).ok());
  EXPECT_EQ(state.at(0), (TopicStateEntry{{}, Offset{1}, BlockIndex{0}, kNoTime}));
}

TEST(TopicState, RejectsHeadersThatDoNotContinueAndStaysAsItWas) {
  TopicState state;
  ASSERT_TRUE(state.apply(next(state, "x", 0, UnixMs{50}, 3), BlockIndex{4}).ok());
  ASSERT_TRUE(state.apply(next(state, "x", 0, UnixMs{40}, 3), BlockIndex{8}).ok());
  (void)state.take_changed();
  const merkle::Digest before = state.root();
  const auto rejected = [&](auto change, std::uint64_t index = 9) {
    BlockHeader header = next(state, "x", 0, UnixMs{45});
    change(header);
    const auto applied = state.apply(header, BlockIndex{index});
    return !applied.ok() && applied.error().code == Code::unverified && state.root() == before &&
           state.take_changed().empty();
  };
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.previous = BlockIndex{4}; }));
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.previous.reset(); }));
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.base_offset += 1; }));
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.base_offset = Offset{3}; }));
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.running_largest_time = UnixMs{45}; }));
  EXPECT_TRUE(rejected([](BlockHeader& header) { header.running_largest_time = UnixMs{51}; }));
  EXPECT_TRUE(rejected([](BlockHeader&) {}, 8));
  EXPECT_FALSE(rejected([](BlockHeader&) {}));
}

TEST(TopicState, ReportsWhatChangedOnce) {
  TopicState state;
  EXPECT_EQ(state.take_changed(), std::vector<std::uint32_t>{0});
  ASSERT_TRUE(state.apply(next(state, "x", 0), BlockIndex{0}).ok());
  ASSERT_TRUE(state.apply(next(state, "y", 0), BlockIndex{1}).ok());
  ASSERT_TRUE(state.apply(next(state, "x", 0), BlockIndex{2}).ok());
  EXPECT_EQ(state.take_changed(), (std::vector<std::uint32_t>{1, 2}));
  EXPECT_TRUE(state.take_changed().empty());
}

TEST(TopicState, CopiesAreIndependent) {
  TopicState state;
  ASSERT_TRUE(state.apply(next(state, "x", 0), BlockIndex{0}).ok());
  TopicState copy = state;
  const merkle::Digest before = state.root();
  ASSERT_TRUE(copy.apply(next(copy, "x", 0), BlockIndex{1}).ok());
  EXPECT_EQ(state.root(), before);
  EXPECT_NE(copy.root(), before);
  state = copy;
  EXPECT_EQ(state.root(), copy.root());
}

TEST(TopicState, EachEntryIsProvenAlone) {
  TopicState state;
  for (std::uint64_t i = 0; i < 11; ++i) {
    ASSERT_TRUE(state.apply(next(state, ("t" + std::to_string(i)).c_str(), 0), BlockIndex{i}).ok());
  }
  for (std::uint32_t i = 0; i < state.size(); ++i) {
    const auto path = state.prove(i);
    TopicStateEntry entry = state.at(i);
    EXPECT_TRUE(verify_topic_entry(entry, i, state.size(), state.root(), path).ok());
    EXPECT_FALSE(verify_topic_entry(entry, (i + 1) % state.size(), state.size(), state.root(), path).ok());
    EXPECT_FALSE(verify_topic_entry(entry, state.size(), state.size(), state.root(), path).ok());
    // A withheld newest block: the entry as it was one record earlier.
    entry.next_offset += 1;
    EXPECT_FALSE(verify_topic_entry(entry, i, state.size(), state.root(), path).ok());
  }
}

TEST(TopicState, StoredEntriesGiveTheStateBack) {
  TopicState state;
  Manifest manifest;
  manifest.topics = {{"b", 3, "", ""}, {"a", 1, "", ""}};
  ASSERT_TRUE(state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{0}, &manifest).ok());
  ASSERT_TRUE(state.apply(next(state, "b", 2), BlockIndex{1}).ok());
  std::vector<TopicStateEntry> entries;
  for (std::uint32_t i = 0; i < state.size(); ++i) entries.push_back(state.at(i));
  auto loaded = TopicState::from_entries(entries);
  ASSERT_TRUE(loaded.ok());
  EXPECT_EQ(loaded->root(), state.root());
  EXPECT_TRUE(loaded->take_changed().empty());
  EXPECT_TRUE(loaded->apply(next(*loaded, "b", 2), BlockIndex{2}).ok());

  const auto rejected = [&](auto change) {
    auto changed = entries;
    change(changed);
    const auto result = TopicState::from_entries(changed);
    return !result.ok() && result.error().code == Code::corrupt;
  };
  EXPECT_TRUE(rejected([](auto& list) { list.clear(); }));
  EXPECT_TRUE(rejected([](auto& list) { list.erase(list.begin()); }));
  EXPECT_TRUE(rejected([](auto& list) { std::swap(list[1], list[2]); }));
  EXPECT_TRUE(rejected([](auto& list) { std::swap(list[3], list[4]); }));
  EXPECT_TRUE(rejected([](auto& list) { list.push_back(list.back()); }));
  EXPECT_TRUE(rejected([](auto& list) { list.push_back(list.front()); }));
  EXPECT_TRUE(rejected([](auto& list) { list[1].next_offset = Offset{1}; }));
}

TEST(TopicState, LimitOfTopicPartitionsIsExact) {
  TopicState state;
  Manifest manifest;
  manifest.topics = {{"wide", kMaxTopicPartitions - 1, "", ""}};
  ASSERT_TRUE(state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{0}, &manifest).ok());
  ASSERT_TRUE(state.apply(next(state, "last", 0), BlockIndex{1}).ok());
  EXPECT_EQ(state.size(), kMaxTopicPartitions + 1);
  EXPECT_FALSE(state.apply(next(state, "more", 0), BlockIndex{2}).ok());
  EXPECT_EQ(state.root(), naive_root(state));
}

TEST(TopicState, IncrementalRootIsTheNaiveRootForAnyStream) {
  const bool held = rc::check("incremental root equals naive root", [] {
    TopicState state;
    const auto steps = *rc::gen::inRange<std::uint64_t>(1, 60);
    for (std::uint64_t index = 0; index < steps; ++index) {
      const auto choice = *rc::gen::inRange(0, 12);
      if (choice == 0) {
        Manifest manifest;
        const std::string name = "m" + std::to_string(*rc::gen::inRange(0, 4));
        const std::uint32_t count = state.partitions(name) != 0 ? state.partitions(name) : *rc::gen::inRange(1U, 5U);
        manifest.topics = {{name, count, "", ""}};
        RC_ASSERT(
            state.apply(reserved_header(state, BlockKind::manifest, kPayload), BlockIndex{index}, &manifest).ok());
      } else {
        const std::string name = (choice < 4 ? "m" : "t") + std::to_string(*rc::gen::inRange(0, 4));
        const auto partitions = static_cast<std::int32_t>(std::max(1U, state.partitions(name)));
        const UnixMs largest{*rc::gen::inRange(-3, 100)};
        BlockHeader header = data_header(state, {name, Partition{*rc::gen::inRange(0, partitions)}},
                                         *rc::gen::inRange(1U, 9U), kPayload, largest, largest);
        header.running_largest_time = std::max(header.running_largest_time, kNoTime);
        RC_ASSERT(state.apply(header, BlockIndex{index}).ok());
      }
      RC_ASSERT(state.root() == naive_root(state));
    }
  });
  EXPECT_TRUE(held);
}

}  // namespace
}  // namespace shoal::feed
