#include "node/directory/disk_reserve.h"

#include "node/node_testing.h"

#include <sys/stat.h>

#include <fstream>

namespace shoal::node {
namespace {

TEST(DiskReserve, TakesItsRoomOnceAndGivesItBack) {
  const testing::TempDir dir;
  const std::filesystem::path file = dir / "reserve";
  const DiskReserve reserve(file);
  EXPECT_FALSE(reserve.release());
  reserve.keep();
  reserve.keep();
  struct stat about {};
  ASSERT_EQ(::stat(file.c_str(), &about), 0);
  EXPECT_EQ(static_cast<std::uint64_t>(about.st_blocks) * 512, DiskReserve::kBytes) << "allocated, not sparse";
  EXPECT_EQ(about.st_mode & 0777U, 0600U);
  EXPECT_TRUE(reserve.release());
  EXPECT_FALSE(std::filesystem::exists(file));
}

TEST(DiskReserve, WhatIsThereIsNotTouched) {
  const testing::TempDir dir;
  std::ofstream(dir / "reserve") << "x";
  DiskReserve(dir / "reserve").keep();
  EXPECT_EQ(std::filesystem::file_size(dir / "reserve"), 1U);
}

TEST(DiskReserve, NothingIsMadeWhereNothingCanBe) {
  const testing::TempDir dir;
  DiskReserve(dir / "missing/reserve").keep();
  EXPECT_FALSE(std::filesystem::exists(dir / "missing"));
}

}  // namespace
}  // namespace shoal::node
