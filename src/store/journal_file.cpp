#include "store/journal_file.h"

#include "base/descriptor.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <filesystem>
#include <system_error>
#include <utility>

namespace shoal::store {
namespace {

/// Longer files are no journals; their beginning tells that.
constexpr std::uint64_t kMostRead = std::uint64_t{16} << 20;

Error failed(std::string_view doing, const std::string& path) {
  const int reason = errno;
  const Code code = reason == ENOSPC || reason == EDQUOT || reason == EFBIG ? Code::no_space : Code::io;
  return Error{code,
               "journal: cannot " + std::string(doing) + " " + path + ": " + std::system_category().message(reason),
               reason == EFBIG          ? "raise the limit of a file's size (ulimit -f)"
               : code == Code::no_space ? "free some space"
                                        : ""};
}

using base::Descriptor;

class PosixJournalFile final : public JournalFile {
 public:
  PosixJournalFile(std::string path, Descriptor file) : path_(std::move(path)), file_(std::move(file)) {}

  [[nodiscard]] Result<void> read(std::uint64_t offset, std::span<std::uint8_t> out) const override {
    while (!out.empty()) {
      const ssize_t got = ::pread(file_.get(), out.data(), out.size(), static_cast<off_t>(offset));
      if (got < 0 && errno == EINTR) continue;
      if (got < 0) return failed("read", path_);
      if (got == 0) return Error{Code::corrupt, "journal: " + path_ + " ends too early"};
      out = out.subspan(static_cast<std::size_t>(got));
      offset += static_cast<std::uint64_t>(got);
    }
    return {};
  }

  [[nodiscard]] Result<void> write(std::uint64_t offset, ByteView bytes) override {
    while (!bytes.empty()) {
      const ssize_t put = ::pwrite(file_.get(), bytes.data(), bytes.size(), static_cast<off_t>(offset));
      if (put < 0 && errno == EINTR) continue;
      if (put <= 0) return failed("write", path_);
      bytes = bytes.subspan(static_cast<std::size_t>(put));
      offset += static_cast<std::uint64_t>(put);
    }
    return {};
  }

  [[nodiscard]] Result<void> sync() override {
    // No retry, not even after EINTR: the kernel may have dropped the dirty pages with the error.
    if (::fdatasync(file_.get()) != 0) return failed("sync", path_);
    return {};
  }

  [[nodiscard]] Result<std::uint64_t> size() const override {
    struct stat about {};
    if (::fstat(file_.get(), &about) != 0) return failed("stat", path_);
    return static_cast<std::uint64_t>(about.st_size);
  }

 private:
  std::string path_;
  Descriptor file_;
};

Result<void> sync_directory_of(const std::string& path) {
  const std::filesystem::path parent = std::filesystem::path(path).parent_path();
  const std::string name = parent.empty() ? "." : parent.string();
  const Descriptor directory(::open(name.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (directory.get() < 0 || ::fsync(directory.get()) != 0) return failed("sync the directory of", path);
  return {};
}

}  // namespace

Result<std::unique_ptr<JournalFile>> open_journal_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDWR | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return Error{Code::not_found, "journal: there is no " + path};
  if (file.get() < 0) return failed("open", path);
  if (::flock(file.get(), LOCK_EX | LOCK_NB) != 0) {
    if (errno == EWOULDBLOCK) return Error{Code::in_use, "journal: another process has " + path + " open"};
    return failed("lock", path);
  }
  // Without read-ahead the file is cached in pages. Linux caches what is read or written in large pieces in large
  // folios, and walks through the whole of one for each small write into it. Advice: that it is not taken is no
  // failure.
  ::posix_fadvise(file.get(), 0, 0, POSIX_FADV_RANDOM);
  return std::unique_ptr<JournalFile>(std::make_unique<PosixJournalFile>(path, std::move(file)));
}

Result<Bytes> read_journal_file(const std::string& path) {
  Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOFOLLOW));
  if (file.get() < 0 && errno == ENOENT) return Error{Code::not_found, "journal: there is no " + path};
  if (file.get() < 0) return failed("open", path);
  const PosixJournalFile opened(path, std::move(file));
  SHOAL_TRY(const std::uint64_t size, opened.size());
  Bytes bytes(std::min<std::uint64_t>(size, kMostRead));
  SHOAL_CHECK(opened.read(0, bytes));
  return bytes;
}

Result<void> create_journal_file(const std::string& path, ByteView content) {
  const std::string unfinished = path + ".new";
  if (::unlink(unfinished.c_str()) != 0 && errno != ENOENT) return failed("remove", unfinished);
  Descriptor file(::open(unfinished.c_str(), O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC, S_IRUSR | S_IWUSR));
  if (file.get() < 0) return failed("create", unfinished);
  // Room first, so that a full disk is noticed here and never in a commit; then real bytes, because the first write
  // into merely reserved room changes metadata and makes its sync slower.
  if (const int reason = ::posix_fallocate(file.get(), 0, static_cast<off_t>(content.size())); reason != 0) {
    errno = reason;
    return failed("reserve room for", unfinished);
  }
  const int descriptor = file.get();
  PosixJournalFile whole(unfinished, std::move(file));
  SHOAL_CHECK(whole.write(0, content));
  if (::fsync(descriptor) != 0) return failed("sync", unfinished);
  // Written in one piece. The next open reads it into the cache again, as open_journal_file() wants it.
  ::posix_fadvise(descriptor, 0, 0, POSIX_FADV_DONTNEED);
  if (::rename(unfinished.c_str(), path.c_str()) != 0) return failed("rename", unfinished);
  // A change of name sets the time of change alone. Feeds take a journal with two times for one that was restored.
  SHOAL_CHECK(whole.write(0, content.first(std::min<std::size_t>(content.size(), 1))));
  if (::fsync(descriptor) != 0) return failed("sync", path);
  return sync_directory_of(path);
}

}  // namespace shoal::store
