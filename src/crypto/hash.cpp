#include "crypto/hash.h"

#include "base/assert.h"
#include "base/bytes.h"

#include <openssl/evp.h>
#include <sodium.h>

#include <algorithm>

namespace shoal::crypto {
namespace {

struct FreeContext {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};
using Context = std::unique_ptr<EVP_MD_CTX, FreeContext>;

/// Fetched once: libcrypto 3 otherwise looks the algorithm up by name for every hash, which costs more than hashing.
const EVP_MD* sha256_algorithm() {
  static const EVP_MD* const algorithm = EVP_MD_fetch(nullptr, "SHA256", nullptr);
  SHOAL_ASSERT(algorithm != nullptr);
  return algorithm;
}

void begin(EVP_MD_CTX* context) { SHOAL_ASSERT(EVP_DigestInit_ex2(context, sha256_algorithm(), nullptr) == 1); }

void add(EVP_MD_CTX* context, ByteView data) {
  if (!data.empty()) SHOAL_ASSERT(EVP_DigestUpdate(context, data.data(), data.size()) == 1);
}

Digest end(EVP_MD_CTX* context) {
  Digest digest;
  SHOAL_ASSERT(EVP_DigestFinal_ex(context, digest.bytes.data(), nullptr) == 1);
  return digest;
}

/// A started context of this thread: tree hashes take 65 bytes, an allocation each would be most of the work.
EVP_MD_CTX* started_context() {
  thread_local const Context context{EVP_MD_CTX_new()};
  SHOAL_ASSERT(context != nullptr);
  begin(context.get());
  return context.get();
}

}  // namespace

std::string Digest::hex() const { return base::to_hex(bytes); }

Digest sha256(ByteView data) {
  EVP_MD_CTX* const context = started_context();
  add(context, data);
  return end(context);
}

Digest sha256(std::uint8_t prefix, ByteView data) {
  EVP_MD_CTX* const context = started_context();
  add(context, {&prefix, 1});
  add(context, data);
  return end(context);
}

Digest sha256(std::uint8_t prefix, const Digest& a, const Digest& b) {
  std::array<std::uint8_t, 65> joined;
  joined[0] = prefix;
  std::copy(a.bytes.begin(), a.bytes.end(), joined.begin() + 1);
  std::copy(b.bytes.begin(), b.bytes.end(), joined.begin() + 33);
  return sha256(joined);
}

struct Sha256::State {
  Context context{EVP_MD_CTX_new()};
};

Sha256::Sha256() : state_(std::make_unique<State>()) {
  SHOAL_ASSERT(state_->context != nullptr);
  begin(state_->context.get());
}
Sha256::~Sha256() = default;
Sha256::Sha256(Sha256&&) noexcept = default;
Sha256& Sha256::operator=(Sha256&&) noexcept = default;

void Sha256::update(ByteView data) {
  SHOAL_ASSERT(state_ != nullptr);
  add(state_->context.get(), data);
}

Digest Sha256::finish() {
  SHOAL_ASSERT(state_ != nullptr);
  const Digest digest = end(state_->context.get());
  state_.reset();
  return digest;
}

Digest keyed_hash(ByteView key, ByteView message) {
  SHOAL_ASSERT(key.size() >= crypto_generichash_KEYBYTES_MIN && key.size() <= crypto_generichash_KEYBYTES_MAX);
  Digest digest;
  SHOAL_ASSERT(crypto_generichash(digest.bytes.data(), digest.bytes.size(), message.data(), message.size(), key.data(),
                                  key.size()) == 0);
  return digest;
}

}  // namespace shoal::crypto
