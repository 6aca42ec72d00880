#include "node/directory/key_mark.h"

#include "node/node_testing.h"

#include <fstream>

namespace shoal::node {
namespace {

using testing::TempDir;

FeedId some_feed(std::uint8_t first) {
  FeedId feed;
  feed.key.bytes[0] = first;
  return feed;
}

class KeyMarksTest : public ::testing::Test {
 protected:
  void put(const std::string& text) const { std::ofstream(dir_ / "a.signed", std::ios::binary) << text; }
  [[nodiscard]] std::string text() const {
    std::ifstream file(dir_ / "a.signed", std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  TempDir dir_;
  KeyMarks marks_{dir_ / "."};
};

TEST_F(KeyMarksTest, WhatIsWrittenIsRead) {
  EXPECT_EQ(marks_.read("a").value(), std::nullopt);
  for (const KeyMark& mark : {KeyMark{some_feed(1), 0, KeyMark::Origin::here, "v2 m 1 2 3"},
                              KeyMark{some_feed(2), UINT64_MAX, KeyMark::Origin::imported, ""},
                              KeyMark{some_feed(3), 7, KeyMark::Origin::released, "v2 m 1 2 3"}}) {
    ASSERT_TRUE(marks_.write("a", mark).ok());
    EXPECT_EQ(marks_.read("a").value(), mark);
    EXPECT_EQ(marks_.read("b").value(), std::nullopt);
  }
  EXPECT_FALSE(std::filesystem::exists(dir_ / "a.signed.part"));
}

TEST_F(KeyMarksTest, AnythingElseIsDamage) {
  ASSERT_TRUE(marks_.write("a", {some_feed(1), 12, KeyMark::Origin::here, "here"}).ok());
  const std::string sound = text();
  for (std::size_t size = 0; size < sound.size(); ++size) {
    put(sound.substr(0, size));
    EXPECT_EQ(marks_.read("a").error().code, Code::corrupt) << size;
  }
  const auto replaced = [&](const std::string& part, const std::string& by) {
    std::string changed = sound;
    changed.replace(changed.find(part), part.size(), by);
    return changed;
  };
  for (const std::string& wrong :
       {sound + "x\n", replaced("v1", "v2"), replaced("size 12", "size -1"), replaced("size 12", "size 12x"),
        replaced("size 12", "sizes12"), replaced("origin here", "origin there"), replaced("feed 01", "feed 0"),
        std::string(5000, 'x')}) {
    put(wrong);
    EXPECT_EQ(marks_.read("a").error().code, Code::corrupt) << wrong;
  }
  put(sound);
  EXPECT_TRUE(marks_.read("a").ok());
}

TEST_F(KeyMarksTest, WhatCannotBeWrittenIsAnError) {
  const KeyMarks nowhere(dir_ / "missing");
  EXPECT_EQ(nowhere.write("a", {}).error().code, Code::io);
  EXPECT_EQ(nowhere.read("a").value(), std::nullopt);
}

}  // namespace
}  // namespace shoal::node
