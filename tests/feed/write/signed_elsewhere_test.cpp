#include "feed/write/signed_elsewhere.h"

#include "feed/feed_world.h"
#include "feed/recording_store.h"

#include <filesystem>

namespace shoal::feed {
namespace {

using testing::batch_of;
using testing::Producer;
using testing::ScratchDir;
using testing::stream;

Checkpoint at(std::uint64_t size, std::uint32_t epoch = 0) {
  Checkpoint head;
  head.tree_size = size;
  head.epoch = Epoch(epoch);
  return head;
}

TEST(SignedElsewhere, AHeadGoesBeyondWhatItHasMoreOf) {
  EXPECT_TRUE(goes_beyond(at(1), std::nullopt));
  EXPECT_FALSE(goes_beyond(at(0), std::nullopt));
  EXPECT_TRUE(goes_beyond(at(8), at(7)));
  EXPECT_FALSE(goes_beyond(at(7), at(7)));
  EXPECT_FALSE(goes_beyond(at(6), at(7)));
  EXPECT_TRUE(goes_beyond(at(6, 1), at(7)));
  EXPECT_FALSE(goes_beyond(at(8), at(7, 1)));
}

/// One key in two directories: `here` has three blocks, `elsewhere` any number.
class TwoDirectories : public ::testing::Test {
 protected:
  TwoDirectories() : here_(scratch_.path() / "here"), elsewhere_(scratch_.path() / "elsewhere") {
    for (Producer* each : {&here_, &elsewhere_}) std::filesystem::create_directories(each->directory);
    EXPECT_TRUE(here_.open().ok() && elsewhere_.open().ok());
    append(here_, 3);
  }
  static void append(Producer& producer, std::int64_t count) {
    for (std::int64_t i = 0; i < count; ++i) {
      ASSERT_TRUE(producer.writer->commit({batch_of(stream("t"), {100 + i})}).ok());
    }
  }
  /// What opening the writer of `here` again says.
  [[nodiscard]] Result<void> reopened() {
    here_.close();
    return here_.open();
  }
  void note_head_of(const Producer& other) {
    ASSERT_TRUE(note_signed_elsewhere(*here_.log, *other.writer->head()).ok());
  }

  ScratchDir scratch_;
  Producer here_;
  Producer elsewhere_;
};

TEST_F(TwoDirectories, NothingIsSignedWhileALongerHeadIsKnown) {
  EXPECT_TRUE(check_signed_elsewhere(*here_.log).ok());
  append(elsewhere_, 5);
  note_head_of(elsewhere_);
  const auto checked = check_signed_elsewhere(*here_.log);
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Code::unsafe_to_sign);
  EXPECT_NE(checked.error().message.find("up to size 5, and here up to 3"), std::string::npos);
  EXPECT_FALSE(checked.error().hint.empty());
  for (int i = 0; i < 2; ++i) {
    const auto opened = reopened();
    ASSERT_FALSE(opened.ok());
    EXPECT_EQ(opened.error().code, Code::unsafe_to_sign) << "at every later start";
  }
}

TEST_F(TwoDirectories, TheOneThatGoesFurthestIsRemembered) {
  append(elsewhere_, 4);
  const Checkpoint shorter = *elsewhere_.writer->head();
  append(elsewhere_, 2);
  note_head_of(elsewhere_);
  ASSERT_TRUE(note_signed_elsewhere(*here_.log, shorter).ok());
  EXPECT_NE(check_signed_elsewhere(*here_.log).error().message.find("up to size 6"), std::string::npos);
}

TEST_F(TwoDirectories, AHeadThatIsHereStopsNothing) {
  append(elsewhere_, 3);
  note_head_of(elsewhere_);
  EXPECT_TRUE(check_signed_elsewhere(*here_.log).ok());
  EXPECT_TRUE(reopened().ok());
  append(here_, 1);
}

TEST_F(TwoDirectories, AFeedWithoutAHeadHereIsStoppedToo) {
  Producer fresh(scratch_.path() / "fresh");
  std::filesystem::create_directories(fresh.directory);
  ASSERT_TRUE(fresh.open().ok());
  ASSERT_TRUE(note_signed_elsewhere(*fresh.log, *here_.writer->head()).ok());
  fresh.close();
  const auto opened = fresh.open();
  ASSERT_FALSE(opened.ok());
  EXPECT_EQ(opened.error().code, Code::unsafe_to_sign);
}

TEST_F(TwoDirectories, AStoppedWriterSignsNothing) {
  here_.writer->stop({Code::unsafe_to_sign, "why", ""});
  EXPECT_EQ(here_.writer->commit({batch_of(stream("t"), {200})}).error().message, "why");
  EXPECT_EQ(here_.writer->heartbeat().error().message, "why");
  EXPECT_EQ(here_.writer->commit_manifest({}).error().message, "why");
  EXPECT_EQ(here_.writer->head()->tree_size, 3U);
}

/// A feed whose store writes down what is done to it, and heads of the same key of another directory.
class SignedElsewhereRows : public ::testing::Test {
 protected:
  using Calls = testing::RecordingStore::Calls;

