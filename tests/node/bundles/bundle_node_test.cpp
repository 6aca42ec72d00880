#include "node/bundles/bundle_node.h"

#include "feed/bundle/bundle_bytes.h"
#include "feed/feed_world.h"
#include "node/api/node_api.h"

#include <shoal/proof.h>

#include <random>
#include <type_traits>

namespace shoal::node {
namespace {

using feed::BundleSelection;
using feed::testing::batch_of;
using feed::testing::stream;

/// Flips that each run tries; a thousandfold by hand with SHOAL_FLIPS.
int flips() {
  const char* asked = std::getenv("SHOAL_FLIPS");
  return asked != nullptr ? std::atoi(asked) : 300;
}

class BundleInPlace : public ::testing::Test {
 protected:
  void SetUp() override {
    ASSERT_TRUE(producer_.open().ok());
    feed::Manifest manifest;
    manifest.title = "In place";
    manifest.topics = {{"b", 2, "", ""}};
    ASSERT_TRUE(producer_.writer->commit_manifest(manifest).ok());
    grow(60);
  }
  void grow(std::uint64_t size) {
    for (std::uint64_t at = producer_.writer->head()->tree_size; at < size; ++at) {
      const TopicPartition to = at % 3 == 0 ? stream("a") : stream("b", static_cast<std::int32_t>(at % 3 - 1));
      const auto time = static_cast<std::int64_t>(1000 + at);
      ASSERT_TRUE(producer_.writer->commit({batch_of(to, {time, time + 1})}).ok());
    }
  }
  void write(const BundleSelection& selection, const std::string& name = "x.shoal") {
    const auto written = feed::testing::write_bundle_file(producer_.reader(), file(name), selection);
    ASSERT_TRUE(written.ok()) << written.error().message;
  }
  [[nodiscard]] std::filesystem::path file(const std::string& name = "x.shoal") const { return scratch_.path() / name; }
  [[nodiscard]] std::shared_ptr<BundleNode> open(const std::string& name = "x.shoal") const {
    auto opened = BundleNode::open({file(name)});
    EXPECT_TRUE(opened.ok()) << opened.error().message;
    return opened.ok() ? *opened : nullptr;
  }
  /// Values in the order they come; what stopped it otherwise.
  static Result<std::vector<std::string>> read(BundleNode& node, SubscribeOptions options = {}) {
    options.until_head = true;
    auto subscription = node.subscribe(node.feed(), options);
    if (!subscription.ok()) return std::move(subscription).error();
    std::vector<std::string> values;
    while (true) {
      const auto polled = (*subscription)->poll({.wait = {std::chrono::seconds(10), {}}});
      if (!polled.ok()) return polled.error();
      if (polled->status() != Poll::Status::records) return values;
      for (const RecordView& record : polled->records()) values.emplace_back(base::as_text(*record.value));
    }
  }

