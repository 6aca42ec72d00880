#include "crypto/aead.h"

#include "base/assert.h"

#include <openssl/evp.h>

#include <algorithm>
#include <limits>

namespace shoal::crypto {
namespace {

constexpr std::size_t kKeySize = 32;
constexpr std::size_t kNonceSize = 12;
constexpr std::size_t kLargestRecord = std::numeric_limits<int>::max();

struct FreeContext {
  void operator()(EVP_CIPHER_CTX* context) const noexcept { EVP_CIPHER_CTX_free(context); }  // erases the key
};

}  // namespace

struct AeadStream::State {
  std::unique_ptr<EVP_CIPHER_CTX, FreeContext> context{EVP_CIPHER_CTX_new()};
  std::uint64_t counter = 0;
  bool broken = false;

  /// Sets the next nonce; a counter is never used twice.
  void begin_record(bool sealing) {
    std::array<std::uint8_t, kNonceSize> nonce{};
    for (std::size_t i = 0; i < 8; ++i) nonce[4 + i] = static_cast<std::uint8_t>(counter >> (8 * i));
    SHOAL_ASSERT(counter < std::numeric_limits<std::uint64_t>::max());
    ++counter;
    SHOAL_ASSERT(EVP_CipherInit_ex2(context.get(), nullptr, nullptr, nonce.data(), sealing ? 1 : 0, nullptr) == 1);
  }

  void transform(std::uint8_t* out, ByteView in) {
    if (in.empty()) return;
    int written = 0;
    SHOAL_ASSERT(EVP_CipherUpdate(context.get(), out, &written, in.data(), static_cast<int>(in.size())) == 1);
    SHOAL_ASSERT(static_cast<std::size_t>(written) == in.size());
  }

  /// False when the tag that was set does not fit. Writes nothing: the cipher has no blocks to fill.
  bool end_record() {
    std::uint8_t unused = 0;
    int written = 0;
    return EVP_CipherFinal_ex(context.get(), &unused, &written) == 1;
  }
};

AeadStream::AeadStream(SecretBytes key) : state_(std::make_unique<State>()) {
  SHOAL_ASSERT(key.size() == kKeySize && state_->context != nullptr);
  SHOAL_ASSERT(
      EVP_CipherInit_ex2(state_->context.get(), EVP_chacha20_poly1305(), key.view().data(), nullptr, 1, nullptr) == 1);
}
AeadStream::~AeadStream() = default;
AeadStream::AeadStream(AeadStream&&) noexcept = default;
AeadStream& AeadStream::operator=(AeadStream&&) noexcept = default;

void AeadStream::seal(ByteView plain, Bytes& out) {
  SHOAL_ASSERT(state_ != nullptr && plain.size() <= kLargestRecord);
  const std::size_t start = out.size();
  out.resize(start + plain.size() + kAeadTagSize);
  std::uint8_t* const sealed = out.data() + start;
  state_->begin_record(true);
  state_->transform(sealed, plain);
  SHOAL_ASSERT(state_->end_record());
  SHOAL_ASSERT(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_GET_TAG, static_cast<int>(kAeadTagSize),
                                   sealed + plain.size()) == 1);
}

Result<void> AeadStream::open(ByteView sealed, Bytes& out) {
  SHOAL_ASSERT(state_ != nullptr);
  const Error refused{Code::unverified, "a record of the session is not authentic"};
  if (state_->broken || sealed.size() < kAeadTagSize || sealed.size() > kLargestRecord) {
    state_->broken = true;
    return refused;
  }
  const std::size_t start = out.size();
  const ByteView text = sealed.first(sealed.size() - kAeadTagSize);
  std::array<std::uint8_t, kAeadTagSize> tag;
  std::copy(sealed.end() - kAeadTagSize, sealed.end(), tag.begin());
  out.resize(start + text.size());
  state_->begin_record(false);
  SHOAL_ASSERT(EVP_CIPHER_CTX_ctrl(state_->context.get(), EVP_CTRL_AEAD_SET_TAG, static_cast<int>(kAeadTagSize),
                                   tag.data()) == 1);
  state_->transform(out.data() + start, text);
  if (!state_->end_record()) {
    out.resize(start);
    state_->broken = true;
    return refused;
  }
  return {};
}

}  // namespace shoal::crypto
