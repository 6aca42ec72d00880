#include "feed/bundle/bundle.h"

#include "feed/bundle/bundle_bytes.h"
#include "feed/bundle/bundle_file.h"
#include "feed/bundle/bundle_stream.h"
#include "feed/feed_world.h"

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::bytes_of_file;
using testing::deliver;
using testing::Follower;
using testing::Producer;
using testing::read_bundle_bytes;
using testing::read_bundle_file;
using testing::span;
using testing::stream;
using testing::write_bundle_bytes;
using testing::write_bundle_file;

/// A producer that writes one block at a time, and a directory for bundles of it.
class Bundle : public ::testing::Test {
 protected:
  void SetUp() override { ASSERT_TRUE(producer_.open().ok()); }

  /// Grows the feed to `size` blocks: a manifest, then data of three topics.
  void grow(std::uint64_t size) { grow(producer_, size); }
  static void grow(Producer& producer, std::uint64_t size, std::size_t value_size = 40) {
    Manifest manifest;
    manifest.title = "Bundled";
    manifest.topics = {{"b", 2, "", ""}};
    if (producer.writer->head() == nullptr) {
      ASSERT_TRUE(producer.writer->commit_manifest(manifest).ok());
    }
    for (std::uint64_t at = producer.writer->head()->tree_size; at < size; ++at) {
      const auto time = static_cast<std::int64_t>(1000 + at * 7 % 50);
      const TopicPartition to = at % 3 == 0 ? stream("a") : stream("b", static_cast<std::int32_t>(at % 3 - 1));
      const auto done = producer.writer->commit({batch_of(to, {time, time + 1}, value_size)});
      ASSERT_TRUE(done.ok()) << done.error().message;
    }
  }

  [[nodiscard]] std::filesystem::path file(const char* name = "feed.shoal") const { return scratch_.path() / name; }
  [[nodiscard]] BundleSummary export_all() const {
    const auto written = write_bundle_file(producer_.reader(), file());
    EXPECT_TRUE(written.ok()) << written.error().message;
    return written.value();
  }
  static void expect_same(const FeedReader& ours, const FeedReader& theirs) {
    ASSERT_EQ(ours.head(), theirs.head());
    EXPECT_EQ(ours.block_prefix(), theirs.block_prefix());
    EXPECT_EQ(ours.held_headers(), theirs.held_headers());
    EXPECT_EQ(ours.held_payloads(), theirs.held_payloads());
    for (const BlockRange& run : theirs.held_payloads()) {
      for (BlockIndex index = run.begin; index < run.end; ++index) {
        ASSERT_EQ(ours.header_bytes(index).value(), theirs.header_bytes(index).value());
        ASSERT_EQ(ours.payload(index).value(), theirs.payload(index).value());
      }
    }
  }

  testing::ScratchDir scratch_;
  Producer producer_;
};

TEST_F(Bundle, CarriesAWholeFeed) {
  grow(700);
  const BundleSummary written = export_all();
  EXPECT_EQ(written.feed, producer_.id());
  EXPECT_EQ(written.head, *producer_.writer->head());
  EXPECT_EQ(written.blocks, 700U);
  EXPECT_EQ(written.payloads, 700U);
  EXPECT_EQ(written.lacking, 0U);

  const auto inspected = inspect_bundles(file());
  ASSERT_TRUE(inspected.ok()) << inspected.error().message;
  ASSERT_EQ(inspected->size(), 1U);
  EXPECT_EQ(inspected->front().feed, written.feed);
  EXPECT_EQ(inspected->front().head, written.head);
  EXPECT_EQ(inspected->front().base, 0U);
  EXPECT_EQ(inspected->front().end, (BundleEnd{700, 700, 700, kNoLowerTime, kNoUpperTime, {}}));

  Follower follower(producer_.id());
  ASSERT_TRUE(follower.open().ok());
  std::uint64_t last = 0;
  const auto read = read_bundle_file(file(), *follower.mirror, [&](std::uint64_t done, std::uint64_t /*total*/) {
    EXPECT_GT(done, 0U);
    EXPECT_GE(done, last);
    last = done;
    return true;
  });
  ASSERT_TRUE(read.ok()) << read.error().message;
  EXPECT_EQ(last, std::filesystem::file_size(file()));
  EXPECT_EQ(read->payloads, 700U);
  expect_same(follower.reader(), producer_.reader());
  EXPECT_EQ(follower.reader().topics().value().size(), 3U);
  EXPECT_EQ(follower.reader().manifest().value()->title, "Bundled");
}

