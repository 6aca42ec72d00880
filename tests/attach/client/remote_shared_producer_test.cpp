#include "attach/client/remote_shared_producer.h"

#include "attach/client/node_end.h"
#include "doors/http/unix_socket.h"
#include "doors/text/batch_frame.h"
#include "node/node_testing.h"
#include "record/record_batch.h"

#include <poll.h>

#include <future>
#include <stop_token>

namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using node::testing::code_of;
using node::testing::record;

constexpr const char* kOpen = R"({"open":{"topics":[]}})";

TopicPartition stream(std::string topic = "t", std::int32_t partition = 0) {
  return {std::move(topic), Partition(partition)};
}

std::string placed(std::int64_t first) {
  return R"({"placed":{"topic":"t","partition":0,"first":)" + std::to_string(first) + R"(,"last":)" +
         std::to_string(first) + "}}";
}

constexpr const char* kRefused = R"({"refused":{"line":1,"error":{"code":"no_space","message":"full","hint":""}}})";

/// A producer whose node is the test. Calls that wait for the node run beside it.
class RemoteSharedProducerTest : public ::testing::Test {
 protected:
  using Opened = Result<std::shared_ptr<RemoteSharedProducer>>;

  /// Opens a producer; the node answers with `answer`.
  Opened open(const std::string& answer, const std::string& name = "x", const ProducerOptions& options = {}) {
    auto opening = std::async(std::launch::async, [&] { return RemoteSharedProducer::open(client_, name, options); });
    pollfd waited{listener_.get(), POLLIN, 0};
    EXPECT_EQ(::poll(&waited, 1, 10000), 1);
    node_.emplace(doors::FileDescriptor(::accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK)));
    request_ = node_->head();
    node_->say(answer);
    return opening.get();
  }
  void open() {
    auto opened = open(testing::stream_head("application/x-ndjson") + testing::chunk_of(kOpen + std::string("\n")));
    ASSERT_TRUE(opened.ok());
    producer_ = *std::move(opened);
  }
  void TearDown() override {
    if (!producer_) return;
    if (node_) node_->hang_up();
    producer_.reset();
  }

  void say(const std::string& line) { node_->say_chunk(line + "\n"); }
  /// The next frame of the client: a line as it is, or the topic of a batch.
  std::string frame() {
    doors::FrameSplitter splitter;
    splitter.add(node_->chunk());
    const auto next = splitter.next();
    if (!next.ok() || !*next) return "no frame";
    if ((*next)->kind == doors::FrameKind::line) return std::string((*next)->body);
    const auto sent = doors::read_send_frame((*next)->body);
    return sent.ok() ? "batch of " + sent->stream.topic : "no batch";
  }
  std::future<Result<Position>> send(const std::string& value = "v") {
    return std::async(std::launch::async, [this, value] { return producer_->send(record("t", value), {}); });
  }
  std::future<Result<Position>> send_batch(const TopicPartition& to, Bytes batch) {
    return std::async(std::launch::async,
                      [this, to, batch = std::move(batch)] { return producer_->send_batch(to, batch, {}); });
  }
  std::future<Result<void>> flush(const Wait& wait = {10s}) {
    return std::async(std::launch::async, [this, wait] { return producer_->flush(wait); });
  }
  /// Nothing that was called before reached the node.
  void expect_nothing_sent() {
    auto flushed = flush();
    EXPECT_EQ(frame(), "{\"flush\":1}");
    say("{\"flushed\":1}");
    EXPECT_TRUE(flushed.get().ok());
  }
  template <typename Future>
  static bool waits(Future& future) {
    return future.wait_for(50ms) == std::future_status::timeout;
  }

  node::testing::TempDir dir_;
  doors::FileDescriptor listener_ = doors::listen_unix(dir_ / "node.sock").value();
  std::shared_ptr<NodeClient> client_ = std::make_shared<NodeClient>(dir_ / "node.sock");
  std::optional<testing::NodeEnd> node_;
  std::string request_;
  std::shared_ptr<RemoteSharedProducer> producer_;
};

TEST_F(RemoteSharedProducerTest, AsksForASharedProducerOfBatches) {
  auto opened = open("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n", "a b", {.linger = 7ms});
  EXPECT_FALSE(opened.ok());
  EXPECT_TRUE(request_.starts_with("POST /v1/own/a%20b/records?")) << request_;
  EXPECT_NE(request_.find("shared=1"), std::string::npos) << request_;
  EXPECT_NE(request_.find("linger_ms=7"), std::string::npos) << request_;
  EXPECT_NE(request_.find("Content-Type: " + std::string(doors::kBatchesType)), std::string::npos) << request_;
}

