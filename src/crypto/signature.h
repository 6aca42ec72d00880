#pragma once

#include "crypto/keys.h"

#include <array>
#include <cstdint>

namespace shoal::crypto {

/// A detached Ed25519 signature (RFC 8032), 64 bytes.
struct Signature {
  std::array<std::uint8_t, 64> bytes{};

  auto operator<=>(const Signature&) const = default;
};

Signature sign(const KeyPair& key, ByteView message);
/// False for a wrong signature, a non-canonical one, or a key that is no curve point.
[[nodiscard]] bool verify(const PublicKey& key, ByteView message, const Signature& signature);

}  // namespace shoal::crypto
