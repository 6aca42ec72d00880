#include "byte_source.h"

#include "base/try.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/stat.h>
#include <unistd.h>
#include <cerrno>
#include <cstring>

namespace shoal::command {

namespace {

Error cannot_open(const std::string& path) {
  return Error{errno == ENOENT ? Code::not_found : Code::io, "cannot open " + path + ": " + std::strerror(errno), ""};
}

}  // namespace

Result<void> FdSource::check(const std::string& path) {
  if (path == "-") return {};
  struct stat info {};
  if (::access(path.c_str(), R_OK) != 0 || ::stat(path.c_str(), &info) != 0) return cannot_open(path);
  if (S_ISDIR(info.st_mode)) return Error{Code::io, path + " is a directory", "name its files"};
  return {};
}

std::optional<std::uint64_t> FdSource::size_of(const std::vector<std::string>& paths) {
  std::uint64_t size = 0;
  for (const std::string& path : paths) {
    struct stat info {};
    if (path == "-" || ::stat(path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) return std::nullopt;
    size += static_cast<std::uint64_t>(info.st_size);
  }
  return size;
}

Result<FdSource> FdSource::open(const std::string& path, int stop_fd) {
  if (path == "-") return FdSource(STDIN_FILENO, false, stop_fd);
  SHOAL_CHECK(check(path));
  // Opening a named pipe without a writer would block here and ignore signals; read() waits for both.
  const int fd = ::open(path.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  if (fd < 0) return cannot_open(path);
  return FdSource(fd, true, stop_fd);
}

FdSource::FdSource(FdSource&& other) noexcept
    : fd_(other.fd_), owned_(other.owned_), stop_fd_(other.stop_fd_), taken_(other.taken_) {
  other.owned_ = false;
}

FdSource::~FdSource() {
  if (owned_) ::close(fd_);
}

Result<std::size_t> FdSource::read(std::span<std::uint8_t> into) {
  while (true) {
    pollfd waits[2] = {{fd_, POLLIN, 0}, {stop_fd_, POLLIN, 0}};
    if (::poll(waits, stop_fd_ < 0 ? 1 : 2, -1) < 0) {
      if (errno == EINTR) continue;
      return Error{Code::io, std::string("cannot wait for input: ") + std::strerror(errno), ""};
    }
    if (stop_fd_ >= 0 && waits[1].revents != 0) return Error{Code::cancelled, "interrupted", ""};
    if ((waits[0].revents & POLLNVAL) != 0) return Error{Code::io, "the input is closed", ""};
    const ssize_t got = ::read(fd_, into.data(), into.size());
    if (got >= 0) {
      taken_ += static_cast<std::uint64_t>(got);
      return static_cast<std::size_t>(got);
    }
    if (errno != EINTR && errno != EAGAIN) {
      return Error{Code::io, std::string("cannot read the input: ") + std::strerror(errno), ""};
    }
  }
}

}  // namespace shoal::command