TEST_F(Bundle, RunsAreBoundedAndFollowOneAnother) {
  grow(20);
  grow(producer_, 24, std::size_t{300} << 10);
  grow(600);
  (void)export_all();
  const Bytes bytes = bytes_of_file(file());
  const ByteSource source = testing::source_of(bytes);
  FrameReader reader(source);
  ASSERT_TRUE(reader.next_bundle().value());
  EXPECT_EQ(reader.next().value(), FrameType::note);
  EXPECT_EQ(reader.next().value(), FrameType::base);
  std::uint64_t prefix = 0;
  std::size_t runs = 0;
  while (reader.next().value() == FrameType::run) {
    const BundleRun run = decode_run(reader.body()).value();
    EXPECT_EQ(run.base, prefix);
    EXPECT_LE(run.blocks.size(), kMaxRunBlocks);
    EXPECT_LE(reader.body().size(), std::size_t{1} << 20);
    prefix += run.blocks.size();
    ++runs;
  }
  EXPECT_EQ(prefix, 600U);
  EXPECT_GE(runs, 5U);
}

TEST_F(Bundle, CarriesASparseFeedWithItsHolesAndItsTopicEnds) {
  grow(90);
  Follower sparse(producer_.id());
  ASSERT_TRUE(sparse.open().ok());
  const FeedReader full = producer_.reader();
  const Checkpoint head = full.head().value();
  std::vector<std::uint64_t> chosen = span(0, 5);
  for (std::uint64_t i = 6; i < 90; i += 3) chosen.push_back(i);
  ASSERT_TRUE(deliver(full, head, 0, chosen).to(*sparse.mirror).ok());
  ASSERT_TRUE(deliver(full, head, 5, {7, 40}, false).to(*sparse.mirror).ok());  // headers only
  const auto position = full.known_entries().back();
  const auto entry = full.topic_entry(position).value();
  ASSERT_TRUE(sparse.mirror->add_topic_entry(entry.entry, position, entry.path).ok());

  const auto written = write_bundle_file(sparse.reader(), file());
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(written->blocks, chosen.size() + 2);
  EXPECT_EQ(written->payloads, chosen.size());
  EXPECT_EQ(written->lacking, 90 - chosen.size());

  Follower other(producer_.id());
  ASSERT_TRUE(other.open().ok());
  const auto read = read_bundle_file(file(), *other.mirror);
  ASSERT_TRUE(read.ok()) << read.error().message;
  expect_same(other.reader(), sparse.reader());
  EXPECT_EQ(other.reader().known_entries(), std::vector<std::uint32_t>{position});
  EXPECT_EQ(other.reader().topic_entry(position).value().entry, entry.entry);
}

TEST_F(Bundle, CarriesWhatPruningLeft) {
  grow(50);
  Follower pruned(producer_.id());
  ASSERT_TRUE(pruned.open().ok());
  ASSERT_TRUE(testing::replicate(producer_.reader(), pruned).ok());
  ASSERT_TRUE(pruned.log->prune_before(BlockIndex{30}).ok());
  const auto written = write_bundle_file(pruned.reader(), file());
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(written->blocks, 50U);
  EXPECT_EQ(written->payloads, pruned.reader().held_payload_count());
  EXPECT_LT(written->payloads, 50U);
  EXPECT_EQ(written->lacking, 0U) << "pruned is not lost";
  Follower other(producer_.id());
  ASSERT_TRUE(other.open().ok());
  ASSERT_TRUE(read_bundle_file(file(), *other.mirror).ok());
  EXPECT_EQ(other.reader().header_prefix(), 50U);
  EXPECT_EQ(other.reader().held_payloads(), pruned.reader().held_payloads());
}

