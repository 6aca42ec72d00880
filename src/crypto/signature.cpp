#include "crypto/signature.h"

#include "base/assert.h"

#include <sodium.h>

namespace shoal::crypto {

Signature sign(const KeyPair& key, ByteView message) {
  SHOAL_ASSERT(key.secret().size() == crypto_sign_SECRETKEYBYTES);
  Signature signature;
  SHOAL_ASSERT(
      crypto_sign_detached(signature.bytes.data(), nullptr, message.data(), message.size(), key.secret().data()) == 0);
  return signature;
}

bool verify(const PublicKey& key, ByteView message, const Signature& signature) {
  return crypto_sign_verify_detached(signature.bytes.data(), message.data(), message.size(), key.bytes.data()) == 0;
}

}  // namespace shoal::crypto
