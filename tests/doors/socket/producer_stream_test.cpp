#include "doors/door_testing.h"

#include <thread>

/// Producers through the socket.
namespace shoal::doors {
namespace {

using namespace doors::testing;

std::string payload_line(const std::string& payload, const std::string& topic = "us") {
  return "{\"topic\":\"" + topic + "\",\"payload\":\"" + payload + "\"}\n";
}

/// Begins a producer of `quakes` and reads its `open` line.
std::unique_ptr<RawClient> begin(const ServedNode& served, std::string* open = nullptr, const std::string& query = "") {
  auto client = std::make_unique<RawClient>(served.socket());
  EXPECT_TRUE(client->begin_stream("POST", "/v1/own/quakes/records" + query));
  RawAnswer head;
  EXPECT_TRUE(client->read_head(head));
  EXPECT_EQ(head.status, 200U);
  const std::string line = client->line();
  EXPECT_TRUE(line.starts_with("{\"open\":{\"topics\":[")) << line;
  if (open != nullptr) *open = line;
  return client;
}

std::int64_t end_offset(ServedNode& served) {
  const auto feed = must(served.node().reading().resolve("quakes"));
  const auto info = must(served.node().reading().info(feed, {}));
  return info.topics.empty() ? 0 : info.topics.front().end_offset.value();
}

TEST(ProducerStream, AcknowledgesFlushesAndEnds) {
  ServedNode served;
  served.publish("quakes", "us", 2);
  std::string open;
  const auto client = begin(served, &open);
  EXPECT_EQ(open, R"({"open":{"topics":[{"name":"us","partition":0,"next_offset":2,"partitions":1}]}})");
  ASSERT_TRUE(client->chunk(payload_line("a") + payload_line("b") + "{\"flush\":7}\n" + payload_line("c")));
  EXPECT_EQ(client->line(), R"({"acked":{"topic":"us","partition":0,"first":2,"last":3}})");
  EXPECT_EQ(client->line(), R"({"flushed":7})");
  ASSERT_TRUE(client->end_body());
  EXPECT_EQ(client->line(), R"({"acked":{"topic":"us","partition":0,"first":4,"last":4}})");
  EXPECT_EQ(client->line(), R"({"end":{"records":3}})");
  EXPECT_EQ(client->line(), "");
  EXPECT_TRUE(client->chunks_ended());
  // The connection goes on, and the feed is free.
  ASSERT_TRUE(client->ask("GET", "/v1/node"));
  EXPECT_EQ(client->answer().status, 200U);
  EXPECT_TRUE(served.node().owning().open_producer("quakes", {}).ok());
}

TEST(ProducerStream, LinesMayComeInAnyPieces) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  const auto client = begin(served);
  const std::string lines =
      payload_line("a") + "\r\n\n" + R"({"payload_b64":"/w==","headers":[["h",null]],"key":"k","topic":"us"})";
  for (const char c : lines) ASSERT_TRUE(client->chunk(std::string(1, c)));
  ASSERT_TRUE(client->end_body());
  EXPECT_EQ(client->line(), R"({"acked":{"topic":"us","partition":0,"first":0,"last":1}})");
  EXPECT_EQ(client->line(), R"({"end":{"records":2}})");
}

TEST(ProducerStream, RefusesALineAndGoesOn) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  const auto client = begin(served);
  const char* const bad[] = {"nonsense",
                             "{}",
                             R"({"payload":"x","tpoic":"y"})",
                             R"({"payload":"x","topic":"no such name"})",
                             R"({"payload":"x","partition":7})",
                             R"({"flush":-1})",
                             R"({"flush":1,"payload":"x"})",
                             R"([[[[[[[[[[[[]]]]]]]]]]]])"};
  for (const char* line : bad) ASSERT_TRUE(client->chunk(std::string(line) + "\n"));
  ASSERT_TRUE(client->chunk(payload_line("good")));
  ASSERT_TRUE(client->chunk("{\"topic\":\"us\",\"payload\":\"" + std::string(9 << 20, 'x') + "\"}\n"));
  ASSERT_TRUE(client->end_body());
  for (std::size_t i = 0; i <= std::size(bad); ++i) {
    const std::size_t number = i < std::size(bad) ? i + 1 : i + 2;
    std::string line = client->line();
    if (line.starts_with("{\"acked\"")) line = client->line();
    EXPECT_TRUE(line.starts_with("{\"refused\":{\"line\":" + std::to_string(number) + ",\"error\":{")) << line;
  }
  std::string line = client->line();
  if (line.starts_with("{\"acked\"")) line = client->line();
  EXPECT_EQ(line, R"({"end":{"records":1}})");
  EXPECT_EQ(end_offset(served), 1);
}

