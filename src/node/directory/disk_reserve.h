#pragma once

#include <cstdint>
#include <filesystem>
#include <utility>

namespace shoal::node {

/// A file of a data directory that only takes room. It is given back when the disk is full and what is to be done needs
/// a little room to free much: opening the directory, removing a feed.
class DiskReserve {
 public:
  /// More than an opening and a removal write.
  static constexpr std::uint64_t kBytes = std::uint64_t{4} << 20;

  explicit DiskReserve(std::filesystem::path file) : file_(std::move(file)) {}

  /// Makes the file if it is missing: kBytes, at most a twentieth of the free room. Does nothing on a disk with less
  /// than a MiB to spare and on a file system that cannot reserve room.
  void keep() const;
  /// Gives the room back. True when there was some.
  bool release() const;

 private:
  std::filesystem::path file_;
};

}  // namespace shoal::node
