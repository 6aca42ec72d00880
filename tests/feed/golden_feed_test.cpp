// The vectors of tests/vectors/golden_feed.json are made by a second implementation (golden_feed.py, written from
// docs/FORMAT.md alone): both must come to the same bytes.
#include "feed/bundle/bundle_stream.h"
#include "feed/read/record_proof.h"
#include "feed/sample_feed.h"
#include "merkle/inclusion_proof.h"
#include "merkle/subtree_cover.h"

#include <fstream>
#include <nlohmann/json.hpp>

namespace shoal::feed {
namespace {

using Json = nlohmann::json;

Bytes bytes_of(const Json& text) { return base::from_hex(text.get<std::string>()).value(); }

Digest digest(const Json& text) {
  Digest out;
  const Bytes bytes = bytes_of(text);
  std::copy(bytes.begin(), bytes.end(), out.bytes.begin());
  return out;
}

class GoldenFeed : public ::testing::Test {
 protected:
  GoldenFeed() : vectors_(load()), key_(crypto::KeyPair::from_seed(bytes_of(vectors_["seed"])).value()) {
    for (const Json& block : vectors_["blocks"]) {
      headers_.push_back(bytes_of(block["header"]));
      payloads_.push_back(bytes_of(block["payload"]));
      tree_.append(header_leaf(headers_.back()));
    }
  }

  static Json load() {
    crypto::init();
    std::ifstream file(std::string(SHOAL_TEST_DATA) + "/vectors/golden_feed.json");
    return Json::parse(file);
  }

  static BlockHeader fields_of(const Json& block) {
    BlockHeader header;
    header.kind = block["kind"];
    header.stream = {block["topic"], Partition{block["partition"]}};
    if (const std::uint64_t previous = block["previous"]; previous != 0) header.previous = BlockIndex{previous - 1};
    header.base_offset = Offset{block["base_offset"]};
    header.record_count = block["record_count"];
    header.payload_size = static_cast<std::uint32_t>(bytes_of(block["payload"]).size());
    header.payload_root = payload_root(bytes_of(block["payload"]));
    header.append_time = UnixMs{block["append_time"]};
    header.smallest_time = UnixMs{block["smallest_time"]};
    header.largest_time = UnixMs{block["largest_time"]};
    header.running_largest_time = UnixMs{block["running_largest_time"]};
    header.extension = bytes_of(block["extension"]);
    return header;
  }

  [[nodiscard]] FeedId feed() const { return FeedId{key_.public_key()}; }

  /// Builds the head from its fields and signs it.
  [[nodiscard]] Checkpoint head(const Json& fields) const {
    Checkpoint head;
    head.epoch = Epoch{fields["epoch"]};
    head.tree_size = fields["tree_size"];
    head.root = digest(fields["root"]);
    head.time = UnixMs{fields["time"]};
    head.topic_count = fields["topic_count"];
    head.topic_root = digest(fields["topic_root"]);
    head.signature = crypto::sign(key_, base::as_bytes(note_text(feed(), head)));
    return head;
  }

  struct Run {
    std::vector<std::uint64_t> indices;
    std::uint64_t base = 0;
  };
  [[nodiscard]] std::string bundle(const std::vector<Run>& runs, const std::vector<BundleTopicEntry>& entries,
                                   std::uint64_t base, const BundleEnd& end) const {
    Bytes out;
    const ByteSink sink = [&out](ByteView bytes) -> Result<void> {
      base::append(out, bytes);
      return {};
    };
    FrameWriter frames(sink);
    EXPECT_TRUE(frames.begin_bundle().ok());
    const std::string note = vectors_["head"]["note"];
    EXPECT_TRUE(frames.add(FrameType::note, base::as_bytes(note)).ok());
    const auto edge = merkle::RightEdge::from_hashes(base, tree_.read(merkle::cover(0, base)).value()).value();
    EXPECT_TRUE(frames.add(FrameType::base, encode_base(edge)).ok());
    for (const Run& run : runs) {
      RunHead head{run.base, {}, merkle::build_cover(tree_, run.base, tree_.size(), run.indices).value()};
      std::vector<Bytes> payloads;
      for (const std::uint64_t index : run.indices) {
        head.blocks.push_back({BlockIndex{index}, headers_[index], PayloadMark::here, 0});
        payloads.push_back(payloads_[index]);
      }
      EXPECT_TRUE(frames.add_run(encode_run_head(head), payloads).ok());
    }
    if (!entries.empty()) {
      EXPECT_TRUE(frames.add(FrameType::topics, encode_topic_entries(entries)).ok());
    }
    EXPECT_TRUE(frames.finish_bundle(end).ok());
    return base::to_hex(out);
  }

