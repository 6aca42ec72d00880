#pragma once

#include "output.h"

#include <shoal/subscription.h>

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

namespace shoal::command {

/// The file of `--to`: it holds exactly the records before the durable cursor, whenever the process dies. The cursor's
/// note is the file's length; what a dead process wrote behind it is cut off on resuming.
///
/// Before the first commit no note exists, and a file with content might be anybody's: the first bytes go to
/// `FILE.first`, which takes FILE's name after the first commit.
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
  /// Writes out and syncs; gives the note to commit.
  [[nodiscard]] Result<std::string> settle();
  /// The note is durable: the file takes its name if it had not.
  [[nodiscard]] Result<void> committed();

 private:
  ExactFile(std::filesystem::path file, int fd, bool first);

  const std::filesystem::path file_;
  const int fd_;
  DataOutput out_;
  bool first_;
};

}  // namespace shoal::command
