#include "node/feeds/feed_follow.h"

#include "feed/feed_world.h"
#include "simulation/virtual_time.h"

using namespace std::chrono_literals;

namespace shoal::node {
namespace {

using replication::FetchOrder;
using replication::Follow;

FeedWants::Want of_topics(std::vector<std::string> topics, bool in_order = true) {
  return {{std::move(topics), std::nullopt}, false, in_order};
}

/// A replicator that only notes what it is asked, and a reader of a feed with some topics.
class FeedFollowTest : public ::testing::Test {
 protected:
  FeedFollowTest() {
    EXPECT_TRUE(producer_.open().ok());
    reader_.emplace(producer_.reader());
    FeedFollow::Context context;
    context.wants = &wants_;
    context.reader = &*reader_;
    context.strand = &strand_;
    context.news = &news_;
    context.follow = [this](Follow follow) { follows_.push_back(std::move(follow)); };
    context.set_order = [this](FetchOrder order) { orders_.push_back(order); };
    context.stop_following = [this] { ++stops_; };
    context.fetch_topics = [this](base::MonoTime timeout, FeedFollow::Learned done) {
      EXPECT_EQ(timeout, 10s);
      questions_.push_back(std::move(done));
    };
    context.has_room = [this] { return has_room_; };
    context.drops_oldest = [this] { return drops_oldest_; };
    context.oldest = [] { return UnixMs(77); };
    context.on_changed = [this] { ++changes_; };
    context.on_synced = [this](const feed::Checkpoint& head) { synced_.push_back(head.tree_size); };
    follow_ = std::make_shared<FeedFollow>(std::move(context));
  }
  void publish(const std::string& topic) {
    EXPECT_TRUE(producer_.writer->commit({feed::testing::batch_of(feed::testing::stream(topic), {1})}).ok());
  }
  /// What was posted runs.
  void turn() { time_.run_for(0ms); }
  void answer(const Result<void>& learned) {
    ASSERT_EQ(questions_.size(), 1U);
    const auto done = std::move(questions_.front());
    questions_.clear();
    done(learned);
  }
  [[nodiscard]] std::vector<std::string> followed_topics() const {
    std::vector<std::string> names;
    for (const auto& stream : follows_.back().topics) {
      names.push_back(stream.topic + "/" + std::to_string(stream.partition.value()));
    }
    return names;
  }
  [[nodiscard]] feed::Checkpoint head() const { return *reader_->head(); }