TEST(ProducerStream, AClientThatDiesLeavesWhatItSentAndTheFeedFree) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  {
    const auto client = begin(served, nullptr, "?linger_ms=100000");
    ASSERT_TRUE(client->chunk(payload_line("a") + payload_line("b") + "{\"topic\":\"us\",\"payl"));
  }
  // The next one waits for it.
  std::string open;
  const auto next = begin(served, &open);
  EXPECT_NE(open.find("\"next_offset\":2"), std::string::npos) << open;
}

TEST(ProducerStream, ASecondOneWaitsAndIsThenTurnedAway) {
  ServerOptions options;
  options.producer_grace = 100ms;
  ServedNode served(options);
  served.publish("quakes", "us", 0);
  const auto first = begin(served);
  RawClient second(served.socket());
  ASSERT_TRUE(second.begin_stream("POST", "/v1/own/quakes/records"));
  const RawAnswer answer = second.answer();
  EXPECT_EQ(answer.status, 409U);
  EXPECT_EQ(error_code(answer.body), "in_use");
  ASSERT_TRUE(first->end_body());
  EXPECT_EQ(first->line(), R"({"end":{"records":0}})");
}

TEST(ProducerStream, MaySayNothingForLongerThanOtherBodies) {
  ServerOptions options;
  options.request.body = 50ms;
  options.idle_line = 50ms;
  ServedNode served(options);
  served.publish("quakes", "us", 0);
  const auto client = begin(served);
  std::string part;
  for (int i = 0; i < 5; ++i) {
    ASSERT_TRUE(client->next_chunk(part));
    EXPECT_EQ(part, "{\"idle\":{}}\n");
  }
  ASSERT_TRUE(client->chunk(payload_line("a")));
  ASSERT_TRUE(client->end_body());
  EXPECT_EQ(client->line(), R"({"acked":{"topic":"us","partition":0,"first":0,"last":0}})");
}

TEST(ProducerStream, TheServersEndCommitsWhatWasTaken) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  const auto client = begin(served, nullptr, "?linger_ms=100000");
  ASSERT_TRUE(client->chunk(payload_line("a") + "{\"flush\":1}\n" + payload_line("b")));
  EXPECT_TRUE(client->line().starts_with("{\"acked\""));
  EXPECT_EQ(client->line(), R"({"flushed":1})");
  served.server().stop();
  EXPECT_GE(end_offset(served), 1);
  EXPECT_TRUE(client->ended());
}

TEST(ProducerStream, TakesManyRecordsWhileAnswersGoOut) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  const auto client = begin(served);
  std::thread sender([&] {
    for (int i = 0; i < 200; ++i) {
      std::string lines;
      for (int k = 0; k < 100; ++k) lines += payload_line(std::string(200, 'x'));
      if (!client->chunk(lines)) return;
    }
    client->end_body();
  });
  std::string last;
  for (std::string line = client->line(); !line.empty(); line = client->line()) last = line;
  sender.join();
  EXPECT_EQ(last, R"({"end":{"records":20000}})");
  EXPECT_EQ(end_offset(served), 20000);
}

}  // namespace
}  // namespace shoal::doors