TEST_F(Bundle, ExtendsAnyOlderCopy) {
  std::vector<std::unique_ptr<Follower>> followers;
  for (const std::uint64_t size : {1U, 2U, 3U, 130U, 255U, 256U, 257U, 511U, 600U}) {
    grow(size);
    auto follower = std::make_unique<Follower>(producer_.id());
    ASSERT_TRUE(follower->open().ok());
    ASSERT_TRUE(testing::replicate(producer_.reader(), *follower).ok());
    followers.push_back(std::move(follower));
  }
  (void)export_all();
  for (const auto& follower : followers) {
    const std::uint64_t before = follower->log->header_prefix();
    const auto read = read_bundle_file(file(), *follower->mirror);
    ASSERT_TRUE(read.ok()) << before << ": " << read.error().message;
    expect_same(follower->reader(), producer_.reader());
  }
}

TEST_F(Bundle, FillsTheHolesOfAnOlderSparseCopy) {
  for (const std::uint64_t held : {300U, 256U, 511U}) {
    Producer producer({}, static_cast<std::uint8_t>(held));
    ASSERT_TRUE(producer.open().ok());
    grow(producer, held);
    Follower sparse(producer.id());
    ASSERT_TRUE(sparse.open().ok());
    ASSERT_TRUE(deliver(producer.reader(), *producer.writer->head(), 0, {0, 5, 255}).to(*sparse.mirror).ok());
    grow(producer, 600);
    ASSERT_TRUE(write_bundle_file(producer.reader(), file()).ok());
    const auto read = read_bundle_file(file(), *sparse.mirror);
    ASSERT_TRUE(read.ok()) << held << ": " << read.error().message;
    expect_same(sparse.reader(), producer.reader());
  }
}

TEST_F(Bundle, OfAnOlderHeadChangesNothing) {
  grow(40);
  (void)export_all();
  grow(60);
  Follower follower(producer_.id());
  ASSERT_TRUE(follower.open().ok());
  ASSERT_TRUE(testing::replicate(producer_.reader(), follower).ok());
  const auto read = read_bundle_file(file(), *follower.mirror);
  ASSERT_TRUE(read.ok()) << read.error().message;
  expect_same(follower.reader(), producer_.reader());
}

TEST_F(Bundle, OfAnotherHistoryIsAFork) {
  grow(30);
  (void)export_all();
  Producer twin;
  ASSERT_TRUE(twin.open().ok());
  grow(twin, 20, 41);
  Follower follower(producer_.id());
  ASSERT_TRUE(follower.open().ok());
  ASSERT_TRUE(testing::replicate(twin.reader(), follower).ok());
  const auto read = read_bundle_file(file(), *follower.mirror);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::fork);
  ASSERT_TRUE(follower.reader().fork_proof().has_value());
  EXPECT_TRUE(verify_fork_proof(decode_fork_proof(*follower.reader().fork_proof()).value()).ok());
}

TEST_F(Bundle, AnInterruptedImportGoesOn) {
  grow(600);
  (void)export_all();
  const auto whole = std::filesystem::file_size(file());
  std::filesystem::copy_file(file(), file("cut"));
  std::filesystem::resize_file(file("cut"), whole * 2 / 3);
  EXPECT_EQ(inspect_bundles(file("cut")).error().code, Code::unverified);
  Follower follower(producer_.id());
  ASSERT_TRUE(follower.open().ok());
  const auto cut = read_bundle_file(file("cut"), *follower.mirror);
  ASSERT_FALSE(cut.ok());
  EXPECT_EQ(cut.error().code, Code::unverified);
  EXPECT_GE(follower.reader().block_prefix(), 256U);
  const auto stopped = read_bundle_file(file(), *follower.mirror, [](std::uint64_t, std::uint64_t) { return false; });
  ASSERT_FALSE(stopped.ok());
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  ASSERT_TRUE(read_bundle_file(file(), *follower.mirror).ok());
  expect_same(follower.reader(), producer_.reader());
}

