#pragma once

#include <shoal/types.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>

namespace shoal::crypto {

/// Prepares libsodium; call before anything else of this floor, any number of times, from any thread. Ends the
/// process when the machine has no source of randomness.
void init();

/// Bytes in guarded memory (sodium_malloc: canaries, locked, excluded from core dumps), erased when destroyed.
/// Movable, not copyable.
class SecretBytes {
 public:
  SecretBytes() = default;
  /// `size` zero bytes. Ends the process when the system has no memory to guard.
  explicit SecretBytes(std::size_t size);
  /// The source is empty afterwards.
  SecretBytes(SecretBytes&& other) noexcept;
  SecretBytes& operator=(SecretBytes&& other) noexcept;

  [[nodiscard]] std::span<std::uint8_t> mutable_view() { return {data_.get(), size_}; }
  [[nodiscard]] ByteView view() const { return {data_.get(), size_}; }
  [[nodiscard]] std::size_t size() const { return size_; }

 private:
  struct Free {
    void operator()(std::uint8_t* data) const noexcept;
  };
  std::unique_ptr<std::uint8_t, Free> data_;
  std::size_t size_ = 0;
};

/// An Ed25519 key pair (RFC 8032). The secret stays in guarded memory for its whole life.
class KeyPair {
 public:
  /// A fresh key from the system's random source.
  static KeyPair generate();
  /// From a 32-byte seed (RFC 8032 section 5.1.5); Code::invalid_argument for another size.
  static Result<KeyPair> from_seed(ByteView seed);

  [[nodiscard]] const PublicKey& public_key() const { return public_key_; }
  /// The 32-byte seed in guarded memory, for the key file only.
  [[nodiscard]] SecretBytes seed() const;
  /// libsodium's 64-byte form, for `sign` only.
  [[nodiscard]] ByteView secret() const { return secret_.view(); }

 private:
  KeyPair() = default;
  SecretBytes secret_;
  PublicKey public_key_;
};

/// An X25519 key pair (RFC 7748) for one session.
class ExchangeKeyPair {
 public:
  static ExchangeKeyPair generate();
  /// From 32 secret bytes (clamped as RFC 7748 section 5 says when used): test vectors.
  static ExchangeKeyPair from_secret(SecretBytes secret);

  [[nodiscard]] const std::array<std::uint8_t, 32>& public_bytes() const { return public_; }
  /// The shared secret with the other side; Code::unverified when it is all zero (a small-order point).
  [[nodiscard]] Result<SecretBytes> agree(const std::array<std::uint8_t, 32>& theirs) const;

 private:
  ExchangeKeyPair() = default;
  SecretBytes secret_;
  std::array<std::uint8_t, 32> public_{};
};

}  // namespace shoal::crypto
