#include "crypto/key_file.h"

#include "base/try.h"
#include "crypto/key_text.h"
#include "crypto/secret_file.h"

namespace shoal::crypto {
namespace {

/// The same error, saying which file it is about.
Error about(const std::filesystem::path& path, Error error) {
  error.message += " (" + path.string() + ")";
  return error;
}

Result<KeyText> read_text(const std::filesystem::path& path) {
  SHOAL_TRY(const SecretBytes content, read_secret_file(path, kMaxKeyTextSize));
  auto text = parse_key_text(content.view());
  if (!text) return about(path, std::move(text).error());
  return text;
}

}  // namespace

Result<void> write_key_file(const std::filesystem::path& path, const KeyPair& key,
                            const std::optional<SecretBytes>& passphrase) {
  SHOAL_TRY(const SecretBytes text, write_key_text(key, passphrase));
  return create_secret_file(path, text);
}

Result<KeyPair> read_key_file(const std::filesystem::path& path, const std::optional<SecretBytes>& passphrase) {
  SHOAL_TRY(const KeyText text, read_text(path));
  auto key = open_key_text(text, passphrase);
  if (!key) return about(path, std::move(key).error());
  return key;
}

bool is_damaged_key_file(const std::filesystem::path& path) {
  const auto content = read_secret_file(path, kMaxKeyTextSize);
  if (!content) return false;  // nothing is known of its bytes
  const auto text = parse_key_text(content->view());
  if (!text) return true;
  return !text->sealing && !open_key_text(*text, std::nullopt);
}

Result<KeyFileInfo> describe_key_file(const std::filesystem::path& path) {
  SHOAL_TRY(const KeyText text, read_text(path));
  // A flipped bit makes another public key: the seed tells.
  if (!text.sealing) {
    if (auto key = open_key_text(text, std::nullopt); !key) return about(path, std::move(key).error());
  }
  return KeyFileInfo{text.public_key, text.sealing.has_value()};
}

}  // namespace shoal::crypto
