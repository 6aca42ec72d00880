#pragma once

#include "doors/http/file_descriptor.h"

#include <shoal/result.h>
#include <shoal/wait.h>

#include <filesystem>

/// The socket of a data directory (docs/API.md, "The socket"; its place: node/api/socket_path.h). Descriptors are made
/// non-blocking and close-on-exec.
namespace shoal::doors {

/// Listens at `path` with mode 0600, in the place of a socket of the same user. The caller holds the directory's lock:
/// what is there is left from a process that died. Code::in_use for a socket of another user or a file that is no
/// socket, which stay; Code::io.
[[nodiscard]] Result<FileDescriptor> listen_unix(const std::filesystem::path& path);

/// Connects and checks the other end: the same user or root; for root also the user that the socket belongs to.
/// Code::bad_key for anybody else, Code::unavailable when nobody listens, Code::timed_out when the listener takes
/// nobody, Code::cancelled, Code::io.
[[nodiscard]] Result<FileDescriptor> connect_unix(const std::filesystem::path& path, const Wait& wait);

/// Code::bad_key unless the process at the other end runs as the same user or as root (SO_PEERCRED).
[[nodiscard]] Result<void> check_peer_user(int descriptor);

}  // namespace shoal::doors
