#include "feed/mirror/feed_mirror.h"

#include "feed/feed_world.h"
#include "feed/read/feed_audit.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::deliver;
using testing::Delivery;
using testing::Follower;
using testing::Producer;
using testing::replicate;
using testing::ScratchDir;
using testing::span;
using testing::stream;

void publish(Producer& producer, int commits, std::int64_t from = 0) {
  for (std::int64_t i = from; i < from + commits; ++i) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("a"), {i, i + 3}));
    if (i % 3 == 0) group.push_back(batch_of(stream("b"), {-1 + i % 5}));
    const auto done = producer.writer->commit(std::move(group));
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
}

class FeedMirrorTest : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer.open().ok());
    ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.title = "x", .topics = {{"a", 1, "", ""}}}).ok());
    publish(producer, 20);
    ASSERT_TRUE(follower.open().ok());
  }
  [[nodiscard]] Checkpoint head() const { return producer.reader().head().value(); }

  Producer producer;
  Follower follower{producer.id()};
};

TEST_F(FeedMirrorTest, RejectsEveryFlippedBit) {
  const Delivery good = deliver(producer.reader(), head(), 0, span(0, 5));
  const auto refused = [&](const Delivery& bad, const char* what, std::size_t at) {
    const auto result = bad.to(*follower.mirror);
    ASSERT_FALSE(result.ok()) << what << " " << at;
    ASSERT_EQ(result.error().code, Code::unverified) << what << " " << at << ": " << result.error().message;
    ASSERT_EQ(follower.log->head(), std::nullopt);
    ASSERT_EQ(follower.reader().held_headers().size(), 0U);
  };
  const Bytes head_bytes = encode_checkpoint(good.head);
  for (std::size_t bit = 0; bit < head_bytes.size() * 8; ++bit) {
    Bytes flipped = head_bytes;
    flipped[bit / 8] = static_cast<std::uint8_t>(flipped[bit / 8] ^ 1U << (bit % 8));
    const auto decoded = decode_checkpoint(flipped);
    if (!decoded) continue;
    Delivery bad = good;
    bad.head = *decoded;
    refused(bad, "head", bit);
  }
  for (const auto list : {&Delivery::headers, &Delivery::payloads}) {
    for (std::size_t i = 0; i < good.headers.size(); ++i) {
      for (std::size_t bit = 0; bit < (good.*list)[i].size() * 8; ++bit) {
        Delivery bad = good;
        std::uint8_t& byte = (bad.*list)[i][bit / 8];
        byte = static_cast<std::uint8_t>(byte ^ 1U << (bit % 8));
        refused(bad, list == &Delivery::headers ? "header" : "payload", bit);
      }
    }
  }
  for (std::size_t bit = 0; bit < good.cover.size() * 256; ++bit) {
    Delivery bad = good;
    std::uint8_t& byte = bad.cover[bit / 256].bytes[bit % 256 / 8];
    byte = static_cast<std::uint8_t>(byte ^ 1U << (bit % 8));
    refused(bad, "cover", bit);
  }
  ASSERT_TRUE(good.to(*follower.mirror).ok());
}

TEST_F(FeedMirrorTest, RejectsBlocksMovedLeftOutOrReordered) {
  const Delivery good = deliver(producer.reader(), head(), 0, span(2, 6));
  Delivery bad = good;
  std::swap(bad.headers[0], bad.headers[1]);
  std::swap(bad.payloads[0], bad.payloads[1]);
  EXPECT_EQ(bad.to(*follower.mirror).error().code, Code::unverified);
  bad = good;
  std::swap(bad.indices[0], bad.indices[1]);
  EXPECT_EQ(bad.to(*follower.mirror).error().code, Code::unverified);
  bad = good;
  bad.indices.pop_back();
  EXPECT_EQ(bad.to(*follower.mirror).error().code, Code::unverified);
  bad = good;
  for (std::uint64_t& index : bad.indices) ++index;
  EXPECT_EQ(bad.to(*follower.mirror).error().code, Code::unverified);
  bad = good;
  bad.indices.back() = head().tree_size;
  EXPECT_EQ(bad.to(*follower.mirror).error().code, Code::unverified);
  bad = good;
  bad.base = 3;  // an edge that is not known here
  EXPECT_FALSE(bad.to(*follower.mirror).ok());
  EXPECT_EQ(follower.log->head(), std::nullopt);
}

