#include "doors/door_testing.h"

#include <fstream>
#include <thread>

/// Clients that break the rules, or do nothing: none stops the node or stalls another client.
namespace shoal::doors {
namespace {

using namespace doors::testing;

/// The node still answers.
void expect_served(const ServedNode& served) { EXPECT_EQ(ask(served, "GET", "/v1/node").status, 200U); }

std::size_t resident_kib() {
  std::ifstream status("/proc/self/status");
  for (std::string word; status >> word;) {
    if (word == "VmRSS:") {
      std::size_t kib = 0;
      status >> kib;
      return kib;
    }
  }
  return 0;
}

TEST(HostileClient, WhatIsNoHttpIsToldOff) {
  const ServedNode served;
  for (const std::string& text :
       {std::string("nonsense\r\n\r\n"), std::string("GET\r\n\r\n"), std::string("GET /v1/node HTTP/9.9\r\n\r\n"),
        std::string("GET /v1/node HTTP/1.1\r\nBroken\r\n\r\n"), std::string("\0\1\2\3\r\n\r\n", 8),
        std::string("POST /v1/own/x HTTP/1.1\r\nContent-Length: -1\r\n\r\n"),
        std::string("POST /v1/own/x HTTP/1.1\r\nContent-Length: 99999999999999999999\r\n\r\n"),
        std::string("POST /v1/own/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nnonsense\r\n"),
        std::string("POST /v1/own/x HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffffff\r\n")}) {
    RawClient client(served.socket());
    ASSERT_TRUE(client.send(text));
    const RawAnswer answer = client.answer();
    EXPECT_EQ(answer.status, 400U) << text;
    EXPECT_EQ(error_code(answer.body), "invalid_argument");
    EXPECT_TRUE(client.ended()) << text;
  }
  RawClient old(served.socket());
  ASSERT_TRUE(old.send("GET /v1/node HTTP/1.0\r\n\r\n"));
  EXPECT_EQ(error_code(old.answer().body), "unsupported");
  expect_served(served);
}

TEST(HostileClient, ReadersThatFollowLeaveRoomForPublishers) {
  ServerOptions options;
  options.max_connections = 12;  // some of those who left may still be counted
  options.max_streams = 4;
  ServedNode served(options);
  served.publish("quakes", "us", 1);
  std::vector<std::unique_ptr<RawClient>> readers;
  for (const char* stream : {"records?start=end", "watch", "records?start=end", "watch"}) {
    readers.push_back(std::make_unique<RawClient>(served.socket()));
    ASSERT_TRUE(readers.back()->ask("GET", std::string("/v1/feeds/quakes/") + stream));
    RawAnswer answer;
    ASSERT_TRUE(readers.back()->read_head(answer));
    ASSERT_EQ(answer.status, 200U);
  }
  for (const char* target : {"/v1/feeds/quakes/records?start=end", "/v1/feeds/quakes/watch", "/v1/events"}) {
    const RawAnswer refused = ask(served, "GET", target);
    EXPECT_EQ(error_code(refused.body), "limit_exceeded") << target;
  }
  expect_served(served);
  {
    RawClient publisher(served.socket());
    ASSERT_TRUE(publisher.begin_stream("POST", "/v1/own/quakes/records"));
    RawAnswer answer;
    ASSERT_TRUE(publisher.read_head(answer));
    EXPECT_EQ(answer.status, 200U);
  }
  // A reader that leaves frees its place.
  readers.pop_back();
  bool followed = false;
  for (int i = 0; i < 200 && !followed; ++i) {
    RawClient next(served.socket());
    ASSERT_TRUE(next.ask("GET", "/v1/feeds/quakes/watch"));
    RawAnswer answer;
    followed = next.read_head(answer) && answer.status == 200U;
    if (!followed) std::this_thread::sleep_for(10ms);
  }
  EXPECT_TRUE(followed);
}

TEST(HostileClient, HeadsAndBodiesAreBounded) {
  const ServedNode served;
  RawClient head(served.socket());
  head.send("GET /v1/node HTTP/1.1\r\nX: " + std::string(100000, 'x'));
  EXPECT_EQ(error_code(head.answer().body), "limit_exceeded");
  RawClient many(served.socket());
  std::string lines = "GET /v1/node HTTP/1.1\r\n";
  for (int i = 0; i < 5000; ++i) lines += "a: b\r\n";
  many.send(lines + "\r\n");
  EXPECT_EQ(error_code(many.answer().body), "limit_exceeded");
  EXPECT_EQ(error_code(ask(served, "POST", "/v1/own/x", std::string(2 << 20, ' ')).body), "limit_exceeded");
  RawClient extension(served.socket());
  extension.begin_stream("POST", "/v1/own/x");
  extension.send("1;" + std::string(1 << 20, 'x'));
  EXPECT_NE(extension.answer().status, 200U);
  expect_served(served);
}

TEST(HostileClient, ALineIsBounded) {
  ServedNode served;
  served.publish("quakes", "us", 0);
  RawClient client(served.socket());
  ASSERT_TRUE(client.begin_stream("POST", "/v1/own/quakes/records"));
  const std::string piece(1 << 20, 'x');
  for (int i = 0; i < 20 && client.chunk(piece); ++i) {
  }
  RawAnswer head;
  ASSERT_TRUE(client.read_head(head));
  EXPECT_TRUE(client.line().starts_with("{\"open\""));
  EXPECT_EQ(error_code(client.line()), "limit_exceeded");
  EXPECT_TRUE(client.ended());
  expect_served(served);
}

TEST(HostileClient, ASlowHeadAndASlowBodyAreCutOff) {
  ServerOptions options;
  options.request = {.idle = 60s, .head = 100ms, .body = 100ms};
  const ServedNode served(options);
  RawClient head(served.socket());
  ASSERT_TRUE(head.send("GET /v1/no"));
  EXPECT_EQ(error_code(head.answer().body), "timed_out");
  EXPECT_TRUE(head.ended());
  RawClient body(served.socket());
  ASSERT_TRUE(body.send("POST /v1/own/x HTTP/1.1\r\nContent-Length: 10\r\n\r\n{"));
  EXPECT_EQ(error_code(body.answer().body), "timed_out");
  EXPECT_TRUE(body.ended());
}

TEST(HostileClient, AnIdleConnectionIsClosedInTheEnd) {
  ServerOptions options;
  options.request.idle = 100ms;
  const ServedNode served(options);
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("GET", "/v1/node"));
  EXPECT_EQ(client.answer().status, 200U);
  EXPECT_TRUE(client.ended());
}

TEST(HostileClient, OneThatStopsReadingCostsLittleAndStallsNobody) {
  ServerOptions options;
  options.patience = 500ms;
  ServedNode served(options);
  served.publish("quakes", "us", 20000, std::string(2000, 'x'));
  const std::size_t before = resident_kib();
  std::vector<std::unique_ptr<RawClient>> lazy;
  for (int i = 0; i < 20; ++i) {
    lazy.push_back(std::make_unique<RawClient>(served.socket()));
    ASSERT_TRUE(lazy.back()->ask("GET", "/v1/feeds/quakes/records"));
  }
  // Another client reads 40 MB meanwhile.
  const RawAnswer whole = ask(served, "GET", "/v1/feeds/quakes/records?until_head=1");
  EXPECT_TRUE(whole.complete);
  EXPECT_GT(whole.body.size(), std::size_t{40} << 20);
  EXPECT_LT(resident_kib(), before + (std::size_t{300} << 10));
  lazy.resize(1);
  // Told nothing and disconnected: what it finds is cut off.
  EXPECT_TRUE(served.server().wait_until_unattached({10s}));
  RawAnswer head;
  ASSERT_TRUE(lazy.front()->read_head(head));
  while (!lazy.front()->line().empty()) {
  }
  EXPECT_FALSE(lazy.front()->chunks_ended());
}

TEST(HostileClient, TooManyConnectionsAreTurnedAwayAndRoomComesBack) {
  const ServedNode served;
  std::vector<std::unique_ptr<RawClient>> clients;
  for (int i = 0; i < 256; ++i) clients.push_back(std::make_unique<RawClient>(served.socket()));
  for (auto& client : clients) {
    ASSERT_TRUE(client->ask("GET", "/v1/node"));
    ASSERT_EQ(client->answer().status, 200U);
  }
  for (int i = 0; i < 44; ++i) {
    RawClient late(served.socket());
    const RawAnswer answer = late.answer();
    EXPECT_EQ(answer.status, 413U);
    EXPECT_EQ(error_code(answer.body), "limit_exceeded");
  }
  // Those who are there are served as before.
  ASSERT_TRUE(clients.back()->ask("GET", "/v1/node"));
  EXPECT_EQ(clients.back()->answer().status, 200U);
  clients.resize(255);
  for (const auto deadline = std::chrono::steady_clock::now() + 5s; std::chrono::steady_clock::now() < deadline;) {
    RawClient client(served.socket());
    client.ask("GET", "/v1/node");
    if (client.answer().status == 200U) return;
  }
  ADD_FAILURE() << "no room came back";
}

TEST(HostileClient, LeavingCancelsWhatWasAsked) {
  ServedNode served;
  served.publish("quakes", "us", 1);
  {
    RawClient client(served.socket());
    ASSERT_TRUE(client.ask("GET", "/v1/feeds/quakes/records?start=end"));
    RawAnswer head;
    ASSERT_TRUE(client.read_head(head));
    EXPECT_EQ(served.server().attached(), 1U);
  }
  const auto begun = std::chrono::steady_clock::now();
  EXPECT_TRUE(served.server().wait_until_unattached({10s}));
  EXPECT_LT(std::chrono::steady_clock::now() - begun, 5s);
}

TEST(HostileClient, OneThatHasNothingMoreToSayStillReads) {
  const ServedNode served;
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("GET", "/v1/node"));
  client.end_writing();
  EXPECT_EQ(client.answer().status, 200U);
}

TEST(HostileClient, GarbageAfterAGoodRequestEndsTheConnectionOnly) {
  const ServedNode served;
  RawClient client(served.socket());
  ASSERT_TRUE(client.send("GET /v1/node HTTP/1.1\r\n\r\n\x16\x03\x01 garbage \r\n\r\n"));
  EXPECT_EQ(client.answer().status, 200U);
  EXPECT_EQ(client.answer().status, 400U);
  EXPECT_TRUE(client.ended());
  expect_served(served);
}

}  // namespace
}  // namespace shoal::doors
