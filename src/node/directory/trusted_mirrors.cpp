#include "node/directory/trusted_mirrors.h"

#include "base/bytes.h"
#include "base/try.h"
#include "crypto/secret_file.h"
#include "node/api/names.h"

#include <algorithm>
#include <cstring>

namespace shoal::node {
namespace {

constexpr std::string_view kSuffix = ".mirror";
constexpr std::size_t kMaxFile = 128;

/// What --acks takes for something else.
bool is_acks_word(const std::string& name) {
  return name == "none" || name == "durable" || name.find_first_not_of("0123456789") == std::string::npos;
}

Result<PublicKey> read_key(const std::filesystem::path& file) {
  SHOAL_TRY(const auto content, crypto::read_secret_file(file, kMaxFile));
  std::string_view text = base::as_text(content.view());
  if (text.ends_with('\n')) text.remove_suffix(1);
  const auto key = PublicKey::parse(text);
  if (key) return *key;
  return Error{Code::corrupt, file.string() + " does not hold 64 hex digits", "remove it and trust the mirror again"};
}

}  // namespace

Result<void> TrustedMirrors::trust(const std::string& name, const PublicKey& key) const {
  if (!is_legal_name(name) || is_acks_word(name)) {
    return Error{Code::invalid_argument, "'" + name + "' cannot name a mirror",
                 "1 to 64 letters, digits, dots, dashes and underscores, not only digits, not none or durable"};
  }
  std::error_code failed;
  if (std::filesystem::exists(directory_ / (name + ".key"), failed)) {
    return Error{Code::already_exists, "there is a feed key named " + name, "choose another name for the mirror"};
  }
  SHOAL_TRY(const auto known, list());
  for (const Mirror& mirror : known) {
    if (mirror.name == name && mirror.key == key) return {};
    if (mirror.name == name) {
      return Error{Code::already_exists, name + " stands for " + mirror.key.hex() + " already",
                   "shoal key trust " + name + " --forget"};
    }
    if (mirror.key == key)
      return Error{Code::already_exists, "this node is trusted as " + mirror.name + " already", ""};
  }
  const std::string text = key.hex() + "\n";
  crypto::SecretBytes content(text.size());
  std::copy(text.begin(), text.end(), content.mutable_view().begin());
  return crypto::create_secret_file(file_of(name), content);
}

Result<void> TrustedMirrors::forget(const std::string& name) const {
  SHOAL_TRY(const auto known, find(name));
  if (!known) return Error{Code::not_found, "no mirror is trusted as " + name, "shoal key ls lists them"};
  std::error_code failed;
  std::filesystem::remove(file_of(name), failed);
  if (failed) return Error{Code::io, "cannot remove " + file_of(name).string() + ": " + failed.message(), ""};
  return {};
}

Result<std::vector<TrustedMirrors::Mirror>> TrustedMirrors::list() const {
  std::vector<Mirror> mirrors;
  std::error_code failed;
  if (!std::filesystem::exists(directory_, failed) && !failed) return mirrors;
  std::filesystem::directory_iterator entry(directory_, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    const std::string file = entry->path().filename().string();
    if (file.size() <= kSuffix.size() || !file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, file.size() - kSuffix.size());
    if (!is_legal_name(name)) continue;
    SHOAL_TRY(const PublicKey key, read_key(entry->path()));
    mirrors.push_back({name, key});
  }
  if (failed) return Error{Code::io, "cannot look into " + directory_.string() + ": " + failed.message(), ""};
  std::sort(mirrors.begin(), mirrors.end(), [](const Mirror& a, const Mirror& b) { return a.name < b.name; });
  return mirrors;
}

Result<std::optional<PublicKey>> TrustedMirrors::find(const std::string& name) const {
  SHOAL_TRY(const auto known, list());
  for (const Mirror& mirror : known) {
    if (mirror.name == name) return std::optional(mirror.key);
  }
  return std::optional<PublicKey>{};
}

std::optional<std::string> TrustedMirrors::name_of(const PublicKey& key) const {
  const auto known = list();
  if (!known) return std::nullopt;
  for (const Mirror& mirror : *known) {
    if (mirror.key == key) return mirror.name;
  }
  return std::nullopt;
}

Result<std::string> with_trusted_key(std::string_view text, const TrustedMirrors& mirrors) {
  const std::size_t at = text.find('@');
  const std::string name(text.substr(0, at == std::string_view::npos ? 0 : at));
  if (!is_legal_name(name) || PublicKey::parse(name)) return std::string(text);
  SHOAL_TRY(const auto key, mirrors.find(name));
  if (key) return key->hex() + std::string(text.substr(at));
  return Error{Code::not_found, "no mirror is trusted as " + name,
               "shoal key trust " + name + " HEX, or give the key itself: KEY@HOST:PORT"};
}

}  // namespace shoal::node
