#include "doors/text/batch_frame.h"

#include "base/bytes.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace shoal::doors {
namespace {

node::SelectedBatch sample() {
  node::SelectedBatch selected;
  selected.batch = {BlockIndex(0x0102), {"us", Partition(3)}, UnixMs(5), Bytes{0xaa, 0xbb}};
  selected.first = Offset(6);
  selected.cursor = "1:0:7:0";
  return selected;
}

std::string frame_of(const node::SelectedBatch& selected) {
  std::string frame;
  append_batch_frame(selected, frame);
  return frame;
}

/// Frames of a stream that comes in pieces of this size; what next() fails with ends it.
std::vector<std::string> cut(const std::string& stream, std::size_t piece, Code* failed = nullptr) {
  FrameSplitter splitter;
  std::vector<std::string> frames;
  for (std::size_t at = 0; at < stream.size(); at += piece) {
    splitter.add(std::string_view(stream).substr(at, piece));
    for (;;) {
      const auto frame = splitter.next();
      if (!frame) {
        if (failed != nullptr) *failed = frame.error().code;
        return frames;
      }
      if (!*frame) break;
      frames.push_back(std::to_string(static_cast<int>((*frame)->kind)) + std::string((*frame)->body));
    }
  }
  if (!splitter.empty()) frames.emplace_back("rest");
  return frames;
}

TEST(BatchFrame, MatchesTheDocumentedBytes) {
  std::string out;
  append_line_frame("{}", out);
  EXPECT_EQ(base::to_hex(base::as_bytes(out)),
            "00000003"
            "01"
            "7b7d");
  out.clear();
  append_send_frame({"us", Partition(3)}, Bytes{0xaa}, out);
  EXPECT_EQ(base::to_hex(base::as_bytes(out)),
            "00000009"
            "03"
            "027573"
            "00000003"
            "aa");
  EXPECT_EQ(base::to_hex(base::as_bytes(frame_of(sample()))),
            "0000003e"
            "02"
            "0000000000000102"
            "0000000000000005"
            "01"
            "0000000000000006"
            "0000000000000000"
            "0000000000000000"
            "027573"
            "00000003"
            "00000007"
            "313a303a373a30"
            "aabb");
}

TEST(BatchFrame, ComesBackAsItWas) {
  node::SelectedBatch selected = sample();
  selected.ordered = false;
  selected.from = UnixMs(-1);
  selected.before = UnixMs(INT64_MAX);
  const std::string frame = frame_of(selected);
  const auto read = read_batch_frame(std::string_view(frame).substr(5)).value();
  EXPECT_EQ(read.batch.block, selected.batch.block);
  EXPECT_EQ(read.batch.stream, selected.batch.stream);
  EXPECT_EQ(read.batch.append_time, selected.batch.append_time);
  EXPECT_EQ(read.batch.bytes, selected.batch.bytes);
  EXPECT_EQ(read.first, selected.first);
  EXPECT_EQ(read.from, selected.from);
  EXPECT_EQ(read.before, selected.before);
  EXPECT_EQ(read.cursor, selected.cursor);
  EXPECT_FALSE(read.ordered);
  EXPECT_EQ(read_batch_frame(std::string_view(frame_of(sample())).substr(5))->from, std::nullopt);
}

TEST(BatchFrame, RefusesWhatIsCutShort) {
  const std::string body = frame_of(sample()).substr(5);
  for (std::size_t size = 0; size < body.size() - 2; ++size) {
    EXPECT_FALSE(read_batch_frame(std::string_view(body).substr(0, size)).ok()) << size;
  }
  EXPECT_TRUE(
      read_batch_frame(std::string_view(body).substr(0, body.size() - 2)).ok());  // an empty batch is its reader's
  std::string flags = body;
  flags[16] = 8;
  EXPECT_FALSE(read_batch_frame(flags).ok());
  std::string partition = body;
  partition[44] = '\x80';
  EXPECT_FALSE(read_batch_frame(partition).ok());
  EXPECT_FALSE(read_send_frame("").ok());
  EXPECT_FALSE(read_send_frame(std::string("\2us\x80\0\0\0", 7)).ok());
  EXPECT_FALSE(read_send_frame(std::string("\2us\0\0\0", 6)).ok());
  const auto sent = read_send_frame(std::string("\2us\0\0\0\3batch", 12)).value();
  EXPECT_EQ(sent.stream, (TopicPartition{"us", Partition(3)}));
  EXPECT_EQ(sent.bytes, (Bytes{'b', 'a', 't', 'c', 'h'}));
}

TEST(FrameSplitter, CutsAtAnyPiece) {
  std::string stream;
  append_line_frame("one", stream);
  append_line_frame("", stream);
  append_send_frame({"t", Partition(0)}, Bytes(300, 'x'), stream);
  const std::string send = "3" + std::string("\1t\0\0\0\0", 6) + std::string(300, 'x');
  for (std::size_t piece = 1; piece <= stream.size(); ++piece) {
    EXPECT_EQ(cut(stream, piece), (std::vector<std::string>{"1one", "1", send})) << piece;
  }
  EXPECT_EQ(cut(stream.substr(0, stream.size() - 1), 7), (std::vector<std::string>{"1one", "1", "rest"}));
}

TEST(FrameSplitter, RefusesATooLargeFrameBeforeItComes) {
  const auto sized = [](std::size_t size) {
    std::string head;
    for (int shift = 24; shift >= 0; shift -= 8) head.push_back(static_cast<char>(size >> shift));
    return head;
  };
  Code failed = Code::io;
  EXPECT_TRUE(cut(sized(kMaxFrame + 1), 4, &failed).empty());
  EXPECT_EQ(failed, Code::limit_exceeded);
  failed = Code::io;
  cut(sized(kMaxFrame) + "\1", 5, &failed);
  EXPECT_EQ(failed, Code::io);
  cut(sized(0), 4, &failed);
  EXPECT_EQ(failed, Code::invalid_argument);
  for (const char kind : {'\0', '\4', '\xff'}) {
    failed = Code::io;
    cut(sized(1) + kind, 5, &failed);
    EXPECT_EQ(failed, Code::invalid_argument);
  }
}

}  // namespace
}  // namespace shoal::doors
