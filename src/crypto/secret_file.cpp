#include "crypto/secret_file.h"

#include "base/descriptor.h"
#include "base/try.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <sodium.h>

#include <algorithm>
#include <cerrno>
#include <string>
#include <system_error>
#include <utility>

namespace shoal::crypto {
namespace {

using base::Descriptor;

/// Removes a file by name unless that was done already.
class Unlinker {
 public:
  explicit Unlinker(std::string path) : path_(std::move(path)) {}
  ~Unlinker() { ::unlink(path_.c_str()); }
  Unlinker(const Unlinker&) = delete;
  Unlinker& operator=(const Unlinker&) = delete;

 private:
  std::string path_;
};

Error system_error(const std::string& what, const std::filesystem::path& path, int number) {
  const Code code = number == ENOSPC || number == EDQUOT ? Code::no_space : Code::io;
  const bool limit = number == EMFILE || number == ENFILE;
  return {code, what + " " + path.string() + ": " + std::generic_category().message(number),
          limit ? "raise the limit of open files (ulimit -n)" : ""};
}

std::filesystem::path directory_of(const std::filesystem::path& path) {
  return path.has_parent_path() ? path.parent_path() : std::filesystem::path(".");
}

Result<void> prepare_directory(const std::filesystem::path& directory) {
  struct stat status {};
  if (::stat(directory.c_str(), &status) != 0) {
    if (errno != ENOENT) return system_error("cannot use the directory", directory, errno);
    std::error_code ignored;  // mkdir below says what is wrong
    if (directory.has_parent_path()) std::filesystem::create_directories(directory.parent_path(), ignored);
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST) {
      return system_error("cannot create the directory", directory, errno);
    }
    if (::stat(directory.c_str(), &status) != 0) return system_error("cannot use the directory", directory, errno);
  }
  const bool others_write = (status.st_mode & (S_IWGRP | S_IWOTH)) != 0 && (status.st_mode & S_ISVTX) == 0;
  if (others_write) {
    return Error{Code::bad_key, "others may write to the key directory " + directory.string(),
                 "chmod go-w " + directory.string()};
  }
  return {};
}

Result<void> write_all(int file, ByteView content, const std::filesystem::path& path) {
  std::size_t done = 0;
  while (done < content.size()) {
    const ssize_t written = ::write(file, content.data() + done, content.size() - done);
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return system_error("cannot write the key file", path, errno);
    done += static_cast<std::size_t>(written);
  }
  if (::fsync(file) != 0) return system_error("cannot write the key file", path, errno);
  return {};
}

Result<void> sync_directory(const std::filesystem::path& directory) {
  const Descriptor handle(::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  if (!handle.is_open() || ::fsync(handle.get()) != 0) {
    return system_error("cannot sync the directory", directory, errno);
  }
  return {};
}

/// A name beside `path` that nobody can have chosen before.
std::string fresh_name(const std::filesystem::path& path) {
  init();
  return path.string() + "." + std::to_string(randombytes_random()) + ".new";
}

Result<void> check_access(const struct stat& status, const std::filesystem::path& path) {
  if (!S_ISREG(status.st_mode)) return Error{Code::bad_key, "the key file " + path.string() + " is no regular file"};
  if ((status.st_mode & (S_IRWXG | S_IRWXO)) != 0) {
    return Error{Code::bad_key, "others have access to the key file " + path.string(), "chmod 600 " + path.string()};
  }
  return {};
}

}  // namespace

Result<void> create_secret_file(const std::filesystem::path& path, const SecretBytes& content) {
  const std::filesystem::path directory = directory_of(path);
  SHOAL_CHECK(prepare_directory(directory));
  const std::string draft = fresh_name(path);
  const Descriptor file(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
  if (!file.is_open()) return system_error("cannot create the key file", path, errno);
  const Unlinker unlink_draft(draft);
  if (::fchmod(file.get(), 0600) != 0) return system_error("cannot protect the key file", path, errno);
  SHOAL_CHECK(write_all(file.get(), content.view(), path));
  // Unlike a rename, a link never replaces an existing file; it appears with all of its content or not at all.
  if (::link(draft.c_str(), path.c_str()) != 0) {
    if (errno == EEXIST) return Error{Code::already_exists, "the key file " + path.string() + " exists already"};
    return system_error("cannot create the key file", path, errno);
  }
  return sync_directory(directory);
}

Result<SecretBytes> read_secret_file(const std::filesystem::path& path, std::size_t limit) {
  // Non-blocking: opening a named pipe must not hang. The access is that of the open file, not of its name.
  const Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  if (!file.is_open()) {
    if (errno == ENOENT) return Error{Code::not_found, "there is no key file " + path.string()};
    if (errno == EACCES) return Error{Code::bad_key, "the key file " + path.string() + " may not be read"};
    return system_error("cannot read the key file", path, errno);
  }
  struct stat status {};
  if (::fstat(file.get(), &status) != 0) return system_error("cannot read the key file", path, errno);
  SHOAL_CHECK(check_access(status, path));
  SecretBytes buffer(limit + 1);
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(file.get(), buffer.mutable_view().data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return system_error("cannot read the key file", path, errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  if (size > limit) return Error{Code::bad_key, "the key file " + path.string() + " is too long for a key file"};
  SecretBytes content(size);
  std::copy(buffer.view().begin(), buffer.view().begin() + static_cast<std::ptrdiff_t>(size),
            content.mutable_view().begin());
  return content;
}

}  // namespace shoal::crypto
