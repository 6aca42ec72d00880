#pragma once

#include <shoal/types.h>

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <string>

namespace shoal::crypto {

/// A SHA-256 or BLAKE2b-256 value.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};

  auto operator<=>(const Digest&) const = default;
  [[nodiscard]] std::string hex() const;
};

/// SHA-256 (FIPS 180-4) of one run of bytes; libcrypto, SHA-NI where the machine has it.
Digest sha256(ByteView data);
/// SHA-256 of `prefix || data` without copying `data`.
Digest sha256(std::uint8_t prefix, ByteView data);
/// SHA-256 of `prefix || a || b`.
Digest sha256(std::uint8_t prefix, const Digest& a, const Digest& b);

/// SHA-256 over bytes that come in pieces (whole files). Movable, single use: nothing after finish().
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(Sha256&&) noexcept;
  Sha256& operator=(Sha256&&) noexcept;

  void update(ByteView data);
  Digest finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

/// BLAKE2b (RFC 7693) with a key of 16 to 64 bytes and 32 bytes of output.
Digest keyed_hash(ByteView key, ByteView message);

}  // namespace shoal::crypto
