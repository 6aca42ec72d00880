#include "feed/format/directory_marker.h"

#include "base/try.h"

#include <sys/stat.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace shoal::feed {
namespace {

Result<std::string> inode_of(const std::filesystem::path& path) {
  struct stat info {};
  if (::stat(path.c_str(), &info) != 0) {
    return Error{Code::io, "cannot look at " + path.string() + ": " + std::strerror(errno)};
  }
  // Device numbers may change at a reboot, so they are left out: inode and machine are enough.
  return std::to_string(info.st_ino);
}

std::string machine_id() {
  std::ifstream file("/etc/machine-id");
  std::string id;
  std::getline(file, id);
  return id;
}

}  // namespace

Result<std::string> directory_marker(const std::filesystem::path& directory, const std::filesystem::path& journal) {
  SHOAL_TRY(const std::string directory_inode, inode_of(directory));
  SHOAL_TRY(const std::string journal_inode, inode_of(journal));
  return "v1 " + machine_id() + " " + directory_inode + " " + journal_inode;
}

}  // namespace shoal::feed