TEST_F(FeedMirrorTest, HeadsOnlyGoForward) {
  const Checkpoint old = head();
  const Delivery first = deliver(producer.reader(), old, 0, span(0, old.tree_size));
  ASSERT_TRUE(first.to(*follower.mirror)->head_advanced);
  publish(producer, 10, 20);
  const Checkpoint newer = head();
  const auto grown = deliver(producer.reader(), newer, old.tree_size, {}).to(*follower.mirror);
  ASSERT_TRUE(grown.ok()) << grown.error().message;
  EXPECT_TRUE(grown->head_advanced);
  EXPECT_EQ(follower.log->head(), newer);
  const auto stale = first.to(*follower.mirror);  // a replay of the old head is no news and no error
  ASSERT_TRUE(stale.ok()) << stale.error().message;
  EXPECT_FALSE(stale->head_advanced);
  EXPECT_EQ(follower.log->head(), newer);
}

TEST_F(FeedMirrorTest, TakesHeartbeatsWithNewerTimesOnly) {
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  const Checkpoint before = head();
  producer.clock.now += 5000;
  const Checkpoint beat = producer.writer->heartbeat().value();
  ASSERT_GT(beat.time, before.time);
  EXPECT_TRUE(follower.mirror->accept(beat, beat.tree_size, {}, {})->head_advanced);
  EXPECT_EQ(follower.log->head(), beat);
  EXPECT_FALSE(follower.mirror->accept(before, before.tree_size, {}, {})->head_advanced);
  EXPECT_EQ(follower.log->head(), beat);
  follower.close();
  ASSERT_TRUE(follower.open().ok());
  EXPECT_EQ(follower.log->head(), beat);
}

TEST_F(FeedMirrorTest, GrowthWithoutProofIsRefused) {
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  const Checkpoint held = head();
  publish(producer, 10, 20);
  EXPECT_FALSE(follower.mirror->accept(head(), held.tree_size, {}, {}).ok());
  // From base 0 with one block the cover hides where the old head ended.
  const auto hidden = deliver(producer.reader(), head(), 0, {2}).to(*follower.mirror);
  ASSERT_FALSE(hidden.ok());
  EXPECT_EQ(hidden.error().code, Code::unverified);
  EXPECT_EQ(follower.log->head(), held);
  // With every block up to it the same base proves it.
  EXPECT_TRUE(deliver(producer.reader(), head(), 0, span(0, held.tree_size)).to(*follower.mirror).ok());
  EXPECT_EQ(follower.log->head(), head());
}

TEST_F(FeedMirrorTest, TakesRunsInAnyOrder) {
  publish(producer, 300, 20);
  const Checkpoint now = head();
  std::vector<std::uint64_t> starts;
  for (std::uint64_t at = 0; at < now.tree_size; at += 16) starts.push_back(at);
  base::SeededRandom random(4);
  for (std::size_t i = starts.size(); i > 1; --i) std::swap(starts[i - 1], starts[random.below(i)]);
  for (const std::uint64_t at : starts) {
    const auto done =
        deliver(producer.reader(), now, 0, span(at, std::min(at + 16, now.tree_size))).to(*follower.mirror);
    ASSERT_TRUE(done.ok()) << at << ": " << done.error().message;
  }
  EXPECT_EQ(follower.reader().block_prefix(), now.tree_size);
  EXPECT_EQ(follower.reader().topic(stream("a")).value()->high_watermark, producer.writer->next_offset(stream("a")));
  const auto report = audit(follower.reader(), {});
  EXPECT_TRUE(report->complete()) << report->damage.front();
  follower.close();
  ASSERT_TRUE(follower.open().ok());
  EXPECT_EQ(follower.reader().block_prefix(), now.tree_size);
}

