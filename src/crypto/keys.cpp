#include "crypto/keys.h"

#include "base/assert.h"

#include <sodium.h>

#include <utility>

namespace shoal::crypto {

void init() {
  static const bool ready = sodium_init() >= 0;
  SHOAL_ASSERT(ready);
}

SecretBytes::SecretBytes(std::size_t size) : size_(size) {
  if (size == 0) return;
  init();
  data_.reset(static_cast<std::uint8_t*>(sodium_malloc(size)));
  SHOAL_ASSERT(data_ != nullptr);
  sodium_memzero(data_.get(), size);
}

SecretBytes::SecretBytes(SecretBytes&& other) noexcept
    : data_(std::move(other.data_)), size_(std::exchange(other.size_, 0)) {}

SecretBytes& SecretBytes::operator=(SecretBytes&& other) noexcept {
  data_ = std::move(other.data_);
  size_ = std::exchange(other.size_, 0);
  return *this;
}

void SecretBytes::Free::operator()(std::uint8_t* data) const noexcept { sodium_free(data); }

KeyPair KeyPair::generate() {
  SecretBytes seed(crypto_sign_SEEDBYTES);
  randombytes_buf(seed.mutable_view().data(), seed.size());
  return std::move(from_seed(seed.view())).value();
}

Result<KeyPair> KeyPair::from_seed(ByteView seed) {
  if (seed.size() != crypto_sign_SEEDBYTES) {
    return Error{Code::invalid_argument, "the seed of a signing key has 32 bytes"};
  }
  init();
  KeyPair pair;
  pair.secret_ = SecretBytes(crypto_sign_SECRETKEYBYTES);
  SHOAL_ASSERT(
      crypto_sign_seed_keypair(pair.public_key_.bytes.data(), pair.secret_.mutable_view().data(), seed.data()) == 0);
  return pair;
}

SecretBytes KeyPair::seed() const {
  SecretBytes seed(crypto_sign_SEEDBYTES);
  SHOAL_ASSERT(secret_.size() == crypto_sign_SECRETKEYBYTES);
  SHOAL_ASSERT(crypto_sign_ed25519_sk_to_seed(seed.mutable_view().data(), secret_.view().data()) == 0);
  return seed;
}

ExchangeKeyPair ExchangeKeyPair::generate() {
  SecretBytes secret(crypto_scalarmult_SCALARBYTES);
  randombytes_buf(secret.mutable_view().data(), secret.size());
  return from_secret(std::move(secret));
}

ExchangeKeyPair ExchangeKeyPair::from_secret(SecretBytes secret) {
  SHOAL_ASSERT(secret.size() == crypto_scalarmult_SCALARBYTES);
  init();
  ExchangeKeyPair pair;
  pair.secret_ = std::move(secret);
  SHOAL_ASSERT(crypto_scalarmult_base(pair.public_.data(), pair.secret_.view().data()) == 0);
  return pair;
}

Result<SecretBytes> ExchangeKeyPair::agree(const std::array<std::uint8_t, 32>& theirs) const {
  SHOAL_ASSERT(secret_.size() == crypto_scalarmult_SCALARBYTES);
  SecretBytes shared(crypto_scalarmult_BYTES);
  if (crypto_scalarmult(shared.mutable_view().data(), secret_.view().data(), theirs.data()) != 0) {
    return Error{Code::unverified, "the peer's exchange key is a point of small order"};
  }
  return shared;
}

}  // namespace shoal::crypto
