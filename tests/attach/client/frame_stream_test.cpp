#include "attach/client/frame_stream.h"

#include "attach/client/node_end.h"

#include <stop_token>

namespace shoal::attach {
namespace {

using namespace std::chrono_literals;
using testing::chunk_of;

std::string line_frame(std::string_view line) {
  std::string frame;
  doors::append_line_frame(line, frame);
  return frame;
}

std::string batch_frame(std::uint64_t block) {
  node::SelectedBatch selected;
  selected.batch.block = BlockIndex(block);
  selected.batch.stream = {"t", Partition(2)};
  selected.batch.bytes = {1, 2, 3};
  selected.cursor = "cursor";
  std::string frame;
  doors::append_batch_frame(selected, frame);
  return frame;
}

doors::Until within(std::chrono::milliseconds time) { return {doors::Until::Clock::now() + time, {}}; }

class FrameStreamTest : public ::testing::Test {
 protected:
  /// The answer's head comes, with this type.
  void begin(std::string_view type = doors::kBatchesType) {
    ASSERT_TRUE(pair_.client->send({.target = "/"}, within(5s)).ok());
    pair_.node.say(testing::stream_head(type));
    ASSERT_EQ(pair_.client->status(within(5s)).value(), 200U);
  }
  /// Kind of the next line, "batch" and its block, or the code of the error.
  std::string next(const doors::Until& until = within(5s)) {
    auto item = stream_.next(until);
    if (!item) return "error " + std::string(code_name(item.error().code));
    if (const auto* const line = std::get_if<StreamLine>(&*item)) return line->kind;
    return "batch " + std::to_string(std::get<node::SelectedBatch>(*item).batch.block.value());
  }

  testing::ConnectionPair pair_;
  FrameStream stream_{pair_.client};
};

TEST_F(FrameStreamTest, OnlyBatchesAreItsType) {
  begin();
  EXPECT_TRUE(stream_.check_type().ok());
}

TEST_F(FrameStreamTest, AnotherTypeIsUnsupported) {
  begin("application/x-ndjson");
  const auto checked = stream_.check_type();
  ASSERT_FALSE(checked.ok());
  EXPECT_EQ(checked.error().code, Code::unsupported);
  EXPECT_NE(checked.error().hint.find("same version"), std::string::npos);
}

TEST_F(FrameStreamTest, LinesAndBatchesComeInTheirOrder) {
  begin();
  pair_.node.say_chunk(line_frame("{\"a\":{}}") + batch_frame(4) + batch_frame(5) + line_frame("{\"b\":{}}"));
  for (const auto* item : {"a", "batch 4", "batch 5", "b"}) EXPECT_EQ(next(), item);
}

TEST_F(FrameStreamTest, ABatchIsWhole) {
  begin();
  pair_.node.say_chunk(batch_frame(4));
  auto item = stream_.next(within(5s));
  ASSERT_TRUE(item.ok());
  const auto& selected = std::get<node::SelectedBatch>(*item);
  EXPECT_EQ(selected.batch.stream, (TopicPartition{"t", Partition(2)}));
  EXPECT_EQ(selected.batch.bytes, (Bytes{1, 2, 3}));
  EXPECT_EQ(selected.cursor, "cursor");
}

TEST_F(FrameStreamTest, FramesMayComeInAnyPieces) {
  begin();
  for (const char c : batch_frame(4) + line_frame("{\"a\":{}}")) pair_.node.say_chunk(std::string(1, c));
  EXPECT_EQ(next(), "batch 4");
  EXPECT_EQ(next(), "a");
}

TEST_F(FrameStreamTest, IdleLinesAreLeftOut) {
  begin();
  const std::string idle = line_frame("{\"idle\":{}}");
  pair_.node.say_chunk(idle + idle + line_frame("{\"a\":{}}") + idle);
  EXPECT_EQ(next(), "a");
  EXPECT_EQ(next(within(20ms)), "error timed_out");
}

TEST_F(FrameStreamTest, GivingUpLeavesTheStreamAsItWas) {
  begin();
  const std::string frame = batch_frame(4);
  pair_.node.say_chunk(frame.substr(0, 7));
  EXPECT_EQ(next(within(20ms)), "error timed_out");
  std::stop_source stop;
  stop.request_stop();
  EXPECT_EQ(next({doors::Until::Clock::now() + 5s, stop.get_token()}), "error cancelled");
  pair_.node.say_chunk(frame.substr(7));
  EXPECT_EQ(next(), "batch 4");
}

TEST_F(FrameStreamTest, AnErrorLineIsThatErrorForGood) {
  begin();
  pair_.node.say_chunk(line_frame(R"({"error":{"code":"pruned","message":"gone","hint":"look elsewhere"}})") +
                       line_frame("{\"a\":{}}"));
  for (int i = 0; i < 2; ++i) {
    const auto item = stream_.next(within(5s));
    ASSERT_FALSE(item.ok());
    EXPECT_EQ(item.error().code, Code::pruned);
    EXPECT_EQ(item.error().message, "gone");
    EXPECT_EQ(item.error().hint, "look elsewhere");
  }
}

TEST_F(FrameStreamTest, AnAnswerThatEndsIsCutOff) {
  begin();
  pair_.node.say_chunk(line_frame("{\"a\":{}}"));
  pair_.node.say(testing::kLastChunk);
  EXPECT_EQ(next(), "a");
  for (int i = 0; i < 2; ++i) {
    const auto item = stream_.next(within(5s));
    ASSERT_FALSE(item.ok());
    EXPECT_TRUE(doors::is_connection_lost(item.error()));
  }
}

TEST_F(FrameStreamTest, SoIsOneWhoseNodeDied) {
  begin();
  pair_.node.say_chunk(batch_frame(4).substr(0, 7));
  pair_.node.hang_up();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(next(), "error closed");
}

TEST_F(FrameStreamTest, AFrameThatIsNotKnownEndsTheStream) {
  std::string sent = batch_frame(4);
  sent[4] = static_cast<char>(doors::FrameKind::send);
  const std::string damaged_batch("\0\0\0\2\2x", 6);
  const std::string unknown_kind("\0\0\0\2\7x", 6);
  const std::string too_large("\xff\xff\xff\xff", 4);
  for (const std::string& bad : {sent, damaged_batch, unknown_kind, too_large, line_frame("nonsense")}) {
    testing::ConnectionPair pair;
    FrameStream stream(pair.client);
    ASSERT_TRUE(pair.client->send({.target = "/"}, within(5s)).ok());
    pair.node.say(testing::stream_head(doors::kBatchesType) + chunk_of(bad + line_frame("{\"a\":{}}")));
    ASSERT_TRUE(pair.client->status(within(5s)).ok());
    for (int i = 0; i < 2; ++i) {
      const auto item = stream.next(within(5s));
      ASSERT_FALSE(item.ok());
      EXPECT_EQ(item.error().code, Code::unsupported);
    }
  }
}

}  // namespace
}  // namespace shoal::attach
