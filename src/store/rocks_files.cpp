#include "store/rocks_files.h"

#include <rocksdb/env.h>
#include <rocksdb/file_system.h>

#include <atomic>
#include <fstream>
#include <string>
#include <system_error>
#include <utility>

namespace shoal::store {
namespace {

using rocksdb::FileOptions;
using rocksdb::IODebugContext;
using rocksdb::IOOptions;
using rocksdb::IOStatus;

/// Whether a sync failed, in memory and as a file.
class Note {
 public:
  explicit Note(std::filesystem::path file) : file_(std::move(file)) {}

  IOStatus checked(IOStatus synced) {
    if (!synced.ok() && !failed_.exchange(true)) std::ofstream(file_) << synced.ToString() << "\n";
    return synced;
  }
  /// In this process.
  [[nodiscard]] bool failed() const { return failed_; }
  /// In an earlier one.
  [[nodiscard]] bool was_left() const {
    std::error_code unreadable;
    return std::filesystem::exists(file_, unreadable);
  }
  void clear() {
    std::error_code ignored;  // the log is written once more then
    std::filesystem::remove(file_, ignored);
    failed_ = false;
  }

 private:
  std::filesystem::path file_;
  std::atomic<bool> failed_ = false;
};

class File final : public rocksdb::FSWritableFileOwnerWrapper {
 public:
  File(std::unique_ptr<rocksdb::FSWritableFile> file, std::shared_ptr<Note> note)
      : FSWritableFileOwnerWrapper(std::move(file)), note_(std::move(note)) {}

  IOStatus Sync(const IOOptions& options, IODebugContext* debug) override {
    return note_->checked(FSWritableFileOwnerWrapper::Sync(options, debug));
  }
  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return note_->checked(FSWritableFileOwnerWrapper::Fsync(options, debug));
  }

 private:
  std::shared_ptr<Note> note_;
};

class Directory final : public rocksdb::FSDirectoryWrapper {
 public:
  Directory(std::unique_ptr<rocksdb::FSDirectory> directory, std::shared_ptr<Note> note)
      : FSDirectoryWrapper(std::move(directory)), note_(std::move(note)) {}

  IOStatus Fsync(const IOOptions& options, IODebugContext* debug) override {
    return note_->checked(FSDirectoryWrapper::Fsync(options, debug));
  }
  IOStatus FsyncWithDirOptions(const IOOptions& options, IODebugContext* debug,
                               const rocksdb::DirFsyncOptions& reason) override {
    return note_->checked(FSDirectoryWrapper::FsyncWithDirOptions(options, debug, reason));
  }

 private:
  std::shared_ptr<Note> note_;
};

}  // namespace

class RocksFiles::System final : public rocksdb::FileSystemWrapper {
 public:
  explicit System(const std::filesystem::path& directory)
      : FileSystemWrapper(rocksdb::FileSystem::Default()), note_(std::make_shared<Note>(directory / "UNSYNCED")) {}

  [[nodiscard]] const char* Name() const override { return "shoal.files"; }

  IOStatus NewWritableFile(const std::string& name, const FileOptions& options,
                           std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return watched(FileSystemWrapper::NewWritableFile(name, options, file, debug), file);
  }
  IOStatus ReopenWritableFile(const std::string& name, const FileOptions& options,
                              std::unique_ptr<rocksdb::FSWritableFile>* file, IODebugContext* debug) override {
    return watched(FileSystemWrapper::ReopenWritableFile(name, options, file, debug), file);
  }
  IOStatus NewDirectory(const std::string& name, const IOOptions& options,
                        std::unique_ptr<rocksdb::FSDirectory>* directory, IODebugContext* debug) override {
    IOStatus status = FileSystemWrapper::NewDirectory(name, options, directory, debug);
    if (status.ok()) *directory = std::make_unique<Directory>(std::move(*directory), note_);
    return status;
  }
  IOStatus DeleteFile(const std::string& name, const IOOptions& options, IODebugContext* debug) override {
    if (note_->failed()) return IOStatus::IOError(name, "kept, since a sync failed");
    return FileSystemWrapper::DeleteFile(name, options, debug);
  }

  [[nodiscard]] Note& note() const { return *note_; }

 private:
  IOStatus watched(IOStatus status, std::unique_ptr<rocksdb::FSWritableFile>* file) {
    if (status.ok()) *file = std::make_unique<File>(std::move(*file), note_);
    return status;
  }

  std::shared_ptr<Note> note_;  ///< of its files, too
};

RocksFiles::RocksFiles(const std::filesystem::path& directory)
    : system_(std::make_shared<System>(directory)), env_(rocksdb::NewCompositeEnv(system_)) {}
RocksFiles::~RocksFiles() = default;

rocksdb::Env* RocksFiles::env() const { return env_.get(); }
bool RocksFiles::sync_failed() const { return system_->note().failed() || system_->note().was_left(); }
void RocksFiles::forget_failed_sync() { system_->note().clear(); }

}  // namespace shoal::store
