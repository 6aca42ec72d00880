#include "file_calls.h"

#include <fcntl.h>
#include <sys/sendfile.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <limits>
#include <string_view>
#include <system_error>
#include <utility>

// The functions of libc that the test program defines itself come before those of libc, for libraries too.
namespace shoal::store::testing {
namespace {

std::atomic<FileCalls*> watching = nullptr;

/// True when the call fails with errno, which stays as it is otherwise.
bool fails(const char* call, int file, std::size_t* size = nullptr) {
  FileCalls* const calls = watching;
  if (calls == nullptr) return false;
  std::error_code unknown;
  const std::filesystem::path path = std::filesystem::read_symlink("/proc/self/fd/" + std::to_string(file), unknown);
  const int failure = calls->asked(call, path, size);
  if (failure != 0) errno = failure;
  return failure != 0;
}

bool fails(const char* call, const char* path) {
  FileCalls* const calls = watching;
  const int failure = calls == nullptr ? 0 : calls->asked(call, path);
  if (failure != 0) errno = failure;
  return failure != 0;
}

}  // namespace

FileCalls::FileCalls(std::filesystem::path directory)
    : directory_(std::filesystem::canonical(directory)), most_(std::numeric_limits<std::size_t>::max()) {
  watching = this;
}
FileCalls::~FileCalls() { watching = nullptr; }

void FileCalls::fail(const std::string& call, int error, std::size_t times) {
  const std::lock_guard lock(mutex_);
  failures_[call] = {error, times};
}

void FileCalls::limit_bytes(std::size_t most) {
  const std::lock_guard lock(mutex_);
  most_ = most;
}

std::vector<std::string> FileCalls::made() {
  const std::lock_guard lock(mutex_);
  return made_;
}

int FileCalls::asked(const char* call, const std::string& path, std::size_t* size) {
  const std::filesystem::path file = std::filesystem::path(path).lexically_normal();
  const bool itself = file == directory_;
  if (!itself && file.parent_path() != directory_) return 0;
  const std::string name = std::string(call) + " " + (itself ? "." : file.filename().string());
  const std::lock_guard lock(mutex_);
  const bool listed = std::string_view(call) != "open" && (made_.empty() || made_.back() != name);
  if (listed) made_.push_back(name);
  if (size != nullptr) *size = std::min(*size, most_);
  for (const std::string& meant : {name, std::string(call) + " *" + file.extension().string()}) {
    const auto failure = failures_.find(meant);
    if (failure == failures_.end() || failure->second.times == 0) continue;
    --failure->second.times;
    return failure->second.error;
  }
  return 0;
}

}  // namespace shoal::store::testing

using shoal::store::testing::fails;

extern "C" {

int open(const char* path, int flags, ...) {
  mode_t mode = 0;
  if ((flags & O_CREAT) != 0 || (flags & O_TMPFILE) == O_TMPFILE) {
    va_list arguments;
    va_start(arguments, flags);
    mode = va_arg(arguments, mode_t);
    va_end(arguments);
  }
  if (fails("open", path)) return -1;
  return static_cast<int>(::syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}
ssize_t pread(int file, void* bytes, std::size_t size, off_t offset) {
  if (fails("pread", file, &size)) return -1;
  return ::syscall(SYS_pread64, file, bytes, size, offset);
}
ssize_t pwrite(int file, const void* bytes, std::size_t size, off_t offset) {
  if (fails("pwrite", file, &size)) return -1;
  return ::syscall(SYS_pwrite64, file, bytes, size, offset);
}
int fdatasync(int file) {
  if (fails("fdatasync", file)) return -1;
  return static_cast<int>(::syscall(SYS_fdatasync, file));
}
int fsync(int file) {
  if (fails("fsync", file)) return -1;
  return static_cast<int>(::syscall(SYS_fsync, file));
}
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wshadow"  // there is a struct of this name
int flock(int file, int operation) noexcept {
#pragma GCC diagnostic pop
  if (fails("flock", file)) return -1;
  return static_cast<int>(::syscall(SYS_flock, file, operation));
}
int fstat(int file, struct stat* about) noexcept {
  if (fails("fstat", file)) return -1;
  return static_cast<int>(::syscall(SYS_fstat, file, about));
}
int posix_fallocate(int file, off_t offset, off_t size) {
  const int before = errno;  // stays
  const bool failed = fails("posix_fallocate", file) || ::syscall(SYS_fallocate, file, 0, offset, size) != 0;
  return failed ? std::exchange(errno, before) : 0;
}
int rename(const char* from, const char* to) noexcept {
  if (fails("rename", to)) return -1;
  return static_cast<int>(::syscall(SYS_rename, from, to));
}
int link(const char* from, const char* to) noexcept {
  if (fails("link", to)) return -1;
  return static_cast<int>(::syscall(SYS_link, from, to));
}
ssize_t sendfile(int to, int from, off_t* offset, std::size_t size) noexcept {
  if (fails("sendfile", to)) return -1;
  return ::syscall(SYS_sendfile, to, from, offset, size);
}
ssize_t write(int file, const void* bytes, std::size_t size) {
  if (fails("write", file, &size)) return -1;
  return ::syscall(SYS_write, file, bytes, size);
}
}
