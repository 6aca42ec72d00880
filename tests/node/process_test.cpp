#include "support/process.h"
#include "node/node_testing.h"

#include <algorithm>
#include <random>
#include <thread>

/// The examples as real processes on loopback.
namespace shoal::node {
namespace {

using namespace testing;
using shoal::testing::Process;

const std::string kPublish = SHOAL_EXAMPLES "/example_publish";
const std::string kSubscribe = SHOAL_EXAMPLES "/example_subscribe";
const std::string kMirror = SHOAL_EXAMPLES "/example_mirror";

std::vector<std::string> numbers(int count) {
  std::vector<std::string> lines;
  for (int i = 0; i < count; ++i) lines.push_back("numbers " + std::to_string(i) + " record " + std::to_string(i));
  return lines;
}

TEST(Examples, ASubscriberThatKnowsOnlyTheIdReadsFromAMirrorWhenThePublisherIsDead) {
  const TempDir dir;
  Process publisher({kPublish, dir / "publisher", "numbers", "1000"});
  const std::string feed = publisher.wait_for("feed ");
  const std::string address = publisher.wait_for("listening ");
  publisher.wait_for("published ");

  Process mirror({kMirror, dir / "mirror", feed, address});
  const std::string mirror_address = mirror.wait_for("listening ");
  mirror.wait_for("synced ");
  publisher.kill();

  Process subscriber({kSubscribe, dir / "subscriber", feed, mirror_address});
  EXPECT_EQ(subscriber.lines(), numbers(1000));
  EXPECT_EQ(subscriber.wait(), 0);

  // The cursor is durable: nothing twice.
  Process again({kSubscribe, dir / "subscriber", feed, mirror_address});
  EXPECT_EQ(again.lines(), std::vector<std::string>{});
  EXPECT_EQ(again.wait(), 0);

  mirror.end_input();
  EXPECT_EQ(mirror.wait(), 0);
}

TEST(Examples, ADirectoryInUseIsSaidWithThePid) {
  const TempDir dir;
  Process publisher({kPublish, dir / "data", "numbers", "1"});
  publisher.wait_for("published ");
  const auto second = Node::open({.data_dir = dir / "data", .offline = true, .attach = false});
  ASSERT_EQ(code_of(second), Code::in_use);
  EXPECT_NE(second.error().message.find(std::to_string(publisher.pid())), std::string::npos) << second.error().message;
}

TEST(Examples, WhatWasAcknowledgedSurvivesKillsAtRandomMoments) {
  const TempDir dir;
  std::mt19937 random(1);  // the moments also vary with the machine
  std::int64_t acked = -1;
  std::string feed;
  for (int round = 0; round < 5; ++round) {
    Process publisher({kPublish, dir / "data", "numbers", "200000"});
    feed = publisher.wait_for("feed ");
    std::this_thread::sleep_for(std::chrono::milliseconds(random() % 400));
    publisher.kill();
    for (const std::string& line : publisher.lines()) {
      if (line.starts_with("acked ")) acked = std::max<std::int64_t>(acked, std::stoll(line.substr(line.rfind(' '))));
    }
  }
  Node node = open_offline(dir / "data");
  auto subscription = must(node.subscribe(must(FeedId::parse(feed)), {.until_head = true}));
  std::int64_t next = 0;
  for (;;) {
    const auto poll = must(subscription.poll({.wait = {5s}}));
    if (poll.status() != Poll::Status::records) break;
    for (const RecordView& view : poll.records()) ASSERT_EQ(view.offset.value(), next++);
  }
  EXPECT_GT(next, acked);
}

}  // namespace
}  // namespace shoal::node
