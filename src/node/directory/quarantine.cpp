#include "node/directory/quarantine.h"

#include <fcntl.h>
#include <unistd.h>

#include <string>
#include <system_error>

namespace shoal::node {
namespace {

Error failed(const std::filesystem::path& damaged, const std::string& why) {
  return Error{Code::io, "cannot put the damaged " + damaged.string() + " aside: " + why,
               "move it out of the data directory by hand"};
}

/// A power cut must not bring the damaged one back in the place of the new one.
bool sync_directory(const std::filesystem::path& directory) {
  const int handle = ::open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  if (handle < 0) return false;
  const bool synced = ::fsync(handle) == 0;
  ::close(handle);
  return synced;
}

}  // namespace

Result<std::filesystem::path> set_aside(const std::filesystem::path& damaged) {
  for (unsigned n = 1;; ++n) {
    const std::filesystem::path aside = damaged.string() + ".damaged-" + std::to_string(n);
    std::error_code failure;
    // status() of a dangling link is not_found too; a data directory has none.
    if (std::filesystem::exists(aside, failure)) continue;
    if (!failure) std::filesystem::rename(damaged, aside, failure);
    if (failure) return failed(damaged, failure.message());
    if (!sync_directory(damaged.parent_path())) return failed(damaged, "its directory cannot be synced");
    return aside;
  }
}

}  // namespace shoal::node