TEST_F(Bundle, AnyFlippedByteIsRejectedAndNothingFalseIsKept) {
  grow(9);
  (void)export_all();
  const Bytes bytes = bytes_of_file(file());
  Follower honest(producer_.id());
  ASSERT_TRUE(honest.open().ok());
  for (std::size_t at = 0; at < bytes.size(); at += 3) {
    Bytes flipped = bytes;
    flipped[at] = static_cast<std::uint8_t>(flipped[at] ^ (1 << at % 8));
    const auto read = read_bundle_bytes(flipped, *honest.mirror);
    ASSERT_FALSE(read.ok()) << at;
    EXPECT_EQ(read.error().code, Code::unverified) << at << ": " << read.error().message;
  }
  ASSERT_TRUE(read_bundle_file(file(), *honest.mirror).ok());
  expect_same(honest.reader(), producer_.reader());
}

TEST_F(Bundle, OfAnotherFeedIsRejected) {
  grow(3);
  (void)export_all();
  Producer other({}, 9);
  Follower follower(other.id());
  ASSERT_TRUE(follower.open().ok());
  EXPECT_EQ(read_bundle_file(file(), *follower.mirror).error().code, Code::unverified);
  EXPECT_FALSE(follower.reader().head().has_value());
}

TEST_F(Bundle, FramesInAnotherOrderAreRejected) {
  grow(300);
  (void)export_all();
  const Bytes bytes = bytes_of_file(file());
  const ByteSource source = testing::source_of(bytes);
  FrameReader reader(source);
  ASSERT_TRUE(reader.next_bundle().value());
  std::vector<std::pair<FrameType, Bytes>> frames;
  while (frames.empty() || frames.back().first != FrameType::end) {
    const FrameType type = reader.next().value();
    frames.emplace_back(type, Bytes(reader.body().begin(), reader.body().end()));
  }
  ASSERT_EQ(frames.size(), 5U);
  // Digests are made anew: what rejects is the order.
  for (const auto& [order, good] : std::vector<std::pair<std::vector<std::size_t>, bool>>{{{0, 1, 2, 3}, true},
                                                                                          {{1, 0, 2, 3}, false},
                                                                                          {{0, 2, 1, 3}, false},
                                                                                          {{0, 1, 3, 2}, false},
                                                                                          {{0, 1, 2, 2, 3}, false},
                                                                                          {{0, 1, 2}, false},
                                                                                          {{0, 1, 1, 2, 3}, false},
                                                                                          {{0, 0, 1, 2, 3}, false},
                                                                                          {{0, 2, 3}, false},
                                                                                          {{0, 1}, false},
                                                                                          {{0}, false}}) {
    Bytes changed;
    const ByteSink sink = [&changed](ByteView part) -> Result<void> {
      base::append(changed, part);
      return {};
    };
    FrameWriter out(sink);
    ASSERT_TRUE(out.begin_bundle().ok());
    for (const std::size_t i : order) ASSERT_TRUE(out.add(frames[i].first, frames[i].second).ok());
    ASSERT_TRUE(out.finish_bundle(decode_end(frames.back().second).value()).ok());
    Follower follower(producer_.id());
    ASSERT_TRUE(follower.open().ok());
    const auto read = read_bundle_bytes(changed, *follower.mirror);
    EXPECT_EQ(read.ok(), good);
    EXPECT_EQ(read.ok() ? Code::unverified : read.error().code, Code::unverified);
  }
}

