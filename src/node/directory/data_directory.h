#pragma once

#include <shoal/result.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>

namespace shoal::node {

/// One data directory, held by one process. Layout: `lock`, `node.key`, `port`, `keys/NAME.key`, `own/` and `mirrored/`
/// (stores), `journal`, `reserve`, `forks/FEED.fork` once there is one.
class DataDirectory {
 public:
  /// Makes the directory (mode 0700) when it is missing, without taking its lock.
  [[nodiscard]] static Result<void> make(const std::filesystem::path& path);
  /// The same, and takes its lock. Code::in_use names the process that has it. Code::io for root
  /// in a directory of another user, who could not use what root leaves there.
  [[nodiscard]] static Result<std::unique_ptr<DataDirectory>> open(const std::filesystem::path& path);
  /// Gives the lock back.
  ~DataDirectory();
  DataDirectory(const DataDirectory&) = delete;
  DataDirectory& operator=(const DataDirectory&) = delete;

  [[nodiscard]] const std::filesystem::path& path() const { return path_; }
  /// It lies on a file system on which nobody can write: it was opened without a lock.
  [[nodiscard]] bool read_only() const { return lock_ < 0; }
  [[nodiscard]] std::filesystem::path node_key() const { return path_ / "node.key"; }
  [[nodiscard]] std::filesystem::path keys() const { return path_ / "keys"; }
  [[nodiscard]] std::filesystem::path own_store() const { return path_ / "own"; }
  [[nodiscard]] std::filesystem::path mirror_store() const { return path_ / "mirrored"; }
  [[nodiscard]] std::filesystem::path forks() const { return path_ / "forks"; }
  [[nodiscard]] std::filesystem::path reserve() const { return path_ / "reserve"; }
  [[nodiscard]] std::filesystem::path journal() const { return path_ / "journal"; }
  /// feed::MarkedFiles::stamp.
  [[nodiscard]] std::filesystem::path stamp() const { return path_ / "place"; }

  /// The port this directory listens on when the options name none; 0 before the first.
  [[nodiscard]] std::uint16_t remembered_port() const;
  void remember_port(std::uint16_t port) const;

  /// False once another directory, or none, lies at path(): what is written then is lost or somebody else's.
  [[nodiscard]] bool in_place() const;
  /// Bytes on disk of everything in the directory, as du counts.
  [[nodiscard]] std::uint64_t disk_bytes() const;

 private:
  DataDirectory(std::filesystem::path path, int lock) : path_(std::move(path)), lock_(lock) {}

  std::filesystem::path path_;
  int lock_;
};

}  // namespace shoal::node
