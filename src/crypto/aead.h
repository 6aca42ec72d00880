#pragma once

#include "crypto/keys.h"

#include <cstddef>
#include <memory>

namespace shoal::crypto {

/// Bytes that sealing adds (the Poly1305 tag).
inline constexpr std::size_t kAeadTagSize = 16;

/// One direction of a session: ChaCha20-Poly1305 (RFC 8439) with a 32-byte key; the nonce is four zero bytes and a
/// little-endian counter from 0 that each call raises, so records cannot be replayed, reordered or left out.
/// No associated data. Confined to its caller.
class AeadStream {
 public:
  explicit AeadStream(SecretBytes key);
  ~AeadStream();
  AeadStream(AeadStream&&) noexcept;
  AeadStream& operator=(AeadStream&&) noexcept;

  /// Appends ciphertext and tag of `plain` to `out`.
  void seal(ByteView plain, Bytes& out);
  /// Appends the plain text of `sealed` (ciphertext and tag) to `out`; Code::unverified leaves `out` as it was and
  /// the stream must not be used again.
  [[nodiscard]] Result<void> open(ByteView sealed, Bytes& out);

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace shoal::crypto
