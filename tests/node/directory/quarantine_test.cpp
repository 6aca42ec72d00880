#include "node/directory/quarantine.h"

#include "node/node_testing.h"

#include <filesystem>
#include <fstream>
#include <iterator>

namespace shoal::node {
namespace {

using testing::code_of;
using testing::must;
using testing::TempDir;

void put(const std::filesystem::path& path, const std::string& text) { std::ofstream(path) << text; }

std::string content(const std::filesystem::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Quarantine, EachGetsAPlaceOfItsOwn) {
  const TempDir dir;
  put(dir / "journal", "first");
  EXPECT_EQ(must(set_aside(dir / "journal")), dir / "journal.damaged-1");
  put(dir / "journal", "second");
  EXPECT_EQ(must(set_aside(dir / "journal")), dir / "journal.damaged-2");
  EXPECT_FALSE(std::filesystem::exists(dir / "journal"));
  EXPECT_EQ(content(dir / "journal.damaged-1"), "first");
  EXPECT_EQ(content(dir / "journal.damaged-2"), "second");
}

TEST(Quarantine, ADirectoryGoesWithWhatIsInIt) {
  const TempDir dir;
  std::filesystem::create_directory(dir / "mirrored");
  put(dir / "mirrored/CURRENT", "x");
  EXPECT_EQ(must(set_aside(dir / "mirrored")), dir / "mirrored.damaged-1");
  EXPECT_EQ(content(dir / "mirrored.damaged-1/CURRENT"), "x");
}

TEST(Quarantine, WhatCannotBeMovedIsNamed) {
  const TempDir dir;
  const auto moved = set_aside(dir / "absent");
  ASSERT_EQ(code_of(moved), Code::io);
  EXPECT_NE(moved.error().message.find((dir / "absent").string()), std::string::npos) << moved.error().message;
  EXPECT_FALSE(moved.error().hint.empty());
}

TEST(Quarantine, APlaceThatCannotBeLookedAtIsNamed) {
  const TempDir dir;
  const std::string longest(250, 'x');  // with the ending it is too long for a name
  put(dir / longest, "x");
  const auto moved = set_aside(dir / longest);
  ASSERT_EQ(code_of(moved), Code::io);
  EXPECT_EQ(content(dir / longest), "x");
}

TEST(Quarantine, WhatIsNotDurableIsAnError) {
  const TempDir dir;
  put(dir / "journal", "x");
  const auto before = std::filesystem::current_path();
  std::filesystem::current_path(dir / ".");
  const auto moved = set_aside("journal");  // a name without a directory that could be synced
  std::filesystem::current_path(before);
  ASSERT_EQ(code_of(moved), Code::io);
  EXPECT_NE(moved.error().message.find("cannot be synced"), std::string::npos) << moved.error().message;
}

TEST(Quarantine, NoFileStaysOpen) {
  const TempDir dir;
  const auto opened = [] {
    const std::filesystem::directory_iterator all("/proc/self/fd");
    return std::distance(begin(all), end(all));
  };
  const auto before = opened();
  put(dir / "journal", "x");
  must(set_aside(dir / "journal"));
  EXPECT_EQ(opened(), before);
}

}  // namespace
}  // namespace shoal::node
