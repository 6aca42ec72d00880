#include "node/directory/data_directory.h"

#include "base/try.h"

#include <fcntl.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <fstream>
#include <set>
#include <utility>

namespace shoal::node {
namespace {

Error system_error(const std::string& what, const std::filesystem::path& path) {
  const int error = errno;
  const bool full = error == ENOSPC || error == EDQUOT;
  return {full ? Code::no_space : Code::io, what + " " + path.string() + ": " + std::strerror(error),
          full ? "free some space" : "choose another directory with --data DIR"};
}

std::string holder_of(int lock) {
  char text[32] = {};
  const ssize_t size = pread(lock, text, sizeof text - 1, 0);
  std::string pid(text, size > 0 ? static_cast<std::size_t>(size) : 0);
  while (!pid.empty() && pid.back() == '\n') pid.pop_back();
  return pid.empty() ? "another process" : "process " + pid;
}

/// Whether root is about to work in a directory of somebody else.
bool is_root_in_foreign(const std::filesystem::path& path) {
  struct stat found {};
  return ::geteuid() == 0 && ::stat(path.c_str(), &found) == 0 && found.st_uid != 0;
}

Error root_in_foreign(const std::filesystem::path& path) {
  return {
      Code::io, "root would leave files in " + path.string() + " that its owner cannot use",
      "start the owner's node, which root may then use (systemctl start shoal-node), or run the command as the owner"};
}

}  // namespace

Result<void> DataDirectory::make(const std::filesystem::path& path) {
  std::error_code failed;
  std::filesystem::create_directories(path.parent_path(), failed);
  if (mkdir(path.c_str(), 0700) != 0 && errno != EEXIST) return system_error("cannot make the directory", path);
  return {};
}

Result<std::unique_ptr<DataDirectory>> DataDirectory::open(const std::filesystem::path& path) {
  SHOAL_CHECK(make(path));
  // Such a directory's node may be used (Code::in_use leads there), the directory itself not.
  const bool foreign = is_root_in_foreign(path);
  const std::filesystem::path lock_path = path / "lock";
  const int lock = ::open(lock_path.c_str(), O_RDWR | (foreign ? 0 : O_CREAT) | O_CLOEXEC, 0600);
  if (lock < 0 && errno == EROFS) return std::unique_ptr<DataDirectory>(new DataDirectory(path, -1));
  if (lock < 0 && foreign) return root_in_foreign(path);
  if (lock < 0) return system_error("cannot open", lock_path);
  if (flock(lock, LOCK_EX | LOCK_NB) != 0) {
    Error error{Code::in_use, "the data directory " + path.string() + " is in use by " + holder_of(lock),
                "stop that process, or use another directory with --data DIR"};
    ::close(lock);
    return error;
  }
  if (foreign) {
    ::close(lock);
    return root_in_foreign(path);
  }
  const std::string pid = std::to_string(getpid()) + "\n";
  const bool written =
      ftruncate(lock, 0) == 0 && pwrite(lock, pid.data(), pid.size(), 0) == static_cast<ssize_t>(pid.size());
  // The lock itself needs no room; others name "another process" then.
  if (!written && errno != ENOSPC && errno != EDQUOT) {
    Error error = system_error("cannot write", lock_path);
    ::close(lock);
    return error;
  }
  return std::unique_ptr<DataDirectory>(new DataDirectory(path, lock));
}

DataDirectory::~DataDirectory() {
  if (lock_ >= 0) ::close(lock_);
}

std::uint16_t DataDirectory::remembered_port() const {
  std::ifstream file(path_ / "port");
  unsigned port = 0;
  file >> port;
  return port < 65536 ? static_cast<std::uint16_t>(port) : std::uint16_t{0};
}

void DataDirectory::remember_port(std::uint16_t port) const { std::ofstream(path_ / "port") << port << "\n"; }

bool DataDirectory::in_place() const {
  struct stat held {};
  struct stat found {};
  if (lock_ < 0 || fstat(lock_, &held) != 0) return true;
  return lstat((path_ / "lock").c_str(), &found) == 0 && found.st_dev == held.st_dev && found.st_ino == held.st_ino;
}

std::uint64_t DataDirectory::disk_bytes() const {
  std::uint64_t bytes = 0;
  std::set<std::pair<dev_t, ino_t>> linked;  // a table has two names while it is added to a store
  std::error_code failed;
  for (auto entry = std::filesystem::recursive_directory_iterator(path_, failed);
       !failed && entry != std::filesystem::recursive_directory_iterator(); entry.increment(failed)) {
    struct stat info {};
    if (lstat(entry->path().c_str(), &info) != 0) continue;
    const bool counted = info.st_nlink > 1 && S_ISREG(info.st_mode) && !linked.emplace(info.st_dev, info.st_ino).second;
    if (!counted) bytes += static_cast<std::uint64_t>(info.st_blocks) * 512;
  }
  return bytes;
}

}  // namespace shoal::node