  simulation::VirtualTime time_;
  simulation::VirtualExecutor strand_{time_};
  feed::testing::Producer producer_;
  std::optional<feed::FeedReader> reader_;
  FeedNews news_;
  FeedWants wants_{[] {}};
  bool has_room_ = true;
  bool drops_oldest_ = false;
  std::vector<Follow> follows_;
  std::vector<FetchOrder> orders_;
  int stops_ = 0;
  int changes_ = 0;
  std::vector<FeedFollow::Learned> questions_;
  std::vector<std::uint64_t> synced_;
  std::shared_ptr<FeedFollow> follow_;
};

const Error kNobody{Code::timed_out, "nobody knows", ""};

TEST_F(FeedFollowTest, WithoutAWantNothingIsFollowed) {
  follow_->apply();
  EXPECT_TRUE(follows_.empty());
  EXPECT_EQ(stops_, 1);
}

TEST_F(FeedFollowTest, EverythingIsFollowedWhenOneWantsIt) {
  const auto all = wants_.add({});
  const auto some = wants_.add(of_topics({"a"}));
  follow_->apply();
  ASSERT_EQ(follows_.size(), 1U);
  EXPECT_TRUE(follows_[0].everything);
  EXPECT_TRUE(follows_[0].live);
  EXPECT_EQ(follows_[0].oldest(), UnixMs(77));
  EXPECT_TRUE(wants_.applied());
}

TEST_F(FeedFollowTest, NothingIsFollowedWhileThereIsNoRoom) {
  const auto all = wants_.add({});
  follow_->apply();
  has_room_ = false;
  follow_->apply();
  EXPECT_EQ(stops_, 1);
  // Then the same again, from the beginning.
  has_room_ = true;
  follow_->apply();
  EXPECT_EQ(follows_.size(), 2U);
}

TEST_F(FeedFollowTest, OrderIsThatOfTheReadersOrOfTheBudget) {
  for (const bool read : {false, true}) {
    for (const bool dropped : {false, true}) {
      drops_oldest_ = dropped;
      FeedWants::Want want;
      want.in_order = read;
      const auto handle = wants_.add(want);
      has_room_ = false;
      follow_->apply();
      has_room_ = true;
      follow_->apply();
      EXPECT_EQ(follows_.back().order, read || dropped ? FetchOrder::feed : FetchOrder::rarest);
    }
  }
}

TEST_F(FeedFollowTest, TheSameInAnotherOrderIsNotFollowedAgain) {
  FeedWants::Want mirror;
  mirror.in_order = false;
  const auto kept = wants_.add(mirror);
  follow_->apply();
  follow_->apply();
  EXPECT_EQ(follows_.size(), 1U);
  EXPECT_TRUE(orders_.empty());
  const auto read = wants_.add({});
  follow_->apply();
  follow_->apply();
  EXPECT_EQ(follows_.size(), 1U);
  EXPECT_EQ(orders_, std::vector<FetchOrder>{FetchOrder::feed});
  EXPECT_EQ(changes_, 1);
}

TEST_F(FeedFollowTest, NamesAreFollowedBeforeTheyExist) {
  const auto first = wants_.add(of_topics({"b", "a"}));
  FeedWants::Want one_partition = of_topics({"c"});
  one_partition.filter.partition = Partition(2);
  const auto second = wants_.add(one_partition);
  follow_->apply();
  ASSERT_EQ(follows_.size(), 1U);
  EXPECT_FALSE(follows_[0].everything);
  EXPECT_EQ(followed_topics(), (std::vector<std::string>{"a/-1", "b/-1", "c/2"}));
  EXPECT_EQ(follows_[0].oldest(), UnixMs(77));
  EXPECT_TRUE(questions_.empty());
  EXPECT_TRUE(wants_.applied());
}

TEST_F(FeedFollowTest, OtherTopicsAreAnotherFollow) {
  auto first = wants_.add(of_topics({"a"}));
  follow_->apply();
  const auto second = wants_.add(of_topics({"b"}));
  follow_->apply();
  EXPECT_EQ(followed_topics(), (std::vector<std::string>{"a/-1", "b/-1"}));
  EXPECT_EQ(changes_, 2);
  const auto all = wants_.add({});
  follow_->apply();
  EXPECT_TRUE(follows_.back().everything);
  EXPECT_EQ(follows_.size(), 3U);
}

TEST_F(FeedFollowTest, PatternsAreMatchedAgainstTheTopicsThatAreKnown) {
  publish("news.a");
  publish("sport");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  const auto name = wants_.add(of_topics({"x"}));
  follow_->apply();
  EXPECT_EQ(followed_topics(), (std::vector<std::string>{"news.a/0", "x/-1"}));
}

TEST_F(FeedFollowTest, NewTopicsAreAskedForOncePerHead) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  EXPECT_EQ(questions_.size(), 1U);
  follow_->on_head();
  EXPECT_EQ(questions_.size(), 1U);
  const auto version = news_.version();
  answer({});
  EXPECT_NE(news_.version(), version);
  follow_->on_head();
  EXPECT_TRUE(questions_.empty());
  publish("news.b");
  follow_->on_head();
  EXPECT_EQ(questions_.size(), 1U);
  answer({});
  EXPECT_EQ(followed_topics(), (std::vector<std::string>{"news.a/0", "news.b/0"}));
}

TEST_F(FeedFollowTest, TopicsAreOfNoInterestWithoutAPattern) {
  publish("a");
  follow_->on_head();
  const auto name = wants_.add(of_topics({"a"}));
  follow_->apply();
  follow_->on_head();
  EXPECT_TRUE(questions_.empty());
}

TEST_F(FeedFollowTest, TopicsThatCameDuringTheQuestionAreAskedForNext) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  publish("news.b");
  answer({});
  // The answer is of the head that was asked for: apply() sees that another one is there.
  EXPECT_EQ(questions_.size(), 1U);
}