/// The bundles in a stream, one by one.
std::vector<Bytes> parts_of(const Bytes& bytes) {
  std::vector<Bytes> parts;
  const ByteSource source = testing::source_of(bytes);
  FrameReader reader(source);
  for (std::uint64_t begin = 0; reader.next_bundle().value(); begin = reader.position()) {
    while (reader.next().value() != FrameType::end) {
    }
    parts.emplace_back(bytes.begin() + static_cast<std::ptrdiff_t>(begin),
                       bytes.begin() + static_cast<std::ptrdiff_t>(reader.position()));
  }
  return parts;
}

TEST_F(Bundle, PartsAreBoundedAndEachProvesItself) {
  grow(300);
  Bytes bytes;
  const auto written = write_bundle_bytes(producer_.reader(), bytes, {.part_bytes = 12000});
  ASSERT_TRUE(written.ok()) << written.error().message;
  EXPECT_EQ(written->blocks, 300U);
  const std::vector<Bytes> parts = parts_of(bytes);
  ASSERT_GT(parts.size(), 4U);
  for (const Bytes& part : parts) EXPECT_LE(part.size(), 12000U);
  // Each one alone, in the worst order, and all as one stream.
  Follower backwards(producer_.id());
  ASSERT_TRUE(backwards.open().ok());
  for (auto part = parts.rbegin(); part != parts.rend(); ++part) {
    Follower alone(producer_.id());
    ASSERT_TRUE(alone.open().ok());
    ASSERT_TRUE(read_bundle_bytes(*part, *alone.mirror).ok());
    EXPECT_GT(alone.reader().held_payload_count(), 0U);
    const auto read = read_bundle_bytes(*part, *backwards.mirror);
    ASSERT_TRUE(read.ok()) << read.error().message;
  }
  expect_same(backwards.reader(), producer_.reader());
  Follower together(producer_.id());
  ASSERT_TRUE(together.open().ok());
  ASSERT_TRUE(read_bundle_bytes(bytes, *together.mirror).ok());
  expect_same(together.reader(), producer_.reader());
}

TEST_F(Bundle, PartsThatCannotHoldABlockAreRefused) {
  grow(3);
  grow(producer_, 5, 5000);
  Bytes bytes;
  const auto written = write_bundle_bytes(producer_.reader(), bytes, {.part_bytes = 4000});
  ASSERT_FALSE(written.ok());
  EXPECT_EQ(written.error().code, Code::invalid_argument);
}

TEST_F(Bundle, GrowthBehindAnOlderBundleIsOneStream) {
  for (const bool full : {true, false}) {
    Bytes bytes;
    Follower older(producer_.id());
    ASSERT_TRUE(older.open().ok());
    const BundleSelection selection{.topics = full ? std::vector<std::string>{} : std::vector<std::string>{"b"}};
    grow(full ? 100 : 200);
    ASSERT_TRUE(write_bundle_bytes(producer_.reader(), bytes, selection).ok());
    ASSERT_TRUE(read_bundle_bytes(bytes, *older.mirror).ok());
    for (int i = 0; i < 2; ++i) {
      BundleSelection growth = selection;
      growth.after_size = producer_.writer->head()->tree_size;
      EXPECT_EQ(write_bundle_bytes(producer_.reader(), bytes, growth).error().code, Code::not_found) << "no growth";
      grow(growth.after_size + 30);
      ASSERT_TRUE(write_bundle_bytes(producer_.reader(), bytes, growth).ok());
    }
    Follower fresh(producer_.id());
    ASSERT_TRUE(fresh.open().ok());
    for (Follower* follower : {&older, &fresh, &older}) {
      const auto read = read_bundle_bytes(bytes, *follower->mirror);
      ASSERT_TRUE(read.ok()) << read.error().message;
      EXPECT_EQ(follower->reader().head(), producer_.reader().head());
    }
    if (full) expect_same(fresh.reader(), producer_.reader());
    EXPECT_EQ(fresh.reader().held_payloads(), older.reader().held_payloads());
  }
}

