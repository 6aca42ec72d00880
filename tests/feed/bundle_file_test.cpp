#include "feed/bundle_file.h"

#include "feed/sample_feed.h"

#include <stdlib.h>
#include <fstream>

namespace shoal::feed {
namespace {

using testing::filled;

class BundleFile : public ::testing::Test {
 protected:
  BundleFile() {
    std::string name = (std::filesystem::temp_directory_path() / "shoal-bundle-XXXXXX").string();
    directory_ = ::mkdtemp(name.data());
    file_ = directory_ / "feed.shoal";
  }
  ~BundleFile() override { std::filesystem::remove_all(directory_); }

  void write(const std::vector<std::pair<FrameType, Bytes>>& frames) const {
    auto writer = BundleFileWriter::create(file_);
    ASSERT_TRUE(writer.ok()) << writer.error().message;
    for (const auto& [type, body] : frames) ASSERT_TRUE(writer->add(type, body).ok());
    ASSERT_TRUE(writer->commit().ok());
  }
  [[nodiscard]] std::size_t files() const {
    std::size_t count = 0;
    for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(directory_)) ++count;
    return count;
  }

  std::filesystem::path directory_;
  std::filesystem::path file_;
};

TEST_F(BundleFile, GivesTheFramesBackInOrder) {
  const Bytes large = filled(300000);
  write({{FrameType::note, {1, 2}},
         {FrameType::run, large},
         {FrameType::topics, {}},
         {FrameType::end, encode_totals({1, 2})}});
  auto reader = BundleFileReader::open(file_);
  ASSERT_TRUE(reader.ok()) << reader.error().message;
  EXPECT_EQ(reader->next().value(), FrameType::note);
  EXPECT_EQ(reader->next().value(), FrameType::run);
  EXPECT_TRUE(std::equal(large.begin(), large.end(), reader->body().begin(), reader->body().end()));
  EXPECT_EQ(reader->next().value(), FrameType::topics);
  EXPECT_TRUE(reader->body().empty());
  EXPECT_FALSE(reader->at_end());
  EXPECT_EQ(reader->next().value(), FrameType::end);
  EXPECT_TRUE(reader->at_end());
  EXPECT_EQ(reader->totals().value(), (BundleTotals{1, 2}));
  EXPECT_FALSE(reader->next().ok());
}

TEST_F(BundleFile, AppearsWholeOrNotAtAll) {
  {
    auto writer = BundleFileWriter::create(file_);
    ASSERT_TRUE(writer.ok());
    ASSERT_TRUE(writer->add(FrameType::note, {}).ok());
    EXPECT_FALSE(std::filesystem::exists(file_));
  }
  EXPECT_EQ(files(), 0U);
  write({{FrameType::note, {}}});
  EXPECT_EQ(files(), 1U);
}

TEST_F(BundleFile, AnAbandonedWriteKeepsTheOldFile) {
  write({{FrameType::note, {7}}});
  {
    auto writer = BundleFileWriter::create(file_);
    ASSERT_TRUE(writer.ok());
  }
  auto reader = BundleFileReader::open(file_);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->next().value(), FrameType::note);
  EXPECT_EQ(files(), 1U);
}

TEST_F(BundleFile, SaysWhatIsWrongWithTheFile) {
  EXPECT_EQ(BundleFileReader::open(file_).error().code, Code::not_found);
  EXPECT_EQ(BundleFileWriter::create(directory_ / "none" / "file").error().code, Code::not_found);
  EXPECT_EQ(BundleFileReader::open(directory_).error().code, Code::unverified);
  std::ofstream(file_) << "SHOALBN2";
  EXPECT_EQ(BundleFileReader::open(file_).error().code, Code::unverified);
}

TEST_F(BundleFile, ACutIsSeenBeforeMemoryIsTaken) {
  write({{FrameType::run, filled(100)}, {FrameType::end, encode_totals({1, 1})}});
  const auto whole = std::filesystem::file_size(file_);
  for (std::uintmax_t size = whole; size-- > 0;) {
    std::filesystem::resize_file(file_, size);
    auto reader = BundleFileReader::open(file_);
    if (!reader.ok()) continue;
    EXPECT_FALSE(reader->totals().ok());
    EXPECT_FALSE(reader->next().ok() && reader->next().ok()) << size;
  }
  std::ofstream(file_, std::ios::binary) << kBundleMagic << std::string("\x02\x00\xbf\xff\xff", 5);
  auto reader = BundleFileReader::open(file_);
  ASSERT_TRUE(reader.ok());
  EXPECT_EQ(reader->next().error().code, Code::unverified);
}

}  // namespace
}  // namespace shoal::feed
