#include "record_source.h"

#include "base/bytes.h"
#include "temporary_directory.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace shoal::command {
namespace {

using Step = RecordSource::Step;
using testing::ElementsAre;

/// The payloads up to the end; the last element is how it ended.
std::vector<std::string> read_all(RecordSource& stream) {
  std::vector<std::string> payloads;
  ProducerRecord record;
  while (true) {
    const auto step = stream.next(record);
    if (!step.ok()) {
      payloads.push_back("error: " + std::string(code_name(step.error().code)));
      return payloads;
    }
    if (*step == Step::end) return payloads;
    if (*step == Step::stopped) {
      payloads.emplace_back("stopped");
      return payloads;
    }
    payloads.emplace_back(base::as_text(*record.value));
  }
}

class RecordSourceTest : public testing::Test {
 protected:
  std::string file(const std::string& name, const std::string& text) {
    write_text(directory_ / name, text);
    return (directory_ / name).string();
  }

  TemporaryDirectory directory_;
  Messages messages_;
};

TEST_F(RecordSourceTest, ReadsFilesOneAfterTheOther) {
  RecordSource stream({.files = {file("a", "1\n2"), file("b", ""), file("c", "3\n\n")}}, messages_, -1);
  EXPECT_THAT(read_all(stream), ElementsAre("1", "2", "3", ""));
}

TEST_F(RecordSourceTest, SkipsTheFirstLinesOfEachFile) {
  RecordSource stream({.files = {file("a", "h\n1\n"), file("b", "h\n2\n"), file("c", "h")}, .skip_records = 1},
                      messages_, -1);
  EXPECT_THAT(read_all(stream), ElementsAre("1", "2"));
}

TEST_F(RecordSourceTest, EachFileIsARecordWhenAskedFor) {
  RecordSource stream({.files = {file("a", "1\n2\n"), file("b", "")}, .framing = Framing::file}, messages_, -1);
  EXPECT_THAT(read_all(stream), ElementsAre("1\n2\n", ""));
}

TEST_F(RecordSourceTest, StopsAtABadLineAndNamesIt) {
  SelectorOptions selectors{.topic = *parse_selector("json:/t")};
  RecordSource stream({.files = {file("a", "{\"t\":\"x\"}\n{\n{\"t\":\"y\"}\n")}, .selectors = selectors}, messages_,
                      -1);
  testing::internal::CaptureStderr();
  EXPECT_THAT(read_all(stream), ElementsAre("{\"t\":\"x\"}", "stopped"));
  const std::string said = testing::internal::GetCapturedStderr();
  EXPECT_THAT(said, testing::HasSubstr("shoal: error: "));
  EXPECT_THAT(said, testing::HasSubstr("a, line 2: invalid JSON"));
  EXPECT_THAT(said, testing::HasSubstr("\nhint: --on-bad-line skip"));
}

TEST_F(RecordSourceTest, SkipsBadLinesWhenAskedFor) {
  SelectorOptions selectors{.topic = *parse_selector("csv:2")};
  RecordSource stream({.files = {file("a", "1,x\n2\n3,/\n4,y\n")}, .skip_bad = true, .selectors = selectors}, messages_,
                      -1);
  testing::internal::CaptureStderr();
  EXPECT_THAT(read_all(stream), ElementsAre("1,x", "4,y"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("line 3: illegal topic name '/' (left out)"));
  EXPECT_EQ(stream.bad_records(), 2U);
}

TEST_F(RecordSourceTest, ARecordAboveTheLimitIsABadLine) {
  RecordSource stream({.files = {file("a", "12\n12345\n3\n")}, .skip_bad = true, .max_record = 4}, messages_, -1);
  testing::internal::CaptureStderr();
  EXPECT_THAT(read_all(stream), ElementsAre("12", "3"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), testing::HasSubstr("line 2: a record longer than 4 bytes"));
}

TEST_F(RecordSourceTest, AFileThatIsNotThereIsAnError) {
  RecordSource stream({.files = {(directory_ / "none").string()}}, messages_, -1);
  EXPECT_THAT(read_all(stream), ElementsAre("error: not_found"));
}

}  // namespace
}  // namespace shoal::command