  Json vectors_;
  crypto::KeyPair key_;
  std::vector<Bytes> headers_;
  std::vector<Bytes> payloads_;
  LeafTree tree_;
};

TEST_F(GoldenFeed, FeedIdIsTheKeyOfTheSeed) { EXPECT_EQ(feed().hex(), vectors_["feed"]); }

TEST_F(GoldenFeed, HeadersLeavesAndRoots) {
  merkle::RightEdge edge;
  EXPECT_EQ(edge.root().hex(), vectors_["roots"][0]);
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const Json& block = vectors_["blocks"][i];
    const BlockHeader header = fields_of(block);
    EXPECT_EQ(base::to_hex(encode_header(header)), block["header"]);
    EXPECT_EQ(decode_header(headers_[i]).value(), header);
    EXPECT_EQ(header.payload_root.hex(), block["payload_root"]);
    EXPECT_EQ(header_leaf(headers_[i]).hex(), block["leaf"]);
    edge.append_leaf(header_leaf(headers_[i]));
    EXPECT_EQ(edge.root().hex(), vectors_["roots"][i + 1]);
  }
}

TEST_F(GoldenFeed, PayloadRoots) {
  for (const Json& vector : vectors_["payload_roots"]) {
    Bytes payload(vector["size"].get<std::size_t>());
    for (std::size_t i = 0; i < payload.size(); ++i) payload[i] = static_cast<std::uint8_t>(i % 251);
    EXPECT_EQ(payload_root(payload).hex(), vector["root"]) << payload.size();
  }
}

TEST_F(GoldenFeed, TopicState) {
  TopicState state;
  for (std::size_t i = 0; i < headers_.size(); ++i) {
    const BlockHeader header = decode_header(headers_[i]).value();
    std::optional<Manifest> manifest;
    if (header.is(BlockKind::manifest)) manifest = decode_manifest(payloads_[i]).value();
    ASSERT_TRUE(state.apply(header, BlockIndex{i}, manifest ? &*manifest : nullptr).ok());
  }
  ASSERT_EQ(state.size(), vectors_["topic_entries"].size());
  for (std::uint32_t i = 0; i < state.size(); ++i) {
    EXPECT_EQ(base::to_hex(encode_topic_entry(state.at(i))), vectors_["topic_entries"][i]);
  }
  EXPECT_EQ(state.root().hex(), vectors_["head"]["topic_root"]);
}

TEST_F(GoldenFeed, ManifestText) {
  Manifest manifest;
  manifest.title = "Golden";
  manifest.topics = {{"us", 2, "", ""}};
  EXPECT_EQ(encode_manifest(manifest), vectors_["manifest"]);
}

TEST_F(GoldenFeed, NotesAndCompactHeads) {
  for (const char* name : {"head", "later_epoch", "conflicting_head"}) {
    const Json& expected = vectors_[name];
    const Checkpoint made = head(expected);
    EXPECT_EQ(signed_note(feed(), made), expected["note"]) << name;
    EXPECT_EQ(base::to_hex(encode_checkpoint(made)), expected["compact"]) << name;
    EXPECT_EQ(parse_signed_note(expected["note"].get<std::string>()).value().head, made) << name;
  }
}

TEST_F(GoldenFeed, ForkProof) {
  const auto found = find_fork(feed(), head(vectors_["head"]), head(vectors_["conflicting_head"]), tree_);
  ASSERT_TRUE(found.ok() && found->has_value());
  EXPECT_EQ(base::to_hex(encode_fork_proof(**found)), vectors_["fork_proof"]);
}

TEST_F(GoldenFeed, Bundles) {
  EXPECT_EQ(bundle({{{0, 1, 2, 3, 4}, 0}}, {}, 0, {5, 5, 5, kNoLowerTime, kNoUpperTime, {}}), vectors_["bundle"]);

  LeafTree state;
  std::vector<BundleTopicEntry> entries;
  for (const Json& entry : vectors_["topic_entries"]) {
    state.append(merkle::leaf_hash(bytes_of(entry)));
    entries.push_back({static_cast<std::uint32_t>(entries.size()), decode_topic_entry(bytes_of(entry)).value(), {}});
  }
  for (BundleTopicEntry& entry : entries) {
    entry.path = merkle::prove_inclusion(state, entry.position, entries.size()).value();
  }
  EXPECT_EQ(bundle({{{0}, 0}, {{2, 4}, 1}}, {entries[2], entries[3]}, 0, {3, 3, 5, kNoLowerTime, kNoUpperTime, {}}),
            vectors_["sparse_bundle"]);
  EXPECT_EQ(
      bundle({{{3, 4}, 2}}, {entries[0], entries[1], entries[2]}, 2, {2, 2, 5, kNoLowerTime, kNoUpperTime, {"us"}}),
      vectors_["growth_bundle"]);
}

TEST_F(GoldenFeed, RecordProof) {
  const Json& expected = vectors_["record_proof"];
  const auto checked = check_record_proof(expected.dump());
  ASSERT_TRUE(checked.ok()) << checked.error().message;
  EXPECT_EQ(checked->feed, feed());
  EXPECT_EQ(checked->block, BlockIndex{1});
  EXPECT_EQ(checked->offset, Offset{1});
  EXPECT_EQ(checked->header.stream, (TopicPartition{"us", Partition{1}}));
  EXPECT_EQ(checked->payload, payloads_[1]);
}

}  // namespace
}  // namespace shoal::feed