  void SetUp() override {
    auto own = std::make_unique<testing::RecordingStore>("own", calls_);
    store_ = own.get();
    here_.store = std::move(own);
    ASSERT_TRUE(here_.open().ok());
    Producer elsewhere;
    ASSERT_TRUE(elsewhere.open().ok());
    for (std::int64_t i = 0; i < 3; ++i) {
      heads_.push_back(elsewhere.writer->commit({batch_of(stream("t"), {i})})->head);
    }
    calls_->clear();
  }
  void put(const std::optional<Bytes>& bytes) { ASSERT_TRUE(here_.log->set_property("writer/elsewhere", bytes).ok()); }

  std::shared_ptr<Calls> calls_ = std::make_shared<Calls>();
  Producer here_;
  testing::RecordingStore* store_ = nullptr;
  std::vector<Checkpoint> heads_;  // of 1, 2 and 3 blocks
};

TEST_F(SignedElsewhereRows, ANotedHeadIsDurable) {
  ASSERT_TRUE(note_signed_elsewhere(*here_.log, heads_[1]).ok());
  EXPECT_EQ(*calls_, (Calls{"own write no", "own durable"}));
  for (const Checkpoint& known : {heads_[1], heads_[0]}) ASSERT_TRUE(note_signed_elsewhere(*here_.log, known).ok());
  EXPECT_EQ(calls_->size(), 2U) << "what goes no further is not written";
  ASSERT_TRUE(note_signed_elsewhere(*here_.log, heads_[2]).ok());
  EXPECT_EQ(calls_->size(), 4U);
  const auto checked = check_signed_elsewhere(*here_.log);
  ASSERT_FALSE(checked.ok());
  EXPECT_NE(checked.error().message.find("up to size 3, and here up to 0"), std::string::npos);
}

TEST_F(SignedElsewhereRows, AHeadThatCannotBeKeptIsAnError) {
  store_->refuse_durable(Error{Code::io, "no sync"});
  EXPECT_EQ(note_signed_elsewhere(*here_.log, heads_[1]).error().code, Code::io);
  put(std::nullopt);
  store_->refuse_durable(std::nullopt);
  store_->refuse_writes(Error{Code::no_space, "full"});
  EXPECT_EQ(note_signed_elsewhere(*here_.log, heads_[1]).error().code, Code::no_space);
}

TEST_F(SignedElsewhereRows, AHeadThatCannotBeReadIsTakenForNone) {
  Checkpoint forged = heads_[2];
  forged.time = forged.time + 1;
  for (const Bytes& bytes : {Bytes{1, 2}, encode_checkpoint(forged)}) {
    put(bytes);
    EXPECT_TRUE(check_signed_elsewhere(*here_.log).ok());
    ASSERT_TRUE(note_signed_elsewhere(*here_.log, heads_[1]).ok());
    EXPECT_FALSE(check_signed_elsewhere(*here_.log).ok());
  }
}

}  // namespace
}  // namespace shoal::feed
