#include "crypto/key_text.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"

#include <sodium.h>

#include <algorithm>
#include <charconv>
#include <string>

namespace shoal::crypto {
namespace {

constexpr std::string_view kFirstLine = "shoalcast secret key v1";
constexpr std::size_t kSeedSize = 32;
constexpr std::size_t kSealedSize = kSeedSize + crypto_aead_chacha20poly1305_ietf_ABYTES;
// What a reader spends on a file at most: 1 GiB, 16 passes.
constexpr std::uint32_t kMinMemoryKib = 8;
constexpr std::uint32_t kMaxMemoryKib = 1024 * 1024;
constexpr std::uint32_t kMaxPasses = 16;

/// Never says which part was wrong: the text is secret.
Error malformed() {
  return {Code::bad_key, "the key file is malformed", "it must be a key file that shoal wrote, unchanged"};
}

/// All lines but the last: the associated data of a sealed seed, so nobody can change them.
std::string head_text(const PublicKey& public_key, const std::optional<KeySealing>& sealing) {
  std::string text = std::string(kFirstLine) + "\npublic " + public_key.hex() + "\n";
  if (sealing) {
    text += "argon2id " + std::to_string(sealing->passes) + " " + std::to_string(sealing->memory_kib) + " " +
            base::to_hex(sealing->salt) + "\n";
  }
  return text;
}

Result<SecretBytes> derive_key(const SecretBytes& passphrase, const KeySealing& sealing) {
  SecretBytes key(crypto_aead_chacha20poly1305_ietf_KEYBYTES);
  const int done = crypto_pwhash(
      key.mutable_view().data(), key.size(), reinterpret_cast<const char*>(passphrase.view().data()), passphrase.size(),
      sealing.salt.data(), sealing.passes, std::size_t{sealing.memory_kib} * 1024, crypto_pwhash_ALG_ARGON2ID13);
  if (done != 0) return Error{Code::io, "not enough memory to derive the key of the key file"};
  return key;
}

/// A key seals once (its salt is fresh), so the nonce may be constant.
constexpr std::array<std::uint8_t, crypto_aead_chacha20poly1305_ietf_NPUBBYTES> kNonce{};

SecretBytes seal(const SecretBytes& seed, const SecretBytes& key, ByteView head) {
  SecretBytes sealed(kSealedSize);
  SHOAL_ASSERT(crypto_aead_chacha20poly1305_ietf_encrypt(sealed.mutable_view().data(), nullptr, seed.view().data(),
                                                         seed.size(), head.data(), head.size(), nullptr, kNonce.data(),
                                                         key.view().data()) == 0);
  return sealed;
}

SecretBytes join_text(std::string_view head, std::string_view name, const SecretBytes& value) {
  const std::size_t digits = value.size() * 2;
  SecretBytes text(head.size() + name.size() + 1 + digits + 1);
  std::uint8_t* out = text.mutable_view().data();
  out = std::copy(head.begin(), head.end(), out);
  out = std::copy(name.begin(), name.end(), out);
  *out++ = ' ';
  // Ends with a zero byte, whose place the line end takes.
  sodium_bin2hex(reinterpret_cast<char*>(out), digits + 1, value.view().data(), value.size());
  out[digits] = '\n';
  return text;
}

/// Takes `NAME value LF` off the front of `text` and gives the value.
std::optional<std::string_view> take_line(std::string_view& text, std::string_view name) {
  const std::size_t end = text.find('\n');
  if (end == std::string_view::npos || text.substr(0, name.size()) != name) return std::nullopt;
  if (end < name.size() + 1 || text[name.size()] != ' ') return std::nullopt;
  const std::string_view value = text.substr(name.size() + 1, end - name.size() - 1);
  text.remove_prefix(end + 1);
  return value;
}

/// Exactly the lower-case digits that `out` needs; nothing of them stays outside `out`.
bool parse_hex(std::string_view digits, std::span<std::uint8_t> out) {
  const auto is_digit = [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); };
  if (digits.size() != out.size() * 2 || !std::all_of(digits.begin(), digits.end(), is_digit)) return false;
  std::size_t size = 0;
  return sodium_hex2bin(out.data(), out.size(), digits.data(), digits.size(), nullptr, &size, nullptr) == 0 &&
         size == out.size();
}

/// Decimal without sign or leading zero, in [smallest, largest].
std::optional<std::uint32_t> parse_number(std::string_view digits, std::uint32_t smallest, std::uint32_t largest) {
  std::uint32_t value = 0;
  const char* const end = digits.data() + digits.size();
  const auto [stop, error] = std::from_chars(digits.data(), end, value);
  if (digits.empty() || digits.front() == '0' || error != std::errc{} || stop != end) return std::nullopt;
  if (value < smallest || value > largest) return std::nullopt;
  return value;
}

std::optional<KeySealing> parse_sealing(std::string_view value) {
  const std::size_t first = value.find(' ');
  const std::size_t second = first == std::string_view::npos ? first : value.find(' ', first + 1);
  if (second == std::string_view::npos) return std::nullopt;
  const auto passes = parse_number(value.substr(0, first), 1, kMaxPasses);
  const auto memory = parse_number(value.substr(first + 1, second - first - 1), kMinMemoryKib, kMaxMemoryKib);
  KeySealing sealing;
  if (!passes || !memory || !parse_hex(value.substr(second + 1), sealing.salt)) return std::nullopt;
  sealing.passes = *passes;
  sealing.memory_kib = *memory;
  return sealing;
}

}  // namespace

