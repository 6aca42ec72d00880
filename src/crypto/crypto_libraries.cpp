#include "crypto/crypto_libraries.h"

#include <openssl/crypto.h>
#include <sodium.h>

namespace shoal::crypto {

LibraryVersions library_versions() {
  return {{"libsodium", sodium_version_string()}, {"OpenSSL", OpenSSL_version(OPENSSL_FULL_VERSION_STRING)}};
}

}  // namespace shoal::crypto