  feed::testing::ScratchDir scratch_;
  feed::testing::Producer producer_;
};

TEST_F(BundleInPlace, GivesWhatTheFeedHas) {
  write({});
  const auto node = open();
  const FeedInfo info = node->info(node->feed(), {}).value();
  EXPECT_EQ(info.feed, producer_.id());
  EXPECT_EQ(info.title, "In place");
  EXPECT_EQ(info.tree_size, 60U);
  EXPECT_EQ(info.held_blocks, 60U);
  ASSERT_EQ(info.topics.size(), 3U);
  EXPECT_EQ(read(*node).value().size(), 59U * 2);
  const auto one = node->get({producer_.id(), "b", Partition{1}, Offset{3}, {}}, {}, {});
  ASSERT_TRUE(one.ok()) << one.error().message;
  const std::string proof = node->prove({producer_.id(), "b", Partition{1}, Offset{3}, {}}, {}).value();
  const VerifiedRecord proven = verify_proof(proof, producer_.id()).value();
  EXPECT_EQ(base::as_text(*proven.record().value), base::as_text(*one->begin()->value));
  EXPECT_EQ(verify_proof(proof, FeedId{}).error().code, Code::unverified);
  EXPECT_TRUE(node->verify({}).value().complete());
  EXPECT_EQ(node->get({producer_.id(), "b", Partition{1}, Offset{999}, {}}, {}, {}).error().code, Code::not_found);
}

TEST_F(BundleInPlace, OnlyReads) {
  write({});
  const auto node = open();
  EXPECT_EQ(node->subscribe(node->feed(), {.cursor = "mine"}).error().code, Code::invalid_argument);
  static_assert(std::is_base_of_v<ReadingApi, BundleNode>);
  static_assert(!std::is_base_of_v<OwningApi, BundleNode> && !std::is_base_of_v<KeepingApi, BundleNode> &&
                !std::is_base_of_v<NodeApi, BundleNode>);
}

TEST_F(BundleInPlace, SelectionsAndGrowthAreReadAsWritten) {
  write({.topics = {"b"}});
  EXPECT_EQ(read(*open()).value().size(), 40U * 2);
  EXPECT_TRUE(open()->verify({}).value().complete());
  write({.topics = {"a"}, .from = UnixMs{1020}, .before = UnixMs{1030}});
  const auto some = open();
  const std::vector<std::string> values = read(*some).value();
  for (const std::string& value : values) {
    const std::int64_t time = std::stoll(value.substr(2));
    EXPECT_GE(time, 1020);
    EXPECT_LT(time, 1030);
  }
  EXPECT_TRUE(some->verify({}).value().complete());

  Bytes bytes;
  ASSERT_TRUE(feed::testing::write_bundle_bytes(producer_.reader(), bytes).ok());
  grow(90);
  ASSERT_TRUE(feed::testing::write_bundle_bytes(producer_.reader(), bytes, {.after_size = 60}).ok());
  std::ofstream(file(), std::ios::binary) << base::as_text(bytes);
  EXPECT_EQ(read(*open()).value().size(), 89U * 2);
  EXPECT_TRUE(open()->verify({}).value().complete());
}

TEST_F(BundleInPlace, OfAPrunedCopyBeginsWhereThatDoes) {
  feed::testing::Follower pruned(producer_.id());
  ASSERT_TRUE(pruned.open().ok());
  ASSERT_TRUE(feed::testing::replicate(producer_.reader(), pruned).ok());
  ASSERT_TRUE(pruned.log->prune_before(BlockIndex{30}).ok());
  ASSERT_TRUE(feed::testing::write_bundle_file(pruned.reader(), file()).ok());
  const auto node = open();
  EXPECT_EQ(read(*node).value().size(), 30U * 2);
  const auto report = node->verify({}).value();
  EXPECT_TRUE(report.complete());
  EXPECT_EQ(report.payloads_pruned, 29U);
  EXPECT_EQ(node->get({producer_.id(), "a", Partition{0}, Offset{0}, {}}, {}, {}).error().code, Code::pruned);
}

TEST_F(BundleInPlace, HolesInWhatIsClaimedAreNamed) {
  feed::testing::Follower sparse(producer_.id());
  ASSERT_TRUE(sparse.open().ok());
  ASSERT_TRUE(
      feed::testing::deliver(producer_.reader(), *producer_.writer->head(), 0, {0, 1, 2, 9}).to(*sparse.mirror).ok());
  ASSERT_TRUE(feed::testing::write_bundle_file(sparse.reader(), file()).ok());
  const auto report = open()->verify({}).value();
  EXPECT_TRUE(report.damage.empty());
  const std::vector<feed::BlockRange> holes{{BlockIndex{3}, BlockIndex{9}}, {BlockIndex{10}, BlockIndex{60}}};
  EXPECT_EQ(report.missing_headers, holes);
}

TEST_F(BundleInPlace, EveryFlipIsFoundAndNothingFalseIsRead) {
  const std::vector<std::string> truth = [&] {
    write({});
    return read(*open()).value();
  }();
  std::minstd_rand random(11);
  for (const BundleSelection& selection : {BundleSelection{}, BundleSelection{.topics = {"b"}}}) {
    write(selection);
    const Bytes bytes = feed::testing::bytes_of_file(file());
    for (int i = 0; i < flips(); ++i) {
      Bytes changed = bytes;
      std::uint8_t& byte = changed[random() % changed.size()];
      byte = static_cast<std::uint8_t>(byte ^ (1 << random() % 8));
      std::ofstream(file("flipped"), std::ios::binary) << base::as_text(changed);
      const auto opened = BundleNode::open({file("flipped")});
      if (!opened.ok()) continue;
      EXPECT_FALSE((*opened)->verify({}).value().complete()) << i;
      const auto values = read(**opened);
      if (!values.ok()) continue;
      for (const std::string& value : *values) ASSERT_TRUE(std::ranges::find(truth, value) != truth.end()) << i;
    }
  }
}

}  // namespace
}  // namespace shoal::node
