#pragma once

#include "crypto/keys.h"

#include <cstddef>
#include <filesystem>

/// Files that only their owner may read. The content never passes through unguarded memory here.
namespace shoal::crypto {

/// Creates `path` with mode 0600 and syncs it and its directory, which is created with mode 0700 when it is missing.
/// After a crash `path` has all of the content or does not exist. Code::already_exists never overwrites;
/// Code::bad_key when others may write to an existing directory (they could exchange the file); Code::no_space and
/// Code::io.
[[nodiscard]] Result<void> create_secret_file(const std::filesystem::path& path, const SecretBytes& content);

/// The whole file, at most `limit` bytes. Code::not_found; Code::bad_key when group or others have any access (the
/// hint names chmod), when it is no regular file, when it may not be read, or when it is longer than `limit`; Code::io.
[[nodiscard]] Result<SecretBytes> read_secret_file(const std::filesystem::path& path, std::size_t limit);

}  // namespace shoal::crypto