TEST_F(RemoteSharedProducerTest, TheNodesRefusalIsTheError) {
  const std::string body = R"({"error":{"code":"in_use","message":"taken","hint":""}})";
  EXPECT_EQ(
      code_of(open("HTTP/1.1 409 Conflict\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body)),
      Code::in_use);
}

TEST_F(RemoteSharedProducerTest, AnotherFirstLineIsUnsupportedAtOnce) {
  const auto begin = std::chrono::steady_clock::now();
  EXPECT_EQ(code_of(open(testing::stream_head("application/x-ndjson") + testing::chunk_of(placed(0) + "\n"))),
            Code::unsupported);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, 20s);
}

TEST_F(RemoteSharedProducerTest, ARecordIsWhereTheNodePlacedIt) {
  open();
  auto sent = send("value");
  EXPECT_EQ(frame(), R"({"topic":"t","payload":"value"})");
  EXPECT_TRUE(waits(sent));
  say(placed(7));
  const auto at = sent.get();
  ASSERT_TRUE(at.ok());
  EXPECT_EQ(at->topic, "t");
  EXPECT_EQ(at->offset, Offset(7));
}

TEST_F(RemoteSharedProducerTest, ABatchGoesAsItIs) {
  open();
  auto sent = send_batch(stream("t", 3), {1, 2, 3});
  doors::FrameSplitter splitter;
  splitter.add(node_->chunk());
  const auto next = splitter.next().value().value();
  ASSERT_EQ(next.kind, doors::FrameKind::send);
  const auto batch = doors::read_send_frame(next.body).value();
  EXPECT_EQ(batch.stream, stream("t", 3));
  EXPECT_EQ(batch.bytes, (Bytes{1, 2, 3}));
  say(placed(9));
  EXPECT_EQ(sent.get().value().offset, Offset(9));
}

TEST_F(RemoteSharedProducerTest, AnswersBelongToFramesInTheirOrder) {
  open();
  auto first = send("first");
  EXPECT_NE(frame().find("first"), std::string::npos);
  auto second = send_batch(stream("second"), {1});
  EXPECT_EQ(frame(), "batch of second");
  auto third = send("third");
  EXPECT_NE(frame().find("third"), std::string::npos);
  say(placed(10));
  EXPECT_EQ(first.get().value().offset, Offset(10));
  EXPECT_TRUE(waits(second));
  say(kRefused);
  EXPECT_EQ(code_of(second.get()), Code::no_space);
  say(placed(11));
  EXPECT_EQ(third.get().value().offset, Offset(11));
}

TEST_F(RemoteSharedProducerTest, AnAnswerToNothingIsLeftAlone) {
  open();
  say(placed(3));
  say(kRefused);
  auto flushed = flush();
  EXPECT_EQ(frame(), "{\"flush\":1}");
  say("{\"flushed\":1}");
  ASSERT_TRUE(flushed.get().ok());
  auto sent = send();
  frame();
  say(placed(4));
  EXPECT_EQ(sent.get().value().offset, Offset(4));
}

TEST_F(RemoteSharedProducerTest, WhatCannotBeSentIsNotSent) {
  open();
  EXPECT_EQ(code_of(producer_->send_batch(stream(), Bytes(record::kMaxBatchSize + 1), {})), Code::limit_exceeded);
  EXPECT_EQ(code_of(producer_->send_batch(stream(""), {1}, {})), Code::invalid_argument);
  EXPECT_EQ(code_of(producer_->send_batch(stream(std::string(256, 't')), {1}, {})), Code::invalid_argument);
  EXPECT_EQ(code_of(producer_->send_batch(stream("t", -1), {1}, {})), Code::invalid_argument);
  EXPECT_FALSE(producer_->send(record("t", std::string(record::kMaxBatchSize + 1, 'v')), {}).ok());
  expect_nothing_sent();
}

TEST_F(RemoteSharedProducerTest, TheLargestBatchAndTheLongestTopicAreSent) {
  open();
  auto large = send_batch(stream(), Bytes(record::kMaxBatchSize));
  EXPECT_EQ(frame(), "batch of t");
  const std::string name(255, 't');
  auto named = send_batch(stream(name), {1});
  EXPECT_EQ(frame(), "batch of " + name);
  say(placed(0) + "\n" + placed(1));
  EXPECT_TRUE(large.get().ok());
  EXPECT_TRUE(named.get().ok());
}

TEST_F(RemoteSharedProducerTest, AFlushEndsWithItsOwnNumber) {
  open();
  auto first = flush();
  EXPECT_EQ(frame(), "{\"flush\":1}");
  auto here = std::async(std::launch::async, [this] { return producer_->flush_here({10s}); });
  EXPECT_EQ(frame(), "{\"flush\":2,\"here\":true}");
  say("{\"flushed\":1}");
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(waits(here));
  say("{\"flushed\":2}");
  EXPECT_TRUE(here.get().ok());
}

TEST_F(RemoteSharedProducerTest, ALaterFlushEndsTheEarlierOnes) {
  open();
  auto first = flush();
  frame();
  auto second = flush();
  frame();
  say("{\"flushed\":2}\n{\"flushed\":1}");
  EXPECT_TRUE(first.get().ok());
  EXPECT_TRUE(second.get().ok());
}

TEST_F(RemoteSharedProducerTest, AFlushGivesUpInTimeOrWhenItIsStopped) {
  open();
  EXPECT_EQ(code_of(producer_->flush({20ms})), Code::timed_out);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(code_of(producer_->flush({10s, stop.get_token()})), Code::cancelled);
}

TEST_F(RemoteSharedProducerTest, AcknowledgementsGoToTheNewestCallback) {
  open();
  std::promise<AckRun> told;
  producer_->on_acked([](const AckRun&) { ADD_FAILURE(); });
  producer_->on_acked([&](const AckRun& run) { told.set_value(run); });
  say(R"({"acked":{"topic":"t","partition":0,"first":3,"last":5}})");
  auto run = told.get_future();
  ASSERT_EQ(run.wait_for(10s), std::future_status::ready);
  const AckRun acked = run.get();
  EXPECT_EQ(acked.topic, "t");
  EXPECT_EQ(acked.first, Offset(3));
  EXPECT_EQ(acked.last, Offset(5));
}

TEST_F(RemoteSharedProducerTest, ANewCallbackWaitsForTheRunOfTheOldOne) {
  open();
  std::promise<void> runs;
  std::promise<void> go;
  producer_->on_acked([&](const AckRun&) {
    runs.set_value();
    go.get_future().wait();
  });
  say(R"({"acked":{"topic":"t","partition":0,"first":0,"last":0}})");
  runs.get_future().wait();
  auto changed = std::async(std::launch::async, [&] { producer_->on_acked({}); });
  EXPECT_TRUE(waits(changed));
  go.set_value();
  EXPECT_EQ(changed.wait_for(10s), std::future_status::ready);
}

TEST_F(RemoteSharedProducerTest, ACallbackMayChangeTheCallback) {
  open();
  std::promise<void> changed;
  producer_->on_acked([&](const AckRun&) {
    producer_->on_acked({});
    changed.set_value();
  });
  say(R"({"acked":{"topic":"t","partition":0,"first":0,"last":0}})");
  EXPECT_EQ(changed.get_future().wait_for(10s), std::future_status::ready);
}

TEST_F(RemoteSharedProducerTest, WhenTheNodeDiesAllThatWaitAreTold) {
  open();
  auto sent = send();
  frame();
  auto flushed = flush();
  frame();
  node_->hang_up();
  EXPECT_EQ(code_of(sent.get()), Code::closed);
  EXPECT_EQ(code_of(flushed.get()), Code::closed);
  EXPECT_EQ(code_of(producer_->send(record("t", "v"), {})), Code::closed);
  EXPECT_EQ(code_of(producer_->flush({10s})), Code::closed);
}

TEST_F(RemoteSharedProducerTest, AnErrorLineIsToldToAllForGood) {
  open();
  auto sent = send();
  frame();
  say(R"({"error":{"code":"no_space","message":"the disk is full","hint":""}})");
  EXPECT_EQ(code_of(sent.get()), Code::no_space);
  EXPECT_EQ(code_of(producer_->send(record("t", "v"), {})), Code::no_space);
  EXPECT_EQ(code_of(producer_->flush({10s})), Code::no_space);
}

TEST_F(RemoteSharedProducerTest, AnEndThatNobodyAskedForEndsIt) {
  open();
  auto sent = send();
  frame();
  say("{\"end\":{\"records\":0}}");
  const auto answered = sent.get();
  ASSERT_EQ(code_of(answered), Code::closed);
  EXPECT_EQ(answered.error().message, "this producer has ended");
}

TEST_F(RemoteSharedProducerTest, ALineThatCannotBeReadEndsIt) {
  for (const auto* line : {R"({"acked":{"topic":"t"}})", R"({"placed":{}})", R"({"refused":{"line":1}})"}) {
    open();
    auto sent = send();
    frame();
    say(line);
    EXPECT_FALSE(sent.get().ok()) << line;
    EXPECT_FALSE(producer_->flush({10s}).ok()) << line;
    TearDown();
  }
}

TEST_F(RemoteSharedProducerTest, AfterTheNodeWasClosedHereItSaysSo) {
  open();
  auto sent = send();
  frame();
  client_->close();
  for (const auto& error :
       {sent.get().error(), producer_->send(record("t", "v"), {}).error(), producer_->flush({10s}).error()}) {
    EXPECT_EQ(error.code, Code::closed);
    EXPECT_EQ(error.message, "the node is closed");
  }
}

TEST_F(RemoteSharedProducerTest, ItsEndWaitsForTheNodesEnd) {
  open();
  auto ended = std::async(std::launch::async, [this] { producer_.reset(); });
  EXPECT_EQ(node_->chunk(), "");  // the end of the body
  EXPECT_TRUE(waits(ended));
  say(R"({"acked":{"topic":"t","partition":0,"first":0,"last":0}})");
  EXPECT_TRUE(waits(ended));
  say("{\"end\":{\"records\":1}}");
  EXPECT_EQ(ended.wait_for(10s), std::future_status::ready);
}

}  // namespace
}  // namespace shoal::attach
