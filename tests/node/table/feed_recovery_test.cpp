#include "node/table/feed_recovery.h"

#include "node/table/table_world.h"
#include "swarm/head_hint.h"

#include <thread>

// What a recovery does without anybody to ask; tests/system/rollback_test.py and tests/faults/rollback.py have those
// who answer.
namespace shoal::node {
namespace {

using namespace std::chrono_literals;
using testing::code_of;
using testing::must;

class FeedRecoveryTest : public testing::TableWorld {
 protected:
  /// An own feed with one block, whose directory was copied.
  void open_copied(bool online = true) {
    open();
    feed_ = make_key("mine");
    publish(*must(table_->own("mine")));
    head_ = *must(table_->host(reference()))->reader().head();
    close();
    std::filesystem::remove(dir_ / "data/place");
    open(online);
    ASSERT_EQ(code_of(table_->own("mine")), Code::unsafe_to_sign);
  }
  [[nodiscard]] FeedReference reference() const { return {feed_, "mine", true, {}}; }
  [[nodiscard]] Result<RecoveredFeed> recover(RecoverOptions options = {}) {
    options.find_timeout = 50ms;
    return table_->recover("mine", options, {10s, {}});
  }
  [[nodiscard]] static RecoverOptions asserted(std::uint64_t size, const crypto::Digest& root) {
    RecoverOptions options;
    options.asserted = feed::AssertedHead{size, root};
    return options;
  }

  FeedId feed_;
  feed::Checkpoint head_;
};

TEST_F(FeedRecoveryTest, WithoutAnybodyWhoHasItNothingIsSignedOn) {
  open_copied();
  const auto recovered = recover();
  ASSERT_FALSE(recovered.ok());
  EXPECT_EQ(recovered.error().code, Code::unsafe_to_sign);
  EXPECT_NE(recovered.error().message.find("nobody who holds it answered"), std::string::npos);
  EXPECT_FALSE(recovered.error().hint.empty());
  EXPECT_EQ(code_of(table_->own("mine")), Code::unsafe_to_sign);
  EXPECT_EQ(must(table_->host(reference()))->reader().head(), head_) << "it is read as before";
}

TEST_F(FeedRecoveryTest, AHeadInTheDhtThatGoesFurtherIsWaitedFor) {
  open_copied();
  const swarm::HeadHint hint(feed_);
  feed::Checkpoint longer = head_;
  longer.tree_size = 7;
  longer.signature = crypto::sign(must(keys_->open("mine")), base::as_bytes(feed::note_text(feed_, longer)));
  RecoverOptions options;
  options.find_timeout = 2s;
  std::optional<Error> refused;
  std::thread asking([&] {
    const auto recovered = table_->recover("mine", options, {10s, {}});
    if (!recovered) refused = recovered.error();
  });
  EXPECT_TRUE(swarm_.wait([](const auto& calls) { return !calls.gets.empty(); }));
  swarm_.give(hint.key(), hint.seal(longer));
  asking.join();
  ASSERT_TRUE(refused.has_value());
  EXPECT_EQ(refused->code, Code::unsafe_to_sign);
  EXPECT_NE(refused->message.find("the DHT shows that its key signed 7 blocks, and 1 came"), std::string::npos);
}

TEST_F(FeedRecoveryTest, OfflineNobodyIsAsked) {
  open_copied(false);
  EXPECT_EQ(code_of(recover()), Code::unsafe_to_sign);
  EXPECT_EQ(code_of(table_->recover("absent", {}, {})), Code::not_found);
}

TEST_F(FeedRecoveryTest, TheOwnersWordIsTakenForTheHeadThatIsHere) {
  open_copied(false);
  EXPECT_EQ(code_of(recover(asserted(2, head_.root))), Code::unsafe_to_sign);
  EXPECT_EQ(code_of(recover(asserted(1, head_.topic_root))), Code::unsafe_to_sign);
  EXPECT_EQ(code_of(table_->own("mine")), Code::unsafe_to_sign);
  const auto recovered = must(recover(asserted(1, head_.root)));
  EXPECT_EQ(recovered.tree_size, 1U);
  EXPECT_EQ(recovered.fetched, 0U);
  publish(*must(table_->own("mine")));
  EXPECT_EQ(must(table_->host(reference()))->reader().head()->tree_size, 2U);
  close();
  open();
  publish(*must(table_->own("mine")));
  EXPECT_EQ(must(keys_->marked("mine", feed_))->size, 2U) << "as of the start";
}

TEST_F(FeedRecoveryTest, AFeedThatIsPublishedToIsLeftAlone) {
  open(true);
  feed_ = make_key("mine");
  const auto own = must(table_->own("mine"));
  const auto sender = must(own->begin_producing({}, {}, OwnFeed::Sharing::exclusive));
  EXPECT_EQ(code_of(recover()), Code::in_use);
  must(own->send(sender, testing::record("t", "v"), {5s}));
  must(own->flush(sender, {5s}));
  own->end_producing(sender);
}

TEST_F(FeedRecoveryTest, ARemovedFeedIsNotRecovered) {
  open(true);
  feed_ = make_key("mine");
  publish(*must(table_->own("mine")));
  must(table_->remove(reference()));
  EXPECT_EQ(code_of(recover()), Code::unsafe_to_sign);
  EXPECT_NE(recover().error().message.find("was removed"), std::string::npos);
}

TEST_F(FeedRecoveryTest, NobodySignsMeanwhile) {
  open_copied();
  std::thread first([&] { EXPECT_EQ(code_of(recover()), Code::unsafe_to_sign); });
  bool busy = false;
  for (int i = 0; i < 1000 && !busy; ++i) {
    busy = code_of(table_->own("mine")) == Code::in_use;
    std::this_thread::sleep_for(1ms);
  }
  first.join();
  EXPECT_TRUE(busy);
  EXPECT_EQ(code_of(table_->own("mine")), Code::unsafe_to_sign) << "and later it is as before";
}

TEST_F(FeedRecoveryTest, ACallThatIsStoppedEnds) {
  open_copied();
  std::stop_source stop;
  stop.request_stop();
  RecoverOptions options;
  options.find_timeout = 20s;
  EXPECT_EQ(code_of(table_->recover("mine", options, {20s, stop.get_token()})), Code::cancelled);
}

}  // namespace
}  // namespace shoal::node
