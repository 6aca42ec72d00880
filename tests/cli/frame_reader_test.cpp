#include "frame_reader.h"

#include "base/bytes.h"

#include <algorithm>

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck.h>

namespace shoal::command {
namespace {

using testing::ElementsAre;

/// Gives a text in pieces of at most `step` bytes.
class TextSource final : public ByteSource {
 public:
  explicit TextSource(std::string text, std::size_t step = 3) : text_(std::move(text)), step_(step) {}
  Result<std::size_t> read(std::span<std::uint8_t> into) override {
    const std::size_t size = std::min({step_, into.size(), text_.size() - at_});
    std::copy_n(text_.begin() + static_cast<std::ptrdiff_t>(at_), size, into.begin());
    at_ += size;
    return size;
  }

 private:
  std::string text_;
  std::size_t step_;
  std::size_t at_ = 0;
};

/// All records; `!` and the number stand for a refused one.
std::vector<std::string> read_all(const std::string& text, Framing framing, std::size_t limit = 100,
                                  std::size_t step = 3) {
  TextSource source(text, step);
  FrameReader reader(source, framing, limit);
  std::vector<std::string> records;
  while (true) {
    const auto record = reader.next();
    if (!record.ok()) {
      records.push_back("!" + std::to_string(reader.number()));
      continue;
    }
    if (!record->has_value()) return records;
    records.emplace_back(base::as_text(**record));
  }
}

TEST(FrameReader, LinesKeepTheirBytes) {
  EXPECT_THAT(read_all(std::string("a\r\n\nb\0c\n\xff\nlast", 14), Framing::lines),
              ElementsAre("a\r", "", std::string("b\0c", 3), "\xff", "last"));
}

TEST(FrameReader, EndsWithoutASeparatorOrWithOne) {
  EXPECT_THAT(read_all("", Framing::lines), ElementsAre());
  EXPECT_THAT(read_all("\n", Framing::lines), ElementsAre(""));
  EXPECT_THAT(read_all("a", Framing::lines), ElementsAre("a"));
  EXPECT_THAT(read_all("a\n", Framing::lines), ElementsAre("a"));
  EXPECT_THAT(read_all("a\n\n", Framing::lines), ElementsAre("a", ""));
}

TEST(FrameReader, NulSeparatesToo) {
  EXPECT_THAT(read_all(std::string("a\nb\0\0c", 6), Framing::nul), ElementsAre("a\nb", "", "c"));
}

TEST(FrameReader, LengthsStandBeforeTheRecords) {
  EXPECT_THAT(read_all(std::string("\0\0\0\1a\0\0\0\0\0\0\0\3b\nc", 16), Framing::len32), ElementsAre("a", "", "b\nc"));
}

TEST(FrameReader, NamesACutLengthRecordAndEnds) {
  EXPECT_THAT(read_all(std::string("\0\0\0\1a\0\0", 7), Framing::len32), ElementsAre("a", "!2"));
  EXPECT_THAT(read_all(std::string("\0\0\0\1a\0\0\0\5xyz", 12), Framing::len32), ElementsAre("a", "!2"));
}

TEST(FrameReader, AFileIsOneRecord) {
  EXPECT_THAT(read_all("a\nb\n", Framing::file), ElementsAre("a\nb\n"));
  EXPECT_THAT(read_all("", Framing::file), ElementsAre(""));
}

TEST(FrameReader, SkipsWhatIsTooLongAndGoesOn) {
  EXPECT_THAT(read_all("12345\n123456\n1\n", Framing::lines, 5), ElementsAre("12345", "!2", "1"));
  EXPECT_THAT(read_all("123456", Framing::lines, 5), ElementsAre("!1"));
  EXPECT_THAT(read_all(std::string("\0\0\0\6abcdef\0\0\0\1x", 15), Framing::len32, 5), ElementsAre("!1", "x"));
  EXPECT_THAT(read_all("123456", Framing::file, 5), ElementsAre("!1"));
}

TEST(FrameReader, LinesOfAnySizesComeBack) {
  rc::check([] {
    const auto lines = *rc::gen::container<std::vector<std::string>>(rc::gen::container<std::string>(
        rc::gen::suchThat(rc::gen::arbitrary<char>(), [](char c) { return c != '\n'; })));
    const auto step = *rc::gen::inRange<std::size_t>(1, 50);
    std::string text;
    for (const std::string& line : lines) text += line + "\n";
    RC_ASSERT(read_all(text, Framing::lines, 1000, step) == lines);
  });
}

}  // namespace
}  // namespace shoal::command