Result<SecretBytes> write_key_text(const KeyPair& key, const std::optional<SecretBytes>& passphrase) {
  const SecretBytes seed = key.seed();
  if (!passphrase) return join_text(head_text(key.public_key(), std::nullopt), "seed", seed);
  if (passphrase->size() == 0) return Error{Code::invalid_argument, "the passphrase is empty"};
  init();
  KeySealing sealing;
  randombytes_buf(sealing.salt.data(), sealing.salt.size());
  SHOAL_TRY(const SecretBytes sealing_key, derive_key(*passphrase, sealing));
  const std::string head = head_text(key.public_key(), sealing);
  return join_text(head, "sealed", seal(seed, sealing_key, base::as_bytes(head)));
}

Result<KeyText> parse_key_text(ByteView text) {
  if (text.size() > kMaxKeyTextSize) return malformed();
  std::string_view rest = base::as_text(text);
  KeyText key;
  if (rest.substr(0, kFirstLine.size()) != kFirstLine || rest.substr(kFirstLine.size(), 1) != "\n") return malformed();
  rest.remove_prefix(kFirstLine.size() + 1);
  const auto public_hex = take_line(rest, "public");
  if (!public_hex || !parse_hex(*public_hex, key.public_key.bytes)) return malformed();
  if (const auto sealing = take_line(rest, "argon2id")) {
    key.sealing = parse_sealing(*sealing);
    if (!key.sealing) return malformed();
  }
  key.seed = SecretBytes(key.sealing ? kSealedSize : kSeedSize);
  const auto seed_hex = take_line(rest, key.sealing ? "sealed" : "seed");
  if (!seed_hex || !parse_hex(*seed_hex, key.seed.mutable_view()) || !rest.empty()) return malformed();
  return key;
}

Result<KeyPair> open_key_text(const KeyText& text, const std::optional<SecretBytes>& passphrase) {
  SecretBytes opened;
  if (text.sealing) {
    // An empty one never seals.
    if (!passphrase || passphrase->size() == 0) {
      return Error{Code::bad_key, "the key file is sealed and no passphrase was given"};
    }
    SHOAL_TRY(const SecretBytes sealing_key, derive_key(*passphrase, *text.sealing));
    SHOAL_ASSERT(text.seed.size() == kSealedSize);
    opened = SecretBytes(kSeedSize);
    const std::string head = head_text(text.public_key, text.sealing);
    const ByteView head_bytes = base::as_bytes(head);
    if (crypto_aead_chacha20poly1305_ietf_decrypt(opened.mutable_view().data(), nullptr, nullptr,
                                                  text.seed.view().data(), text.seed.size(), head_bytes.data(),
                                                  head_bytes.size(), kNonce.data(), sealing_key.view().data()) != 0) {
      return Error{Code::bad_key, "the passphrase is wrong, or the key file was changed"};
    }
  }
  SHOAL_TRY(KeyPair pair, KeyPair::from_seed(text.sealing ? opened.view() : text.seed.view()));
  if (pair.public_key() != text.public_key) {
    return Error{Code::bad_key, "the key file's public key does not belong to its seed"};
  }
  return pair;
}

}  // namespace shoal::crypto
