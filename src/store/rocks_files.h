#pragma once

#include <filesystem>
#include <memory>

namespace rocksdb {
class Env;
}  // namespace rocksdb

namespace shoal::store {

/// The file system as a RocksDB store uses it. Thread-safe. After a failed sync
///   - nothing is deleted: RocksDB deletes a table whose entry in its manifest could not be synced; the entry may reach
///     the disk all the same, and a store that names a missing table cannot be opened;
///   - a note lies in the directory, until forget_failed_sync(): the system may show what the disk never got, and count
///     it as written, so the next start has to write its log anew. A power cut takes the note only with the rest.
class RocksFiles {
 public:
  /// `directory` is the store's.
  explicit RocksFiles(const std::filesystem::path& directory);
  ~RocksFiles();
  RocksFiles(const RocksFiles&) = delete;
  RocksFiles& operator=(const RocksFiles&) = delete;

  /// For rocksdb::DBOptions::env. Lives as long as this.
  [[nodiscard]] rocksdb::Env* env() const;
  /// A sync failed in this process or in an earlier one.
  [[nodiscard]] bool sync_failed() const;
  /// A new manifest and what was in the log have been written and synced since.
  void forget_failed_sync();

 private:
  class System;
  std::shared_ptr<System> system_;
  std::unique_ptr<rocksdb::Env> env_;
};

}  // namespace shoal::store
