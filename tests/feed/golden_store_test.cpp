#include "crypto/key_file.h"
#include "feed/feed_world.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include <fstream>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::HandClock;
using testing::ScratchDir;
using testing::stream;

/// The data directories of tests/vectors/golden_store_*.tar.zst: one archive for each schema version.
class GoldenStore : public ::testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const std::string archive = std::string(SHOAL_TEST_DATA) + "/vectors/golden_store_" + GetParam();
    const std::string unpack = "tar --zstd -xf '" + archive + ".tar.zst' -C '" + scratch_.path().string() + "'";
    ASSERT_EQ(std::system(unpack.c_str()), 0);
    std::ifstream file(archive + ".json");
    facts_ = nlohmann::json::parse(file);
  }

  /// Opens the own feed `quakes` of one of them for writing. The place is left out: the archive is a copy.
  void open(const std::string& name) {
    const auto directory = scratch_.path() / name;
    auto key = crypto::read_key_file(directory / "keys" / "quakes.key", {});
    ASSERT_TRUE(key.ok()) << key.error().message;
    auto store = store::open_rocks_store((directory / "own").string(), store::Backing::disk, sink_);
    ASSERT_TRUE(store.ok()) << store.error().message;
    store_ = *std::move(store);
    auto journal = store::open_file_journal((directory / "journal").string());
    ASSERT_TRUE(journal.ok()) << journal.error().message;
    journal_ = std::move(journal->journal);
    auto log = FeedLog::open({store_.get(), store_.get()}, FeedId{key->public_key()});
    ASSERT_TRUE(log.ok()) << log.error().message;
    log_ = *std::move(log);
    clock_.now = UnixMs{1'900'000'000'000};
    auto writer = FeedWriter::open(*log_, *store_, *journal_, *std::move(key), clock_, sink_);
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    writer_ = *std::move(writer);
  }
  [[nodiscard]] std::int64_t end(const std::string& topic) const {
    return FeedReader(*log_).topic(stream(topic)).value().value().end.value();
  }

  ScratchDir scratch_;
  nlohmann::json facts_;
  base::NullLogSink sink_;
  HandClock clock_;
  std::unique_ptr<store::KvStore> store_;
  std::unique_ptr<store::Journal> journal_;
  std::unique_ptr<FeedLog> log_;
  std::unique_ptr<FeedWriter> writer_;
};

TEST_P(GoldenStore, AnOwnFeedGoesOnWhereItEnded) {
  open("own");
  EXPECT_EQ(log_->head()->tree_size, facts_["own"]["tree_size"].get<std::uint64_t>());
  for (const auto& [topic, end_offset] : facts_["own"]["ends"].items()) EXPECT_EQ(end(topic), end_offset) << topic;
  const auto before = end("ci");
  const auto done = writer_->commit({batch_of(stream("ci"), {1'900'000'000'000})});
  ASSERT_TRUE(done.ok()) << done.error().message;
  EXPECT_EQ(done->blocks.front().base_offset.value(), before);
  EXPECT_EQ(end("ci"), before + 1);
}

TEST_P(GoldenStore, WhatAKillLeftInTheJournalIsReplayed) {
  open("killed");
  EXPECT_EQ(end("default"), facts_["killed"]["records"].get<std::int64_t>());
  const FeedReader reader(*log_);
  for (std::uint64_t block = 0; block < log_->head()->tree_size; ++block) {
    EXPECT_TRUE(reader.payload(BlockIndex{block}).ok()) << block;
  }
  EXPECT_TRUE(writer_->commit({batch_of(stream("default"), {1'900'000'000'000})}).ok());
}

INSTANTIATE_TEST_SUITE_P(Versions, GoldenStore, ::testing::Values("0.1", "schema2"));

}  // namespace
}  // namespace shoal::feed
