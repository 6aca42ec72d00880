#include "node/directory/data_directory.h"

#include "node/node_testing.h"

#include <fstream>

namespace shoal::node {
namespace {

TEST(DataDirectory, CountsTheDiskAsDuDoes) {
  const testing::TempDir dir;
  const auto directory = testing::must(DataDirectory::open(dir / "data"));
  const std::uint64_t empty = directory->disk_bytes();
  std::filesystem::create_directories(dir / "data/own");
  const std::string content(200'000, 'x');
  std::ofstream(dir / "data/own/table") << content;
  const std::uint64_t one = directory->disk_bytes();
  EXPECT_GE(one, empty + content.size());
  EXPECT_LT(one, empty + content.size() + 50'000);
  std::filesystem::create_hard_link(dir / "data/own/table", dir / "data/own/new-1");
  EXPECT_EQ(directory->disk_bytes(), one) << "one file with two names";
  std::ofstream(dir / "data/own/other") << content;
  EXPECT_GE(directory->disk_bytes(), one + content.size());
}

TEST(DataDirectory, KnowsWhenItIsNotInItsPlace) {
  const testing::TempDir dir;
  const auto directory = testing::must(DataDirectory::open(dir / "data"));
  EXPECT_TRUE(directory->in_place());
  std::filesystem::rename(dir / "data", dir / "elsewhere");
  EXPECT_FALSE(directory->in_place());
  const auto other = testing::must(DataDirectory::open(dir / "data"));
  EXPECT_FALSE(directory->in_place()) << "another one lies there";
  EXPECT_TRUE(other->in_place());
  std::filesystem::remove_all(dir / "data");
  std::filesystem::rename(dir / "elsewhere", dir / "data");
  EXPECT_TRUE(directory->in_place());
  EXPECT_FALSE(other->in_place());
}

}  // namespace
}  // namespace shoal::node
