#pragma once

#include "crypto/keys.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>

/// The text of a key file (docs/FORMAT.md, "Key file") without the file: what is written and what is accepted.
namespace shoal::crypto {

/// No key file is longer, in bytes.
inline constexpr std::size_t kMaxKeyTextSize = 1024;

/// How a seed is sealed: Argon2id (RFC 9106, version 1.3, one lane) makes the key of ChaCha20-Poly1305.
struct KeySealing {
  std::uint32_t passes = 3;
  std::uint32_t memory_kib = 64 * 1024;
  std::array<std::uint8_t, 16> salt{};

  auto operator<=>(const KeySealing&) const = default;
};

/// A key file's content, opened or not.
struct KeyText {
  PublicKey public_key;
  std::optional<KeySealing> sealing;
  SecretBytes seed;  ///< 32 bytes in clear, or with `sealing` 48 bytes of ciphertext and tag
};

/// The text for `key`, in guarded memory; sealed under a fresh salt when there is a passphrase.
/// Code::invalid_argument for an empty passphrase, Code::io when the memory that Argon2id needs is not there.
[[nodiscard]] Result<SecretBytes> write_key_text(const KeyPair& key, const std::optional<SecretBytes>& passphrase);

/// Reads exactly what the format allows; Code::bad_key otherwise. Allocates nothing that depends on the numbers read.
[[nodiscard]] Result<KeyText> parse_key_text(ByteView text);

/// The key pair, with the public key checked against the seed. Code::bad_key when the passphrase is missing or wrong
/// or the two keys differ. A passphrase for a seed in clear is ignored.
[[nodiscard]] Result<KeyPair> open_key_text(const KeyText& text, const std::optional<SecretBytes>& passphrase);

}  // namespace shoal::crypto
