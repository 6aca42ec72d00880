#pragma once

#include "doors/http/file_descriptor.h"

#include <shoal/result.h>
#include <shoal/wait.h>

#include <filesystem>

/// The socket of a data directory (docs/API.md, "The socket"; its place: node/api/socket_path.h). Descriptors are
/// non-blocking and close-on-exec.
namespace shoal::doors {

/// Listens at `path` with mode 0600. Replaces a socket of the same user: the caller holds the lock of the data
/// directory, so that an old socket was left by a process that died. Code::in_use for a socket of another user or a
/// file that is no socket; neither is removed. Code::io.
[[nodiscard]] Result<FileDescriptor> listen_unix(const std::filesystem::path& path);

/// Connects and checks that the other end runs as the same user or as root; root may also connect to the user who owns
/// the socket. Code::bad_key for another user, Code::unavailable when no process listens, Code::timed_out when the
/// listener accepts no connection, Code::cancelled, Code::io.
[[nodiscard]] Result<FileDescriptor> connect_unix(const std::filesystem::path& path, const Wait& wait);

/// Code::bad_key unless the process at the other end runs as the same user or as root (SO_PEERCRED).
[[nodiscard]] Result<void> check_peer_user(int descriptor);

}  // namespace shoal::doors
