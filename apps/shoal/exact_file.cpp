#include "exact_file.h"

#include "base/try.h"
#include "text/units.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstdio>
#include <cstring>

namespace shoal::command {
namespace {

constexpr std::string_view kNotePrefix = "length ";

Error failed(const std::string& what, const std::filesystem::path& file) {
  const Code code = errno == ENOSPC || errno == EDQUOT ? Code::no_space : Code::io;
  return Error{code, "cannot " + what + " " + file.string() + ": " + std::strerror(errno), ""};
}

std::filesystem::path first_name(const std::filesystem::path& file) { return file.string() + ".first"; }

/// -1 when there is no such file.
std::int64_t size_of(const std::filesystem::path& file) {
  struct stat info {};
  return ::stat(file.c_str(), &info) == 0 ? info.st_size : -1;
}

Result<void> sync_folder(const std::filesystem::path& file) {
  const std::filesystem::path folder = file.has_parent_path() ? file.parent_path() : std::filesystem::path(".");
  const int fd = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0) return failed("open", folder);
  const bool synced = ::fsync(fd) == 0;
  ::close(fd);
  return synced ? Result<void>() : failed("sync", folder);
}

Result<void> take_name(const std::filesystem::path& file) {
  if (std::rename(first_name(file).c_str(), file.c_str()) != 0) return failed("rename to", file);
  return sync_folder(file);
}

/// The file up to `length`, from where it was left.
Result<int> open_at(const std::filesystem::path& file, std::int64_t length) {
  // The process was killed between the first commit and the rename.
  if (size_of(file) < length && size_of(first_name(file)) >= length) SHOAL_CHECK(take_name(file));
  if (size_of(file) < length) {
    return Error{Code::corrupt, file.string() + " is shorter than the cursor's " + std::to_string(length) + " bytes",
                 "bring the file back, or use a new file and a new cursor"};
  }
  const int fd = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (fd < 0) return failed("open", file);
  if (::ftruncate(fd, length) != 0 || ::lseek(fd, length, SEEK_SET) != length) {
    const Error error = failed("cut", file);
    ::close(fd);
    return error;
  }
  return fd;
}

/// Starts anew: there is no file, or an empty one.
Result<int> open_first(const std::filesystem::path& file) {
  if (size_of(file) > 0) {
    return Error{Code::already_exists, file.string() + " has content, and the cursor has no position in it",
                 "name a new file, or empty this one"};
  }
  const int empty = ::open(file.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
  if (empty < 0) return failed("open", file);
  ::close(empty);
  const int fd = ::open(first_name(file).c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (fd < 0) return failed("open", first_name(file));
  return fd;
}

Result<std::int64_t> length_of(const StoredCursor& stored) {
  const std::string_view note = stored.note;
  if (note.starts_with(kNotePrefix)) {
    if (auto length = parse_integer(note.substr(kNotePrefix.size()), 0)) return length;
  }
  return Error{Code::invalid_argument, "this cursor was not moved with --to", "use another --cursor NAME"};
}

}  // namespace

ExactFile::ExactFile(std::filesystem::path file, int fd, bool first)
    : file_(std::move(file)), fd_(fd), out_(fd), first_(first) {}

ExactFile::~ExactFile() {
  ::close(fd_);
  if (first_) std::remove(first_name(file_).c_str());
}

Result<std::unique_ptr<ExactFile>> ExactFile::open(const std::filesystem::path& file,
                                                   const std::optional<StoredCursor>& stored) {
  int fd = -1;
  if (stored) {
    SHOAL_TRY(const std::int64_t length, length_of(*stored));
    SHOAL_TRY(fd, open_at(file, length));
  } else {
    SHOAL_TRY(fd, open_first(file));
  }
  return std::unique_ptr<ExactFile>(new ExactFile(file, fd, !stored));
}

Result<std::string> ExactFile::settle() {
  SHOAL_CHECK(out_.flush());
  if (::fdatasync(fd_) != 0) return failed("sync", file_);
  const off_t length = ::lseek(fd_, 0, SEEK_CUR);
  if (length < 0) return failed("measure", file_);
  return std::string(kNotePrefix) + std::to_string(length);
}

Result<void> ExactFile::committed() {
  if (!first_) return {};
  SHOAL_CHECK(take_name(file_));
  first_ = false;
  return {};
}

}  // namespace shoal::command
