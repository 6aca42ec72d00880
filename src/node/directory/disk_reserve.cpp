#include "node/directory/disk_reserve.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <system_error>

namespace shoal::node {
namespace {

constexpr std::uint64_t kLeast = std::uint64_t{1} << 20;

}  // namespace

void DiskReserve::keep() const {
  std::error_code failure;
  if (std::filesystem::exists(file_, failure) || failure) return;
  const auto room = std::filesystem::space(file_.parent_path(), failure);
  const std::uint64_t bytes = failure ? 0 : std::min<std::uint64_t>(kBytes, room.available / 20);
  if (bytes < kLeast) return;
  const int file = ::open(file_.c_str(), O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, S_IRUSR | S_IWUSR);
  if (file < 0) return;
  // Not posix_fallocate(): it writes zeros where the file system cannot reserve room.
  const bool reserved = ::fallocate(file, 0, 0, static_cast<off_t>(bytes)) == 0;
  ::close(file);
  if (!reserved) std::filesystem::remove(file_, failure);
}

bool DiskReserve::release() const {
  std::error_code failure;
  return std::filesystem::remove(file_, failure);
}

}  // namespace shoal::node