TEST_F(FeedMirrorTest, PayloadsMayComeLaterAndManifestsToo) {
  const Checkpoint now = head();
  ASSERT_TRUE(deliver(producer.reader(), now, 0, span(0, now.tree_size), false).to(*follower.mirror).ok());
  EXPECT_EQ(follower.reader().header_prefix(), now.tree_size);
  EXPECT_EQ(follower.reader().block_prefix(), 0U);
  EXPECT_TRUE(follower.reader().known_entries().empty());  // block 0's manifest is not there yet
  EXPECT_EQ(follower.mirror->add_payload(BlockIndex{0}, Bytes{1, 2}).error().code, Code::unverified);
  for (std::uint64_t i = now.tree_size; i-- > 0;) {
    Bytes payload = producer.reader().payload(BlockIndex{i}).value();
    Bytes flipped = payload;
    flipped[flipped.size() / 2] ^= 1;
    EXPECT_EQ(follower.mirror->add_payload(BlockIndex{i}, flipped).error().code, Code::unverified);
    ASSERT_TRUE(follower.mirror->add_payload(BlockIndex{i}, payload).ok());
  }
  EXPECT_EQ(follower.reader().block_prefix(), now.tree_size);
  EXPECT_EQ(follower.reader().known_entries().size(), now.topic_count);
  EXPECT_EQ(follower.reader().topic(stream("a")).value()->high_watermark, producer.writer->next_offset(stream("a")));
  EXPECT_TRUE(audit(follower.reader(), {})->complete());
}

TEST_F(FeedMirrorTest, PrunedPayloadsCanBeFetchedAgain) {
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  ASSERT_TRUE(follower.log->prune_before(BlockIndex{10}).ok());
  EXPECT_EQ(follower.reader().payload(BlockIndex{5}).error().code, Code::pruned);
  const Bytes payload = producer.reader().payload(BlockIndex{5}).value();
  ASSERT_TRUE(follower.mirror->add_payload(BlockIndex{5}, payload).ok());
  for (int reopened = 0; reopened < 2; ++reopened) {
    EXPECT_EQ(follower.reader().payload(BlockIndex{5}).value(), payload);
    EXPECT_EQ(follower.reader().payload(BlockIndex{4}).error().code, Code::pruned);
    const auto report = audit(follower.reader(), {});
    EXPECT_TRUE(report->complete());
    EXPECT_EQ(report->payloads_pruned, 8U);  // 1 to 9 without 5; the manifest in block 0 is never dropped
    follower.close();
    ASSERT_TRUE(follower.open().ok());
  }
}