TEST_F(Bundle, OfSomeTopicsProvesTheirEnds) {
  grow(200);
  Bytes bytes;
  ASSERT_TRUE(write_bundle_bytes(producer_.reader(), bytes, {.topics = {"b"}}).ok());
  Follower other(producer_.id());
  ASSERT_TRUE(other.open().ok());
  const auto read = read_bundle_bytes(bytes, *other.mirror);
  ASSERT_TRUE(read.ok()) << read.error().message;
  const FeedReader reader = other.reader();
  EXPECT_FALSE(reader.topic(stream("a")).value().has_value());
  for (const std::int32_t partition : {0, 1}) {
    const auto view = reader.topic(stream("b", partition)).value();
    const auto truth = producer_.reader().topic(stream("b", partition)).value();
    ASSERT_TRUE(view.has_value());
    EXPECT_EQ(view->end, truth->end);
    EXPECT_EQ(view->high_watermark, truth->end);
    EXPECT_EQ(view->known_to, 200U);
  }
}

TEST_F(Bundle, OfATimeHasAllHeadersAndItsPayloads) {
  grow(200);
  Bytes bytes;
  const BundleSelection selection{.topics = {"a"}, .from = UnixMs{1010}, .before = UnixMs{1020}};
  ASSERT_TRUE(write_bundle_bytes(producer_.reader(), bytes, selection).ok());
  Follower other(producer_.id());
  ASSERT_TRUE(other.open().ok());
  ASSERT_TRUE(read_bundle_bytes(bytes, *other.mirror).ok());
  std::size_t with = 0;
  std::size_t without = 0;
  for (std::uint64_t index = 1; index < 200; ++index) {
    const BlockHeader header = producer_.reader().header(BlockIndex{index}).value();
    EXPECT_EQ(other.reader().header(BlockIndex{index}).ok(), header.stream == stream("a"));
    if (header.stream != stream("a")) continue;
    const bool selected = header.largest_time >= UnixMs{1010} && header.smallest_time < UnixMs{1020};
    EXPECT_EQ(other.reader().has_payload(BlockIndex{index}).value(), selected);
    (selected ? with : without) += 1;
  }
  EXPECT_GT(with, 5U);
  EXPECT_GT(without, 5U);
}

TEST_F(Bundle, ThatCannotBeJoinedToAnOlderCopyChangesNothing) {
  grow(60);
  Follower sparse(producer_.id());
  ASSERT_TRUE(sparse.open().ok());
  ASSERT_TRUE(deliver(producer_.reader(), *producer_.writer->head(), 0, {0, 5}).to(*sparse.mirror).ok());
  grow(200);
  Bytes bytes;
  ASSERT_TRUE(write_bundle_bytes(producer_.reader(), bytes, {.topics = {"b"}}).ok());
  const auto read = read_bundle_bytes(bytes, *sparse.mirror);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::unavailable) << read.error().message;
  EXPECT_EQ(sparse.reader().head()->tree_size, 60U);
  // A bundle of the whole feed joins, and then this one does.
  Bytes whole;
  ASSERT_TRUE(write_bundle_bytes(producer_.reader(), whole).ok());
  ASSERT_TRUE(read_bundle_bytes(whole, *sparse.mirror).ok());
  EXPECT_TRUE(read_bundle_bytes(bytes, *sparse.mirror).ok());
}

TEST_F(Bundle, NothingIsWrittenWhenNothingIsHeldOrTheCallerStops) {
  EXPECT_EQ(write_bundle_file(producer_.reader(), file()).error().code, Code::not_found);
  grow(10);
  Follower empty(producer_.id());
  ASSERT_TRUE(empty.open().ok());
  ASSERT_TRUE(empty.mirror->accept(*producer_.writer->head(), 0, {}, {}).ok());
  EXPECT_EQ(write_bundle_file(empty.reader(), file()).error().code, Code::not_found);
  const auto stopped =
      write_bundle_file(producer_.reader(), file(), {}, [](std::uint64_t, std::uint64_t) { return false; });
  EXPECT_EQ(stopped.error().code, Code::cancelled);
  EXPECT_TRUE(std::filesystem::is_empty(scratch_.path()));
}

}  // namespace
}  // namespace shoal::feed
