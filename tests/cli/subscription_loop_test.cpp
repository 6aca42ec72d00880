#include "subscription_loop.h"

#include "cli/record_samples.h"
#include "temporary_directory.h"

#include <deque>

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using End = SubscriptionLoop::End;
using testing::ElementsAre;

/// Gives the prepared polls, then the end.
class FakeSubscription final : public node::SubscriptionApi {
 public:
  Result<Poll> poll(const PollOptions& options) override {
    asked.push_back(options.max_records);
    if (polls.empty()) return Poll(ending, {}, "end");
    auto next = std::move(polls.front());
    polls.pop_front();
    return next;
  }
  Result<node::BatchPoll> poll_batches(const PollOptions&) override {
    return Error{Code::unsupported, "no batches here", ""};
  }
  Result<int> descriptor() override { return -1; }
  Result<void> set_topics(std::vector<std::string>) override { return {}; }
  std::string cursor_after(const RecordView& record) const override {
    return "after " + std::to_string(record.offset.value());
  }
  Result<void> commit(const std::string& token, const std::string& note) override {
    committed.push_back(token + "/" + note);
    return {};
  }
  Result<std::optional<StoredCursor>> stored() const override { return std::optional<StoredCursor>(); }
  HeadReport head_report() const override { return {}; }
  std::optional<std::chrono::milliseconds> head_age() const override { return std::nullopt; }

  void give(std::vector<RecordView> records, const std::string& cursor) {
    polls.emplace_back(Poll(Poll::Status::records, Records(std::move(records), nullptr), cursor));
  }

  std::deque<Result<Poll>> polls;
  Poll::Status ending = Poll::Status::end;
  std::vector<std::size_t> asked;
  std::vector<std::string> committed;
};

class FakeSink final : public RecordSink {
 public:
  bool wants_cursor() const override { return true; }
  Result<void> append(const RecordView& record, std::string_view cursor) override {
    lines.push_back(std::to_string(record.offset.value()) + " " + std::string(cursor));
    return {};
  }
  Result<void> settle() override {
    lines.emplace_back("settled");
    return {};
  }
  std::vector<std::string> lines;
};

TEST(SubscriptionLoop, SettlesAfterEachPollAndEndsAtTheHead) {
  FakeSubscription subscription;
  subscription.give({record_at(0, "a"), record_at(1, "b")}, "c2");
  subscription.give({record_at(2, "c")}, "c3");
  FakeSink sink;
  SubscriptionLoop loop(subscription, sink, {});
  loop.move_cursor(nullptr);
  const auto end = loop.run({});
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, End::head);
  EXPECT_THAT(sink.lines, ElementsAre("0 after 0", "1 after 1", "settled", "2 after 2", "settled"));
  EXPECT_THAT(subscription.committed, ElementsAre("c2/", "c3/"));
}

TEST(SubscriptionLoop, WithoutACursorNothingIsCommitted) {
  FakeSubscription subscription;
  subscription.give({record_at(0, "a")}, "c1");
  FakeSink sink;
  ASSERT_TRUE(SubscriptionLoop(subscription, sink, {}).run({}).ok());
  EXPECT_TRUE(subscription.committed.empty());
}

TEST(SubscriptionLoop, AsksForNoMoreThanTheCount) {
  FakeSubscription subscription;
  subscription.give({record_at(0, "a"), record_at(1, "b")}, "c2");
  subscription.give({record_at(2, "c")}, "c3");
  FakeSink sink;
  const auto end = SubscriptionLoop(subscription, sink, {.count = 3}).run({});
  ASSERT_TRUE(end.ok());
  EXPECT_EQ(*end, End::count);
  EXPECT_THAT(subscription.asked, ElementsAre(3U, 1U));
}

TEST(SubscriptionLoop, TheFilesLengthIsTheNote) {
  TemporaryDirectory directory;
  auto file = ExactFile::open(directory / "out", std::nullopt);
  ASSERT_TRUE(file.ok());
  FakeSubscription subscription;
  subscription.give({record_at(0, "abc")}, "c1");
  subscription.give({record_at(1, "de")}, "c2");
  StreamSink sink((*file)->out(), {}, "feed");
  SubscriptionLoop loop(subscription, sink, {});
  loop.move_cursor(file->get());
  ASSERT_TRUE(loop.run({}).ok());
  EXPECT_THAT(subscription.committed, ElementsAre("c1/length 4", "c2/length 7"));
  EXPECT_EQ(read_text(directory / "out"), "abc\nde\n");
}

TEST(SubscriptionLoop, TimesOutWithoutARecord) {
  FakeSubscription subscription;
  subscription.ending = Poll::Status::timeout;
  FakeSink sink;
  const auto end = SubscriptionLoop(subscription, sink, {.record_timeout = std::chrono::milliseconds(20)}).run({});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::timed_out);
}

TEST(SubscriptionLoop, TimesOutWithoutASignOfLife) {
  FakeSubscription subscription;
  subscription.ending = Poll::Status::timeout;
  FakeSink sink;
  const auto end = SubscriptionLoop(subscription, sink, {.stall_timeout = std::chrono::milliseconds(20)}).run({});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::timed_out);
}

TEST(SubscriptionLoop, PassesErrorsOnAfterWhatCameBefore) {
  FakeSubscription subscription;
  subscription.give({record_at(0, "a")}, "c1");
  subscription.polls.emplace_back(Error{Code::fork, "two histories", ""});
  FakeSink sink;
  const auto end = SubscriptionLoop(subscription, sink, {}).run({});
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::fork);
  EXPECT_THAT(sink.lines, ElementsAre("0 after 0", "settled"));
}

TEST(SubscriptionLoop, StopsWhenAsked) {
  FakeSubscription subscription;
  subscription.ending = Poll::Status::timeout;
  FakeSink sink;
  std::stop_source stop;
  stop.request_stop();
  const auto end = SubscriptionLoop(subscription, sink, {}).run(stop.get_token());
  ASSERT_FALSE(end.ok());
  EXPECT_EQ(end.error().code, Code::cancelled);
}

}  // namespace
}  // namespace shoal::command