TEST_F(FeedFollowTest, BeforeTheFirstHeadTheAnswerIsThatOfTheHeadItBrought) {
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  ASSERT_EQ(questions_.size(), 1U);
  publish("news.a");
  answer({});
  EXPECT_TRUE(questions_.empty());
  EXPECT_EQ(followed_topics(), (std::vector<std::string>{"news.a/0"}));
}

TEST_F(FeedFollowTest, AsksAgainInASecondWhenNobodyKnew) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  const auto version = news_.version();
  answer(kNobody);
  EXPECT_NE(news_.version(), version);
  time_.run_for(999ms);
  EXPECT_TRUE(questions_.empty());
  time_.run_for(1ms);
  EXPECT_EQ(questions_.size(), 1U);
}

TEST_F(FeedFollowTest, AsksAgainWhenTheAnswerBroughtNoHead) {
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  answer({});
  time_.run_for(1s);
  EXPECT_EQ(questions_.size(), 1U);
}

TEST_F(FeedFollowTest, AClosedFeedAsksNoMore) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  answer(kNobody);
  news_.close({Code::closed, "", ""});
  time_.run_for(5s);
  EXPECT_TRUE(questions_.empty());
}

TEST_F(FeedFollowTest, SyncedIsPassedOnOnceTheFollowIsInForce) {
  publish("a");
  const auto all = wants_.add({});
  follow_->apply();
  // Said of what was followed before.
  follow_->on_synced(head());
  EXPECT_TRUE(synced_.empty());
  turn();
  follow_->on_synced(head());
  EXPECT_EQ(synced_, std::vector<std::uint64_t>{1});
}

TEST_F(FeedFollowTest, EachOfManyChangesIsWaitedFor) {
  publish("a");
  const auto first = wants_.add(of_topics({"a"}));
  follow_->apply();
  const auto second = wants_.add(of_topics({"b"}));
  follow_->apply();
  ASSERT_TRUE(time_.step(time_.mono_now()));
  follow_->on_synced(head());
  EXPECT_TRUE(synced_.empty());
  turn();
  follow_->on_synced(head());
  EXPECT_EQ(synced_.size(), 1U);
}

TEST_F(FeedFollowTest, SyncedWaitsUntilPatternsAreMatched) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  turn();
  follow_->on_synced(head());
  EXPECT_TRUE(synced_.empty());
  answer({});
  // What was followed already is all there is.
  EXPECT_EQ(synced_, std::vector<std::uint64_t>{1});
  // And it is said once.
  publish("news.a");
  follow_->on_synced(head());
  EXPECT_EQ(synced_, (std::vector<std::uint64_t>{1, 2}));
}

TEST_F(FeedFollowTest, SyncedThatWaitedIsForgottenWithItsFollow) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  turn();
  follow_->on_synced(head());
  const auto name = wants_.add(of_topics({"x"}));
  follow_->apply();
  turn();
  answer({});
  EXPECT_TRUE(synced_.empty()) << "x was not followed when that was said";
}

TEST_F(FeedFollowTest, SyncedIsOfNoUseWhenMatchingFoundMore) {
  publish("sport");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  turn();
  answer({});
  publish("news.a");
  follow_->on_synced(head());
  EXPECT_TRUE(synced_.empty());
  follow_->on_head();
  answer({});
  turn();
  EXPECT_TRUE(synced_.empty());
  follow_->on_synced(head());
  EXPECT_EQ(synced_, std::vector<std::uint64_t>{2});
}

TEST_F(FeedFollowTest, MayEndBeforeItsAnswersAndTimers) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  const auto done = questions_.front();
  const std::size_t follows = follows_.size();
  follow_.reset();
  turn();
  done({});
  EXPECT_EQ(follows_.size(), follows);
}

TEST_F(FeedFollowTest, MayEndBeforeItAsksAgain) {
  publish("news.a");
  const auto pattern = wants_.add(of_topics({"news.*"}));
  follow_->apply();
  answer(kNobody);
  follow_.reset();
  time_.run_for(5s);
  EXPECT_TRUE(questions_.empty());
}

}  // namespace
}  // namespace shoal::node