TEST_F(FeedMirrorTest, SparseReaderKnowsWhetherItsTopicIsComplete) {
  const FeedReader source = producer.reader();
  const Checkpoint now = head();
  ASSERT_TRUE(follower.mirror->accept(now, 0, {}, {}).ok());  // signature only
  const std::uint32_t position = 2;                           // 0 is reserved, 1 is a
  const auto proven = source.topic_entry(position).value();
  ASSERT_EQ(proven.entry.stream, stream("b"));
  auto wrong = proven.entry;
  wrong.next_offset += 1;
  EXPECT_EQ(follower.mirror->add_topic_entry(wrong, position, proven.path).error().code, Code::unverified);
  ASSERT_TRUE(follower.mirror->add_topic_entry(proven.entry, position, proven.path).ok());
  EXPECT_EQ(follower.reader().known_entries(), std::vector<std::uint32_t>{position});
  std::vector<std::uint64_t> wanted;
  for (std::optional<BlockIndex> at = source.next_block(stream("b"), {}).value(); at;
       at = source.next_block(stream("b"), at).value()) {
    wanted.push_back(at->value());
  }
  const std::uint64_t newest = wanted.back();
  wanted.pop_back();
  for (const std::uint64_t index : wanted) {
    const auto done = deliver(source, now, 0, {index}).to(*follower.mirror);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  TopicView view = follower.reader().topic(stream("b")).value().value();
  EXPECT_EQ(view.end, proven.entry.next_offset);
  EXPECT_LT(view.high_watermark, view.end);  // the newest block is withheld, and it shows
  ASSERT_TRUE(deliver(source, now, 0, {newest}).to(*follower.mirror).ok());
  for (int reopened = 0; reopened < 2; ++reopened) {
    const FeedReader reader = follower.reader();
    view = reader.topic(stream("b")).value().value();
    EXPECT_EQ(view.high_watermark, view.end);
    EXPECT_EQ(reader.held_payload_count(), wanted.size() + 1);
    EXPECT_EQ(reader.topic_entry(position)->path, proven.path);
    EXPECT_EQ(reader.block_of_offset(stream("b"), view.end - 1).value(), BlockIndex{newest});
    const auto report = audit(reader, {});
    EXPECT_TRUE(report->damage.empty()) << report->damage.front();
    EXPECT_FALSE(report->missing_headers.empty());
    // What a sparse reader holds it can prove to others.
    for (const std::uint64_t index : wanted) {
      ASSERT_TRUE(merkle::build_cover(reader.tree(), 0, now.tree_size, {index}).ok());
    }
    follower.close();
    ASSERT_TRUE(follower.open().ok());
  }
}

TEST_F(FeedMirrorTest, LearnedEdgesLetPeersBehindServe) {
  const FeedReader source = producer.reader();
  const Checkpoint old = head();
  publish(producer, 30, 20);
  const Checkpoint now = head();
  ASSERT_TRUE(deliver(source, now, 0, {}).to(*follower.mirror).ok());
  const Delivery behind = deliver(source, old, 0, span(3, 7));
  EXPECT_FALSE(follower.mirror->knows_edge(old.tree_size));
  EXPECT_EQ(behind.to(*follower.mirror).error().code, Code::not_found);
  auto edge = source.tree().read(merkle::cover(0, old.tree_size)).value();
  const auto cover = merkle::build_cover(source.tree(), old.tree_size, now.tree_size, {}).value();
  auto wrong = edge;
  wrong[0].bytes[3] ^= 1;
  EXPECT_EQ(follower.mirror->learn_edge(old.tree_size, wrong, cover).error().code, Code::unverified);
  ASSERT_TRUE(follower.mirror->learn_edge(old.tree_size, edge, cover).ok());
  ASSERT_TRUE(follower.mirror->knows_edge(old.tree_size));
  ASSERT_TRUE(behind.to(*follower.mirror).ok());
  EXPECT_EQ(follower.reader().held_payload_count(), 4U);
  EXPECT_EQ(follower.log->head(), now);
}

/// A second producer with the same key: what a restored backup or a cheating owner makes.
class ForkedFeed : public FeedMirrorTest {
 protected:
  void SetUp() override {
    FeedMirrorTest::SetUp();
    ASSERT_TRUE(other.open().ok());
    ASSERT_TRUE(other.writer->commit_manifest(Manifest{.title = "other"}).ok());
  }
  void expect_fork(const Result<AcceptResult>& result) {
    ASSERT_FALSE(result.ok());
    EXPECT_EQ(result.error().code, Code::fork) << result.error().message;
    const auto stored = follower.reader().fork_proof();
    ASSERT_TRUE(stored.has_value());
    EXPECT_LE(stored->size(), kMaxForkProofSize);
    EXPECT_TRUE(verify_fork_proof(decode_fork_proof(*stored).value()).ok());
    follower.close();
    ASSERT_TRUE(follower.open().ok());  // it is permanent, and nothing more is taken
    EXPECT_EQ(follower.reader().fork_proof(), stored);
    EXPECT_EQ(follower.mirror->accept(head(), 0, {}, {}).error().code, Code::fork);
    EXPECT_TRUE(follower.reader().header(BlockIndex{0}).ok());
  }
  Producer other;
};

TEST_F(ForkedFeed, EqualSizeIsProven) {
  while (other.writer->head()->tree_size < head().tree_size) {
    std::vector<PendingBatch> group;
    group.push_back(batch_of(stream("a"), {1}));
    ASSERT_TRUE(other.writer->commit(std::move(group)).ok());
  }
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  expect_fork(follower.mirror->accept(*other.writer->head(), 0, {}, {}));
}

TEST_F(ForkedFeed, ShorterIsProvenFromOurTree) {
  publish(other, 5);
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  expect_fork(deliver(other.reader(), *other.writer->head(), 0, span(0, 2)).to(*follower.mirror));
}

TEST_F(ForkedFeed, LongerIsProvenFromTheirTree) {
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  publish(other, 60);
  const auto size = head().tree_size;
  expect_fork(deliver(other.reader(), *other.writer->head(), 0, span(0, size)).to(*follower.mirror));
}

TEST_F(ForkedFeed, LongerFromAPeersProof) {
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  publish(other, 60);
  const auto proof = find_fork(producer.id(), head(), *other.writer->head(), *other.log).value();
  ASSERT_TRUE(proof.has_value());
  auto wrong = *proof;
  wrong.cover[0].bytes[0] ^= 1;
  EXPECT_EQ(follower.mirror->add_fork_proof(wrong).error().code, Code::unverified);
  EXPECT_EQ(follower.reader().fork_proof(), std::nullopt);
  ASSERT_TRUE(follower.mirror->add_fork_proof(*proof).ok());
  EXPECT_EQ(follower.mirror->accept(head(), 0, {}, {}).error().code, Code::fork);
}

TEST_F(ForkedFeed, AfterItOnlyWhatBothMayShareIsTakenUnderTheAcceptedHead) {
  publish(other, 60);
  const Checkpoint accepted = head();
  ASSERT_TRUE(follower.mirror->accept(accepted, 0, {}, {}).ok());
  ASSERT_TRUE(
      follower.mirror->add_fork_proof(*find_fork(producer.id(), accepted, *other.writer->head(), *other.log).value())
          .ok());
  const std::uint64_t limit = *follower.reader().fork_limit();
  EXPECT_EQ(limit, accepted.tree_size - 1);
  const auto code_of = [&](const Result<AcceptResult>& result) {
    return result ? Code::already_exists : result.error().code;
  };
  EXPECT_EQ(code_of(deliver(producer.reader(), accepted, 0, span(0, limit + 1)).to(*follower.mirror)), Code::fork);
  ASSERT_TRUE(deliver(producer.reader(), accepted, 0, span(0, limit)).to(*follower.mirror).ok());
  EXPECT_EQ(follower.reader().block_prefix(), limit);
  // Neither a heartbeat nor growth nor the other history moves the head.
  ASSERT_TRUE(producer.writer->heartbeat().ok());
  EXPECT_EQ(code_of(follower.mirror->accept(*producer.writer->head(), 0, {}, {})), Code::fork);
  publish(producer, 3);
  EXPECT_EQ(code_of(follower.mirror->accept(head(), 0, {}, {})), Code::fork);
  EXPECT_EQ(code_of(deliver(other.reader(), *other.writer->head(), 0, span(0, 2)).to(*follower.mirror)), Code::fork);
  EXPECT_EQ(follower.reader().head(), accepted);
  follower.close();
  ASSERT_TRUE(follower.open().ok());
  EXPECT_EQ(follower.reader().fork_limit(), limit);
}

TEST_F(FeedMirrorTest, HeadThatLiesOnTopicStateIsRefusedByFullHolders) {
  // The owner itself signs a wrong topic root over a right tree.
  Checkpoint lie = head();
  lie.topic_root.bytes[0] ^= 1;
  lie.signature = crypto::sign(testing::test_key(), base::as_bytes(note_text(producer.id(), lie)));
  ASSERT_TRUE(verify_checkpoint(producer.id(), lie).ok());
  Delivery all = deliver(producer.reader(), head(), 0, span(0, head().tree_size));
  all.head = lie;
  const auto refused = all.to(*follower.mirror);
  ASSERT_FALSE(refused.ok());
  EXPECT_EQ(refused.error().code, Code::contradiction);
  EXPECT_EQ(follower.log->head(), std::nullopt);
}

TEST(FeedMirrorOnDisk, LostBlocksAreFetchedAgainAndHeadsStay) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  publish(producer, 50);
  const ScratchDir scratch;
  Follower follower(producer.id(), scratch.path());
  ASSERT_TRUE(follower.open().ok());
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  const auto head = follower.log->head();
  ASSERT_TRUE(follower.mirror->flush().ok());
  follower.close();
  std::filesystem::remove_all(scratch.path() / "blocks");
  ASSERT_TRUE(follower.open().ok());
  EXPECT_EQ(follower.log->head(), head);  // an accepted head beyond the held blocks is normal at start
  EXPECT_EQ(follower.reader().header_prefix(), 0U);
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  EXPECT_TRUE(audit(follower.reader(), {})->complete());
}

