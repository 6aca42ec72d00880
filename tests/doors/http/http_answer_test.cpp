#include "doors/http/http_answer.h"

#include "doors/http/socket_pair.h"

#include <gtest/gtest.h>

#include <string>

namespace shoal::doors {
namespace {

using testing::SocketPair;
using namespace std::chrono_literals;

TEST(Answer, GivesAnObjectWithItsLength) {
  SocketPair pair;
  Answer answer(pair.server, true, 1s);
  EXPECT_FALSE(answer.reusable());
  ASSERT_TRUE(answer.json("{\"a\":1}").ok());
  EXPECT_EQ(SocketPair::taken(pair.client),
            "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 8\r\n\r\n{\"a\":1}\n");
  EXPECT_TRUE(answer.reusable());
}

TEST(Answer, SaysWhenTheConnectionEnds) {
  SocketPair pair;
  Answer answer(pair.server, true, 1s);
  answer.close_after();
  ASSERT_TRUE(answer.json("{}").ok());
  EXPECT_NE(SocketPair::taken(pair.client).find("\r\nConnection: close\r\n"), std::string::npos);
  EXPECT_FALSE(answer.reusable());
  Answer lines(pair.server, false, 1s);
  ASSERT_TRUE(lines.line("a", "{}").ok());
  EXPECT_NE(SocketPair::taken(pair.client).find("\r\nConnection: close\r\n"), std::string::npos);
}

TEST(Answer, AnErrorHasItsStatus) {
  SocketPair pair;
  Answer answer(pair.server, true, 1s);
  answer.fail({Code::not_found, "no such feed", "look again"});
  const std::string text = SocketPair::taken(pair.client);
  EXPECT_TRUE(text.starts_with("HTTP/1.1 404 Not Found\r\n")) << text;
  EXPECT_TRUE(
      text.ends_with("{\"error\":{\"code\":\"not_found\",\"message\":\"no such feed\",\"hint\":\"look again\"}}\n"));
  EXPECT_TRUE(answer.reusable());
  answer.fail({Code::io, "again", ""});
  EXPECT_EQ(SocketPair::taken(pair.client), "");
}

TEST(Answer, AStreamOfLinesEndsWithItsError) {
  SocketPair pair;
  Answer answer(pair.server, true, 1s);
  EXPECT_FALSE(answer.begun());
  ASSERT_TRUE(answer.line("a", "{}").ok());
  EXPECT_TRUE(answer.begun());
  EXPECT_EQ(SocketPair::taken(pair.client),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/x-ndjson\r\n\r\n"
            "9\r\n{\"a\":{}}\n\r\n");
  ASSERT_TRUE(answer.line("b", "{}").ok());
  answer.fail({Code::closed, "m", ""});
  EXPECT_EQ(
      SocketPair::taken(pair.client),
      "9\r\n{\"b\":{}}\n\r\n34\r\n{\"error\":{\"code\":\"closed\",\"message\":\"m\",\"hint\":\"\"}}\n\r\n0\r\n\r\n");
  EXPECT_TRUE(answer.reusable());
}

TEST(Answer, AStreamOfBytesHasASummaryOrIsTruncated) {
  SocketPair pair;
  Answer good(pair.server, true, 1s);
  ASSERT_TRUE(good.begin_stream(Answer::Content::bytes).ok());
  EXPECT_EQ(SocketPair::taken(pair.client),
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: application/octet-stream\r\n"
            "Trailer: Shoal-Summary\r\n\r\n");
  const std::string large(20000, 'x');
  ASSERT_TRUE(good.write(large).ok());
  EXPECT_EQ(SocketPair::taken(pair.client), "4e20\r\n" + large + "\r\n");
  ASSERT_TRUE(good.end_stream("{\"n\":1}").ok());
  EXPECT_EQ(SocketPair::taken(pair.client), "0\r\nShoal-Summary: {\"n\":1}\r\n\r\n");
  EXPECT_TRUE(good.reusable());

  Answer bad(pair.server, true, 1s);
  ASSERT_TRUE(bad.begin_stream(Answer::Content::bytes).ok());
  std::ignore = SocketPair::taken(pair.client);
  bad.fail({Code::io, "m", ""});
  EXPECT_EQ(SocketPair::taken(pair.client), "");
  EXPECT_FALSE(bad.reusable());
}

TEST(Answer, SendsNothingAfterAFailedWrite) {
  SocketPair pair;
  Answer answer(pair.server, true, 10ms);
  ASSERT_TRUE(answer.begin_stream(Answer::Content::lines).ok());
  const auto full = answer.write(std::string(std::size_t{8} << 20, 'x'));
  ASSERT_FALSE(full.ok());
  EXPECT_EQ(full.error().code, Code::timed_out);
  std::ignore = SocketPair::taken(pair.client);
  const auto later = answer.write("y");
  ASSERT_FALSE(later.ok());
  EXPECT_EQ(later.error().code, Code::closed);
  answer.fail({Code::io, "m", ""});
  EXPECT_EQ(SocketPair::taken(pair.client), "");
  EXPECT_FALSE(answer.reusable());
}

}  // namespace
}  // namespace shoal::doors
