#include "doors/http/http_request.h"

#include "doors/http/socket_pair.h"

#include <gtest/gtest.h>

#include <string>

namespace shoal::doors {
namespace {

using testing::SocketPair;
using namespace std::chrono_literals;

constexpr RequestLimits kShort{20ms, 20ms, 20ms};

Code code_of(SocketPair& pair, const RequestLimits& limits = kShort) {
  RequestReader reader(pair.server, limits);
  const auto head = reader.next();
  EXPECT_FALSE(head.ok());
  return head.ok() ? Code::unknown_outcome : head.error().code;
}

TEST(RequestReader, ReadsOneRequestAfterTheOther) {
  SocketPair pair;
  SocketPair::put(pair.client,
                  "GET /v1/a%2Fb?x=1?y HTTP/1.1\r\nHost: n\r\n\r\nPUT /c HTTP/1.1\r\nContent-Length: 3\r\n"
                  "Connection: close\r\n\r\nabc");
  RequestReader reader(pair.server, kShort);
  const auto first = reader.next();
  ASSERT_TRUE(first.ok() && *first);
  EXPECT_EQ((*first)->method, "GET");
  EXPECT_EQ((*first)->path, "/v1/a%2Fb");
  EXPECT_EQ((*first)->query, "x=1?y");
  EXPECT_TRUE((*first)->keep_alive && reader.body_done());
  const auto second = reader.next();
  ASSERT_TRUE(second.ok() && *second);
  EXPECT_EQ((*second)->query, "");
  EXPECT_FALSE((*second)->keep_alive || reader.body_done());
  const auto body = reader.whole_body(3);
  ASSERT_TRUE(body.ok());
  EXPECT_EQ(*body, "abc");
  EXPECT_TRUE(reader.body_done());
  pair.client.end_writing();
  const auto end = reader.next();
  ASSERT_TRUE(end.ok());
  EXPECT_FALSE(*end);
}

TEST(RequestReader, BodiesHaveTheirLimit) {
  SocketPair pair;
  SocketPair::put(pair.client, "PUT /c HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n2\r\ncd\r\n0\r\n\r\n");
  RequestReader reader(pair.server, kShort);
  ASSERT_TRUE(reader.next().ok());
  const auto body = reader.whole_body(3);
  ASSERT_FALSE(body.ok());
  EXPECT_EQ(body.error().code, Code::limit_exceeded);
}

TEST(RequestReader, HeadsHaveTheirLimit) {
  const std::string before = "GET / HTTP/1.1\r\nX: ";
  SocketPair fits;
  SocketPair::put(fits.client, before + std::string(RequestReader::kMaxHead - before.size() - 4, 'x') + "\r\n\r\n");
  RequestReader reader(fits.server, kShort);
  EXPECT_TRUE(reader.next().ok());
  SocketPair large;
  SocketPair::put(large.client, before + std::string(RequestReader::kMaxHead, 'x') + "\r\n\r\n");
  EXPECT_EQ(code_of(large), Code::limit_exceeded);
}

TEST(RequestReader, RefusesWhatIsNotItsHttp) {
  for (const auto& [text, code] :
       {std::pair{"SSH-2.0-x\r\n\r\n", Code::invalid_argument}, std::pair{"GET / HTTP/1.0\r\n\r\n", Code::unsupported},
        std::pair{"GET /\r\n\r\n", Code::invalid_argument}}) {
    SocketPair pair;
    SocketPair::put(pair.client, text);
    EXPECT_EQ(code_of(pair), code) << text;
  }
}

TEST(RequestReader, TruncatedRequestsAreClosed) {
  SocketPair head;
  SocketPair::put(head.client, "GET / HT");
  head.client.end_writing();
  EXPECT_EQ(code_of(head), Code::closed);
  SocketPair body;
  SocketPair::put(body.client, "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
  body.client.end_writing();
  RequestReader reader(body.server, kShort);
  ASSERT_TRUE(reader.next().ok());
  const auto read = reader.whole_body(3);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::closed);
}

TEST(RequestReader, EachPartHasItsDeadline) {
  SocketPair idle;
  RequestReader waiting(idle.server, {20ms, 1h, 1h});
  const auto nothing = waiting.next();
  EXPECT_TRUE(nothing.ok() && !*nothing);
  SocketPair head;
  SocketPair::put(head.client, "GET / HT");
  EXPECT_EQ(code_of(head, {1h, 20ms, 1h}), Code::timed_out);
  SocketPair body;
  SocketPair::put(body.client, "PUT / HTTP/1.1\r\nContent-Length: 3\r\n\r\nab");
  RequestReader reader(body.server, {1h, 1h, 20ms});
  ASSERT_TRUE(reader.next().ok());
  const auto read = reader.whole_body(3);
  ASSERT_FALSE(read.ok());
  EXPECT_EQ(read.error().code, Code::timed_out);
}

TEST(RequestReader, SkipsAShortRestOfABody) {
  const auto with_rest = [](SocketPair& pair, std::size_t size) {
    SocketPair::put(pair.client, "PUT / HTTP/1.1\r\nContent-Length: " + std::to_string(size) + "\r\n\r\n" +
                                     std::string(size, 'x') + "GET /next HTTP/1.1\r\n\r\n");
    RequestReader reader(pair.server, kShort);
    EXPECT_TRUE(reader.next().ok());
    const auto next = reader.next();
    return next.ok() ? (*next)->path : std::string(code_name(next.error().code));
  };
  SocketPair at;
  EXPECT_EQ(with_rest(at, std::size_t{64} << 10), "/next");
  SocketPair beyond;
  EXPECT_EQ(with_rest(beyond, (std::size_t{64} << 10) + 1), "closed");
}

TEST(RequestReader, SaysGoOnWhenTheClientWaitsForThat) {
  SocketPair pair;
  SocketPair::put(pair.client, "PUT / HTTP/1.1\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n");
  RequestReader reader(pair.server, kShort);
  ASSERT_TRUE(reader.next().ok());
  EXPECT_EQ(SocketPair::taken(pair.client), "");
  ASSERT_TRUE(reader.accept_body().ok());
  EXPECT_EQ(SocketPair::taken(pair.client), "HTTP/1.1 100 Continue\r\n\r\n");
  ASSERT_TRUE(reader.accept_body().ok());
  EXPECT_EQ(SocketPair::taken(pair.client), "");
}

}  // namespace
}  // namespace shoal::doors
