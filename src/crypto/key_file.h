#pragma once

#include "crypto/keys.h"

#include <filesystem>
#include <optional>

namespace shoal::crypto {

/// Key files (docs/FORMAT.md, "Key file"): text, mode 0600, in a directory of mode 0700; the seed is in clear, or
/// sealed under a passphrase (Argon2id, ChaCha20-Poly1305).
///
/// Writes a new file and syncs it and its directory; Code::already_exists never overwrites.
[[nodiscard]] Result<void> write_key_file(const std::filesystem::path& path, const KeyPair& key,
                                          const std::optional<SecretBytes>& passphrase);

/// Code::bad_key when others may read the file (the hint names chmod), when it is malformed, or when the passphrase
/// is missing or wrong; Code::not_found when there is no file.
[[nodiscard]] Result<KeyPair> read_key_file(const std::filesystem::path& path,
                                            const std::optional<SecretBytes>& passphrase);

/// True when the file can be read and is no key file any more: bytes were lost or changed. A sealed one counts as sound
/// when its text is.
[[nodiscard]] bool is_damaged_key_file(const std::filesystem::path& path);

struct KeyFileInfo {
  PublicKey key;
  bool sealed = false;  ///< the secret needs a passphrase
};
/// What the file says without a passphrase; the same errors for the file itself. Only an open secret tells whether the
/// public half is right.
[[nodiscard]] Result<KeyFileInfo> describe_key_file(const std::filesystem::path& path);

}  // namespace shoal::crypto
