#include "doors/socket/server.h"

#include "doors/door_testing.h"

#include <sys/stat.h>

#include <fstream>

/// The routes of docs/API.md, with good requests and plain mistakes.
namespace shoal::doors {
namespace {

using namespace doors::testing;

std::vector<std::string> lines_of(const std::string& body) {
  std::vector<std::string> lines;
  for (std::size_t at = 0; at < body.size();) {
    const std::size_t end = std::min(body.find('\n', at), body.size());
    lines.push_back(body.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

/// The payloads of the record lines.
std::vector<std::string> payloads(const std::string& body) {
  std::vector<std::string> out;
  for (const std::string& line : lines_of(body)) {
    auto parsed = JsonReader::parse(line);
    if (parsed.ok() && parsed->has("record")) out.push_back(parsed->object("record").text("payload"));
  }
  return out;
}

TEST(Server, SaysWhichNodeItIs) {
  const ServedNode served;
  const RawAnswer answer = ask(served, "GET", "/v1/node");
  EXPECT_EQ(answer.status, 200U);
  auto json = must(JsonReader::parse(answer.body));
  EXPECT_EQ(json.integer("api"), 1);
  EXPECT_EQ(json.integer("pid"), ::getpid());
}

TEST(Server, MakesItsSocketForItsUserAndTakesItAway) {
  std::filesystem::path socket;
  TempDir dir;
  const auto node = must(node::open_node({.data_dir = dir / "data", .offline = true}));
  socket = dir / "node.sock";
  {
    const auto server = must(Server::start(node, socket));
    struct stat found {};
    ASSERT_EQ(::stat(socket.c_str(), &found), 0);
    EXPECT_EQ(found.st_mode & 07777U, 0600U);
  }
  EXPECT_FALSE(std::filesystem::exists(socket));
  std::ofstream(socket) << "precious";
  const auto blocked = Server::start(node, socket);
  ASSERT_FALSE(blocked.ok());
  EXPECT_EQ(blocked.error().code, Code::in_use);
  EXPECT_EQ(std::filesystem::file_size(socket), 8U);
  node->close();
}

TEST(Server, OpensReadsAndForgetsNothingOfAnOwnFeed) {
  ServedNode served;
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("POST", "/v1/own/quakes", R"({"create":true})"));
  auto made = must(JsonReader::parse(client.answer().body));
  EXPECT_TRUE(made.boolean("created")) << made.dump();
  const std::string feed = made.text("feed");
  ASSERT_TRUE(
      client.ask("PUT", "/v1/own/quakes/manifest", R"({"title":"Quakes","topics":[{"name":"us","partitions":2}]})"));
  EXPECT_EQ(client.answer().body, "{}\n");
  ASSERT_TRUE(client.ask("GET", "/v1/feeds/" + feed + "/manifest"));
  EXPECT_NE(client.answer().body.find("\"title\":\"Quakes\""), std::string::npos);
  ASSERT_TRUE(client.ask("GET", "/v1/resolve?feed=quakes"));
  EXPECT_EQ(must(JsonReader::parse(client.answer().body)).text("feed"), feed);
  ASSERT_TRUE(client.ask("GET", "/v1/feeds"));
  EXPECT_NE(client.answer().body.find("\"name\":\"quakes\""), std::string::npos);
  ASSERT_TRUE(client.ask("GET", "/v1/feeds/quakes"));
  EXPECT_EQ(must(JsonReader::parse(client.answer().body)).text("title"), "Quakes");
  ASSERT_TRUE(client.ask("GET", "/v1/feeds/quakes/peers"));
  EXPECT_EQ(client.answer().body, "{\"peers\":[]}\n");
}

TEST(Server, StreamsASubscriptionToItsEnd) {
  ServedNode served;
  served.publish("quakes", "us", 5000, "value-");
  const RawAnswer answer = ask(served, "GET", "/v1/feeds/quakes/records?until_head=1");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_TRUE(answer.complete);
  EXPECT_EQ(payloads(answer.body), node::testing::numbered(0, 5000, "value-"));
  const auto lines = lines_of(answer.body);
  EXPECT_TRUE(lines.back().starts_with("{\"end\":{\"cursor\":")) << lines.back();
  EXPECT_NE(answer.body.find("{\"head\":{\"answered\":true"), std::string::npos);
}

TEST(Server, StreamsLiveAndEndsWithTheNode) {
  ServedNode served;
  served.publish("quakes", "us", 1, "old-");
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("GET", "/v1/feeds/quakes/records?start=end"));
  RawAnswer answer;
  ASSERT_TRUE(client.read_head(answer));
  // The start is known: what is published from now on comes.
  ASSERT_TRUE(client.line().starts_with("{\"at\":{\"cursor\":"));
  served.publish("quakes", "us", 1, "new-");
  std::string line = client.line();
  while (line.starts_with("{\"head\":")) line = client.line();
  EXPECT_NE(line.find("\"payload\":\"new-0\""), std::string::npos) << line;
  served.server().stop();
  while (!(line = client.line()).empty()) EXPECT_TRUE(line.starts_with("{\"head\":")) << line;
  EXPECT_TRUE(client.ended());
}

TEST(Server, ReportsHeadsOfOtherTopicsWithAnIntervalBetween) {
  ServerOptions options;
  options.idle_line = 60s;
  ServedNode served(options);
  served.publish("quakes", "us", 1);
  const auto begin = std::chrono::steady_clock::now();
  RawClient client(served.socket());
  ASSERT_TRUE(client.ask("GET", "/v1/feeds/quakes/records?start=end&topic=eu"));
  RawAnswer answer;
  ASSERT_TRUE(client.read_head(answer));
  ASSERT_TRUE(client.line().starts_with("{\"at\":{\"cursor\":"));
  ASSERT_TRUE(client.line().starts_with("{\"head\":"));
  // Nothing but a change ends the stream's wait before the client gives up.
  constexpr int kChanges = 40;
  for (int i = 0; i < kChanges; ++i) served.publish("quakes", "us", 1);
  std::string line;
  int heads = 0;
  do {
    line = client.line();
    ASSERT_TRUE(line.starts_with("{\"head\":")) << line;
    ++heads;
  } while (line.find("\"tree_size\":" + std::to_string(kChanges + 1)) == std::string::npos);
  const auto half_seconds = (std::chrono::steady_clock::now() - begin) / 500ms;
  EXPECT_LE(heads, half_seconds);
}

TEST(Server, SaysRegularlyThatAStreamHasNothing) {
  ServerOptions options;
  options.idle_line = 20ms;
  ServedNode served(options);
  served.publish("quakes", "us", 1);
  for (const char* target : {"/v1/feeds/quakes/records?start=end", "/v1/events"}) {
    RawClient client(served.socket());
    ASSERT_TRUE(client.ask("GET", target));
    RawAnswer answer;
    ASSERT_TRUE(client.read_head(answer));
    std::string part;
    do {
      ASSERT_TRUE(client.next_chunk(part));
    } while (part != "{\"idle\":{}}\n");
  }
}

TEST(Server, GivesRangesOfRecords) {
  ServedNode served;
  served.publish("quakes", "us", 3000);
  const auto answer = ask(served, "GET", "/v1/feeds/quakes/topics/us/0/records?first=10&last=2500");
  EXPECT_EQ(payloads(answer.body), node::testing::numbered(10, 2501));
  EXPECT_TRUE(answer.body.ends_with("{\"end\":{}}\n"));
  EXPECT_EQ(payloads(ask(served, "GET", "/v1/feeds/quakes/topics/us/0/records?first=7").body),
            std::vector<std::string>{"7"});
  EXPECT_EQ(payloads(ask(served, "GET", "/v1/feeds/quakes/topics/us/0/records?first=2999&last=9999").body),
            std::vector<std::string>{"2999"});
  const auto absent = ask(served, "GET", "/v1/feeds/quakes/topics/us/0/records?first=3000");
  EXPECT_EQ(absent.status, 404U);
  EXPECT_EQ(error_code(absent.body), "not_found");
  EXPECT_EQ(ask(served, "GET", "/v1/feeds/quakes/topics/us/x/records?first=1").status, 400U);
  EXPECT_EQ(ask(served, "GET", "/v1/feeds/quakes/topics/us/0/records?first=5&last=4").status, 400U);
}

TEST(Server, KeepsCursors) {
  ServedNode served;
  served.publish("quakes", "us", 3);
  EXPECT_EQ(ask(served, "GET", "/v1/feeds/quakes/cursors/nightly").body, "{\"cursor\":null}\n");
  const auto answer = ask(served, "GET", "/v1/feeds/quakes/records?until_head=1");
  auto end = must(JsonReader::parse(lines_of(answer.body).back()));
  const std::string token = end.object("end").text("cursor");
  EXPECT_EQ(ask(served, "PUT", "/v1/feeds/quakes/cursors/nightly", "{\"token\":\"" + token + "\",\"note\":\"n\"}").body,
            "{}\n");
  EXPECT_EQ(ask(served, "GET", "/v1/feeds/quakes/cursors/nightly").body,
            "{\"cursor\":{\"token\":\"" + token + "\",\"note\":\"n\"}}\n");
  EXPECT_TRUE(
      payloads(ask(served, "GET", "/v1/feeds/quakes/records?until_head=1&start=stored&cursor=nightly").body).empty());
  EXPECT_EQ(ask(served, "PUT", "/v1/feeds/quakes/cursors/nightly", R"({"token":"x","note":""})").status, 400U);
}

TEST(Server, VerifiesAndReportsTheEnd) {
  ServedNode served;
  served.publish("quakes", "us", 10);
  const auto answer = ask(served, "POST", "/v1/feeds/quakes/verify");
  EXPECT_EQ(answer.status, 200U);
  EXPECT_NE(answer.body.find("{\"end\":{\"head\":{"), std::string::npos);
  EXPECT_NE(answer.body.find("\"damage\":[]"), std::string::npos);
}

TEST(Server, MovesABundleFromNodeToNode) {
  ServedNode from;
  ServedNode to;
  const FeedId feed = from.publish("quakes", "us", 200, std::string(1000, 'x'));
  const auto bundle = ask(from, "GET", "/v1/feeds/quakes/bundle");
  EXPECT_EQ(bundle.headers.at("content-type"), "application/octet-stream");
  EXPECT_TRUE(bundle.trailer.starts_with("Shoal-Summary: {\"feed\":\"" + feed.hex())) << bundle.trailer;
  const auto taken = ask(to, "POST", "/v1/bundles", bundle.body);
  EXPECT_EQ(taken.status, 200U) << taken.body;
  EXPECT_NE(taken.body.find("{\"end\":{\"feed\":\"" + feed.hex()), std::string::npos);
  EXPECT_EQ(payloads(ask(to, "GET", "/v1/feeds/" + feed.hex() + "/records?until_head=1").body).size(), 200U);
  std::string damaged = bundle.body;
  damaged[damaged.size() / 2] = static_cast<char>(damaged[damaged.size() / 2] ^ 1);
  ServedNode other;
  EXPECT_EQ(error_code(ask(other, "POST", "/v1/bundles", damaged).body), "unverified");
}

TEST(Server, TellsMistakesByStatusAndCode) {
  ServedNode served;
  served.publish("quakes", "us", 1);
  const struct {
    std::string method;
    std::string target;
    std::string body;
    unsigned status;
    std::string code;
  } cases[] = {
      {"GET", "/", "", 404, "not_found"},
      {"GET", "/v1", "", 404, "not_found"},
      {"GET", "/v1/feeds/", "", 404, "not_found"},
      {"GET", "/v1/feeds/nobody", "", 404, "not_found"},
      {"GET", "/v1/feeds/quakes/", "", 404, "not_found"},
      {"GET", "/v1/feeds/%zz", "", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes?wiat_ms=1", "", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes?wait_ms=-1", "", 400, "invalid_argument"},
      {"GET", "/v1/resolve", "", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes/records?start=offset:x", "", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes/records?start=token:x", "", 400, "invalid_argument"},
      {"PATCH", "/v1/feeds/quakes", "", 501, "unsupported"},
      {"POST", "/v1/own/quakes", "{", 400, "invalid_argument"},
      {"POST", "/v1/own/quakes", R"({"crate":true})", 400, "invalid_argument"},
      {"POST", "/v1/own/other", R"({"create":false})", 404, "not_found"},
      {"PUT", "/v1/own/quakes/manifest", R"({"title":1})", 400, "invalid_argument"},
      {"POST", "/v1/own/quakes/records?acks=0", "", 400, "invalid_argument"},
      {"POST", "/v1/own/other/records", "", 404, "not_found"},
      {"GET", "/v1/feeds/quakes/mirror", "", 404, "not_found"},
      {"PUT", "/v1/feeds/quakes/mirror", "{}", 400, "invalid_argument"},
      {"PUT", "/v1/feeds/quakes/mirror", R"({"keep":"30d"})", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes/proof?topic=us", "", 400, "invalid_argument"},
      {"GET", "/v1/feeds/quakes/bundle?after=1", "", 400, "invalid_argument"},
      {"POST", "/v1/bundles", "no bundle", 500, "unverified"},
  };
  for (const auto& wrong : cases) {
    const RawAnswer answer = ask(served, wrong.method, wrong.target, wrong.body);
    EXPECT_EQ(answer.status, wrong.status) << wrong.method << " " << wrong.target << " " << answer.body;
    EXPECT_EQ(error_code(answer.body), wrong.code) << wrong.target;
  }
}

TEST(Server, NamesTheVersionsToAClientOfAnotherApi) {
  const ServedNode served;
  const RawAnswer answer = ask(served, "GET", "/v2/node");
  EXPECT_EQ(answer.status, 501U);
  EXPECT_EQ(error_code(answer.body), "unsupported");
  EXPECT_NE(answer.body.find("speaks API 1 (/v1/...), the request is of API 2"), std::string::npos) << answer.body;
}

TEST(Server, KeepsAConnectionForManyRequests) {
  ServedNode served;
  RawClient client(served.socket());
  for (int i = 0; i < 100; ++i) {
    ASSERT_TRUE(client.ask("GET", i % 2 == 0 ? "/v1/node" : "/v1/nothing"));
    EXPECT_EQ(client.answer().status, i % 2 == 0 ? 200U : 404U);
  }
  // Two at once are answered one after the other.
  ASSERT_TRUE(client.send("GET /v1/node HTTP/1.1\r\n\r\nGET /v1/feeds HTTP/1.1\r\n\r\n"));
  EXPECT_NE(client.answer().body.find("\"pid\""), std::string::npos);
  EXPECT_EQ(client.answer().body, "{\"feeds\":[]}\n");
}

TEST(Server, SaysWhenAConnectionIsNotKept) {
  ServedNode served;
  RawClient refused(served.socket());
  ASSERT_TRUE(refused.ask("POST", "/v1/own/quakes?x=1", "{}"));
  const RawAnswer answer = refused.answer();
  EXPECT_EQ(answer.status, 400U);
  EXPECT_EQ(answer.headers.at("connection"), "close");
  EXPECT_TRUE(refused.ended());
  // A body that nobody needs is passed over.
  RawClient kept(served.socket());
  ASSERT_TRUE(kept.send("GET /v1/node HTTP/1.1\r\nContent-Length: 5\r\n\r\nabcdeGET /v1/node HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(kept.answer().status, 200U);
  EXPECT_EQ(kept.answer().status, 200U);
}

TEST(Server, CountsWhoIsAttached) {
  ServedNode served;
  EXPECT_TRUE(served.server().wait_until_unattached({10s}));
  auto client = std::make_unique<RawClient>(served.socket());
  ASSERT_TRUE(client->ask("GET", "/v1/node"));
  EXPECT_EQ(client->answer().status, 200U);
  EXPECT_EQ(served.server().attached(), 1U);
  std::stop_source stop;
  stop.request_stop();
  EXPECT_FALSE(served.server().wait_until_unattached({10s, stop.get_token()}));
  EXPECT_FALSE(served.server().wait_until_unattached({20ms}));
  client.reset();
  EXPECT_TRUE(served.server().wait_until_unattached({10s}));
  EXPECT_EQ(served.server().attached(), 0U);
}

TEST(Server, OpensASealedKeyWithTheRequestsPassphrase) {
  const TempDir dir;
  const auto once = [&](const std::string& body) {
    const auto node = must(node::open_node({.data_dir = dir / "data", .offline = true}));
    const auto server = must(Server::start(node, dir / "node.sock"));
    RawClient client(dir / "node.sock");
    EXPECT_TRUE(client.ask("POST", "/v1/own/sealed", body));
    const RawAnswer answer = client.answer();
    server->stop();
    node->close();
    return answer;
  };
  EXPECT_EQ(once(R"({"create":true,"passphrase":"tomato"})").status, 200U);
  EXPECT_EQ(error_code(once("{}").body), "bad_key");
  const RawAnswer wrong = once(R"({"passphrase":"potato"})");
  EXPECT_EQ(error_code(wrong.body), "bad_key");
  EXPECT_EQ(wrong.body.find("potato"), std::string::npos);
  EXPECT_EQ(once(R"({"passphrase":"tomato"})").status, 200U);
}

}  // namespace
}  // namespace shoal::doors
