#include "topic/topic_reader.h"

#include "topic/reader_world.h"

#include <gtest/gtest.h>

namespace shoal::topic {
namespace {

using namespace testing;
using feed::testing::deliver;

/// A mirror that gets blocks and topic entries in any order, and a reader that looks all the time.
class SparseWorld {
 public:
  explicit SparseWorld(std::uint64_t seed) : feed(seed), follower(feed.producer.id()) {
    feed.append(1 + feed.random.below(30));
    EXPECT_TRUE(follower.open().ok());
    EXPECT_TRUE(deliver(source(), head(), 0, {}).to(*follower.mirror).ok());
    selection = feed.random_selection();
    reader.emplace(copy(), selection);
    EXPECT_TRUE(reader->start(StartPosition{}).ok());
    plan();
  }

  void step() {
    const std::uint64_t choice = feed.random.below(20);
    if (choice == 0 && grown_ < 2) return grow();
    if (choice < 5 && !entries_.empty()) return give_entry();
    if (choice < 8 && !payloads_.empty()) return give_payload();
    if (!blocks_.empty()) return give_block();
    if (!payloads_.empty()) return give_payload();
    if (!entries_.empty()) return give_entry();
  }
  [[nodiscard]] bool all_given() const { return blocks_.empty() && payloads_.empty() && entries_.empty(); }

  /// What was delivered is a beginning of what must be, and a claim to be complete is true.
  void look() {
    ASSERT_TRUE(drain(*reader, got));
    const std::vector<Seen> expected = feed.expected(selection, StartPosition{});
    const std::vector<Seen> seen = seen_of(got);
    if (selection.ordered) {
      ASSERT_LE(seen.size(), expected.size());
      ASSERT_TRUE(std::equal(seen.begin(), seen.end(), expected.begin())) << "not a prefix of the feed's order";
    }
    const auto wanted = by_stream(expected);
    for (const auto& [stream, records] : by_stream(seen)) {
      const auto found = wanted.find(stream);
      ASSERT_TRUE(found != wanted.end());
      ASSERT_LE(records.size(), found->second.size());
      ASSERT_TRUE(std::equal(records.begin(), records.end(), found->second.begin())) << stream.topic;
    }
    for (std::uint64_t size = 0; size <= head().tree_size; ++size) {
      if (!reader->has_read_to(size).value()) continue;
      for (const Seen& one : expected) {
        if (one.block >= size) break;
        ASSERT_TRUE(std::find(seen.begin(), seen.end(), one) != seen.end())
            << "claims to have read to " << size << " without " << one.stream.topic << " " << one.offset;
      }
    }
  }

  void expect_complete() {
    EXPECT_TRUE(by_stream(seen_of(got)) == by_stream(feed.expected(selection, StartPosition{}))) << got.size();
    EXPECT_TRUE(reader->has_read_to(head().tree_size).value());
  }

  RandomFeed feed;
  Follower follower;
  Selection selection;
  std::optional<feed::FeedReader> copy_;
  std::optional<TopicReader> reader;
  std::vector<Delivered> got;

 private:
  [[nodiscard]] feed::FeedReader source() const { return feed.producer.reader(); }
  [[nodiscard]] feed::Checkpoint head() const { return *source().head(); }
  const feed::FeedReader& copy() {
    if (!copy_) copy_.emplace(follower.reader());
    return *copy_;
  }

  /// Blocks and entries that a sparse reader of the selection needs, in random order. Entries for all only where
  /// globs need them.
  void plan() {
    for (std::uint64_t i = planned_; i < head().tree_size; ++i) {
      const feed::BlockHeader header = source().header(BlockIndex(i)).value();
      const bool selected = header.is(feed::BlockKind::data) && selection.filter.selects(header.stream);
      if (selected || i == 0) blocks_.push_back(i);
    }
    planned_ = head().tree_size;
    entries_.clear();
    for (std::uint32_t i = 0; i < head().topic_count; ++i) entries_.push_back(i);
  }

  std::uint64_t pick(std::vector<std::uint64_t>& from) {
    // Mostly in order, as from a real mirror, with gaps now and then.
    const std::size_t at = feed.random.below(3) == 0 ? feed.random.below(from.size()) : 0;
    const std::uint64_t picked = from[at];
    from.erase(from.begin() + static_cast<std::ptrdiff_t>(at));
    return picked;
  }

  void give_block() {
    const std::uint64_t block = pick(blocks_);
    const bool with_payload = feed.random.below(3) != 0;
    const auto done = deliver(source(), head(), 0, {block}, with_payload).to(*follower.mirror);
    ASSERT_TRUE(done.ok()) << done.error().message;
    if (!with_payload) payloads_.push_back(block);
  }
  void give_payload() {
    const std::uint64_t block = pick(payloads_);
    ASSERT_TRUE(follower.mirror->add_payload(BlockIndex(block), source().payload(BlockIndex(block)).value()).ok());
  }
  void give_entry() {
    const std::size_t at = feed.random.below(entries_.size());
    const auto proven = source().topic_entry(entries_[at]).value();
    entries_.erase(entries_.begin() + static_cast<std::ptrdiff_t>(at));
    const auto done = follower.mirror->add_topic_entry(proven.entry, proven.position, proven.path);
    ASSERT_TRUE(done.ok()) << done.error().message;
  }
  void grow() {
    ++grown_;
    const std::uint64_t before = head().tree_size;
    feed.append(1 + feed.random.below(8));
    ASSERT_TRUE(deliver(source(), head(), before, {}).to(*follower.mirror).ok());
    plan();
  }

  std::vector<std::uint64_t> blocks_;
  std::vector<std::uint64_t> payloads_;
  std::vector<std::uint32_t> entries_;
  std::uint64_t planned_ = 0;
  int grown_ = 0;
};

TEST(TopicReader, NeverPassesOverARecordOnASparseCopy) {
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    SCOPED_TRACE("seed " + std::to_string(seed));
    SparseWorld world(seed);
    while (!world.all_given()) {
      world.step();
      world.look();
      if (HasFatalFailure()) return;
    }
    world.expect_complete();
    if (HasFailure()) return;
  }
}

}  // namespace
}  // namespace shoal::topic