TEST(FeedMirrorOnDisk, TheHeadBesideTheBlocksCountsWhenTheOtherLostItsTail) {
  Producer producer;
  ASSERT_TRUE(producer.open().ok());
  publish(producer, 300);
  const ScratchDir scratch;
  Follower follower(producer.id(), scratch.path());
  ASSERT_TRUE(follower.open().ok());
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  follower.close();
  std::filesystem::copy(scratch.path() / "heads", scratch.path() / "old", std::filesystem::copy_options::recursive);
  const auto again = follower.open();
  ASSERT_TRUE(again.ok()) << again.error().message;
  publish(producer, 100, 300);
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  const Checkpoint newest = follower.log->head().value();
  follower.close();
  std::filesystem::remove_all(scratch.path() / "heads");  // the log of heads lost its tail
  std::filesystem::rename(scratch.path() / "old", scratch.path() / "heads");
  const auto opened = follower.open();
  ASSERT_TRUE(opened.ok()) << opened.error().message;
  EXPECT_EQ(follower.log->dropped_at_open(), "");
  EXPECT_EQ(follower.log->head(), newest);
  EXPECT_EQ(follower.reader().block_prefix(), newest.tree_size);
  const auto report = audit(follower.reader(), {});
  EXPECT_TRUE(report->complete()) << report->damage.front();
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  EXPECT_TRUE(audit(follower.reader(), {})->complete());
}

