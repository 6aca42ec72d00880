#include "node/api/socket_path.h"

#include "crypto/hash.h"

#include <sys/un.h>
#include <unistd.h>

#include <cstdint>
#include <cstdlib>
#include <string>
#include <system_error>

namespace shoal::node {
namespace {

/// Longest path of a socket address in bytes, without the final zero.
constexpr std::size_t kMaxPath = sizeof(sockaddr_un::sun_path) - 1;

}  // namespace

Result<std::filesystem::path> socket_path(const std::filesystem::path& data_dir) {
  std::error_code failed;
  auto directory = std::filesystem::weakly_canonical(std::filesystem::absolute(data_dir, failed), failed);
  if (failed) return Error{Code::io, "cannot find " + data_dir.string() + ": " + failed.message()};
  // `DIR/` and `DIR` are the same directory.
  if (!directory.has_filename()) directory = directory.parent_path();
  auto path = directory / "node.sock";
  if (path.string().size() <= kMaxPath) return path;
  const char* runtime = std::getenv("XDG_RUNTIME_DIR");
  if (runtime != nullptr && *runtime == '/') {
    const std::string text = directory.string();
    const auto* begin = reinterpret_cast<const std::uint8_t*>(text.data());
    const std::string digits = crypto::sha256(ByteView(begin, text.size())).hex().substr(0, 16);
    path = std::filesystem::path(runtime) / ("shoal-" + digits + ".sock");
    if (path.string().size() <= kMaxPath) return path;
  }
  return Error{Code::invalid_argument,
               "the path of " + directory.string() + " is too long for a socket (" + std::to_string(kMaxPath) +
                   " bytes with /node.sock), and XDG_RUNTIME_DIR names no shorter place",
               "use a shorter data directory, or set XDG_RUNTIME_DIR to a directory of your own such as /run/user/" +
                   std::to_string(::geteuid())};
}

}  // namespace shoal::node
