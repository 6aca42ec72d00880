#pragma once

#include "output.h"

#include <shoal/subscription.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace shoal::command {

/// The file of `--to`: it holds exactly the records before the durable cursor, whenever the process dies. The note of
/// the cursor is the length of the file; on resuming, bytes after that length are cut off.
///
/// Before the first commit there is no note, and a file with content may belong to something else: the first bytes go
/// to `FILE.first`, which is renamed to FILE after the first commit.
class ExactFile {
 public:
  /// `stored` is the durable cursor. Code::already_exists for a file with content and no cursor, Code::corrupt when
  /// FILE is shorter than the cursor says, Code::io.
  [[nodiscard]] static Result<std::unique_ptr<ExactFile>> open(const std::filesystem::path& file,
                                                               const std::optional<StoredCursor>& stored);
  ~ExactFile();
  ExactFile(const ExactFile&) = delete;
  ExactFile& operator=(const ExactFile&) = delete;

  [[nodiscard]] DataOutput& out() { return out_; }
  /// Writes and syncs; returns the note to commit.
  [[nodiscard]] Result<std::string> settle();
  /// Call it once the note is durable: renames the file if it was not yet.
  [[nodiscard]] Result<void> committed();

 private:
  ExactFile(std::filesystem::path file, int fd, bool first);

  const std::filesystem::path file_;
  const int fd_;
  DataOutput out_;
  bool first_;
};

}  // namespace shoal::command