/// A mirror of 60 blocks, one of them a manifest, whose heads are both lost.
class HeadlessMirror : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer.open().ok());
    publish(producer, 30);
    ASSERT_TRUE(producer.writer->commit_manifest(Manifest{.title = "x", .topics = {{"a", 1, "", ""}}}).ok());
    publish(producer, 30, 30);
    ASSERT_TRUE(follower.open().ok());
    ASSERT_TRUE(replicate(producer.reader(), follower).ok());
    held = follower.reader().held_payload_count();
    for (store::KvStore* store : {follower.heads.get(), follower.blocks.get()}) {
      store::WriteBatch batch;
      batch.put(store::Column::meta, store::head_key(follower.log->number()), Bytes{1, 2, 3});
      ASSERT_TRUE(store->write(batch, store::Sync::yes).ok());
    }
    const auto opened = follower.open();
    ASSERT_TRUE(opened.ok()) << opened.error().message;
    ASSERT_EQ(follower.log->head(), std::nullopt);
    ASSERT_EQ(follower.reader().held_payload_count(), 0U);
    EXPECT_NE(follower.log->dropped_at_open().find("are kept"), std::string::npos);
  }
  void expect_all_held() {
    EXPECT_EQ(follower.reader().held_payload_count(), held);
    EXPECT_EQ(follower.reader().block_prefix(), held);
    const auto report = audit(follower.reader(), {});
    EXPECT_TRUE(report->complete()) << (report->damage.empty() ? "holes" : report->damage.front());
  }
  [[nodiscard]] Checkpoint head() const { return producer.reader().head().value(); }

  Producer producer;
  Follower follower{producer.id()};
  std::uint64_t held = 0;
};

TEST_F(HeadlessMirror, TheSameHeadShowsEverythingAgain) {
  ASSERT_TRUE(follower.mirror->accept(head(), 0, {}, {}).ok());
  expect_all_held();
  ASSERT_TRUE(follower.open().ok());
  expect_all_held();
}

TEST_F(HeadlessMirror, UnderANewerHeadOneRunProvesTheRest) {
  publish(producer, 10, 60);
  ASSERT_TRUE(follower.mirror->accept(head(), 0, {}, {}).ok());
  EXPECT_EQ(follower.reader().held_payload_count(), 0U) << "nothing proves them yet";
  ASSERT_TRUE(deliver(producer.reader(), head(), 0, {0}).to(*follower.mirror).ok());
  EXPECT_GE(follower.reader().held_payload_count(), held - 8);
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  EXPECT_TRUE(audit(follower.reader(), {})->complete());
}

TEST_F(HeadlessMirror, BlocksOfAnotherHistoryStayHidden) {
  const Bytes key = store::block_key(follower.log->number(), BlockIndex{5});
  store::WriteBatch batch;
  batch.put(store::Column::headers, key,
            follower.blocks->get(store::Column::headers, store::block_key(follower.log->number(), BlockIndex{6}))
                .value()
                .value());
  ASSERT_TRUE(follower.blocks->write(batch, store::Sync::no).ok());
  ASSERT_TRUE(follower.mirror->accept(head(), 0, {}, {}).ok());
  EXPECT_EQ(follower.reader().held_payload_count(), 0U);
  ASSERT_TRUE(replicate(producer.reader(), follower).ok());
  expect_all_held();
}

TEST_F(HeadlessMirror, HiddenPayloadsAreNotGivenBack) {
  ASSERT_TRUE(follower.log->reclaim({BlockIndex{0}, BlockIndex{held}}).ok());
  ASSERT_TRUE(follower.mirror->accept(head(), 0, {}, {}).ok());
  expect_all_held();
}

}  // namespace
}  // namespace shoal::feed
