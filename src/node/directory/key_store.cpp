#include "node/directory/key_store.h"

#include "base/try.h"
#include "node/api/names.h"
#include "node/directory/key_lock.h"

#include <string.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

namespace shoal::node {
namespace {

constexpr std::string_view kSuffix = ".key";
constexpr std::string_view kUnused = "unused ";

using Origin = KeyMark::Origin;

Error unreadable(const std::filesystem::path& path, const std::error_code& why) {
  return {Code::io, "cannot look into " + path.string() + ": " + why.message(),
          "only the user whom the data directory belongs to can use its keys"};
}

/// What cannot be looked at is not taken for missing.
Result<bool> is_there(const std::filesystem::path& path) {
  std::error_code failed;
  const bool there = std::filesystem::exists(path, failed);
  if (failed) return unreadable(path.parent_path(), failed);
  return there;
}

}  // namespace

Result<KeyInfo> KeyStore::generate(const std::string& name, const Passphrase& given) {
  SHOAL_CHECK(check_new_name(name));
  SHOAL_TRY(const auto secret, passphrase(given));
  const auto key = crypto::KeyPair::generate();
  // First: a key without a mark may be a copy.
  SHOAL_TRY(const std::string place, unused_place());
  SHOAL_CHECK(marks_.write(name, {FeedId{key.public_key()}, 0, Origin::here, place}));
  SHOAL_CHECK(crypto::write_key_file(file_of(name), key, secret));
  return KeyInfo{name, key.public_key(), secret.has_value()};
}

/// In the place of a mark: the key was made in this directory of keys and has not signed yet.
Result<std::string> KeyStore::unused_place() const {
  struct stat found {};
  if (::stat(directory_.c_str(), &found) != 0) {
    return unreadable(directory_, std::error_code(errno, std::generic_category()));
  }
  return std::string(kUnused) + std::to_string(found.st_ino);
}

Result<KeyStore::List> KeyStore::list() const {
  List found;
  SHOAL_TRY(const bool any, is_there(directory_));
  if (!any) return found;
  std::error_code failed;
  std::filesystem::directory_iterator entry(directory_, failed);
  for (; !failed && entry != std::filesystem::directory_iterator(); entry.increment(failed)) {
    const std::string file = entry->path().filename().string();
    if (file.size() <= kSuffix.size() || !file.ends_with(kSuffix)) continue;
    const std::string name = file.substr(0, file.size() - kSuffix.size());
    if (!is_legal_name(name)) continue;
    if (auto info = read_info(name)) {
      found.keys.push_back(*std::move(info));
    } else {
      found.unreadable.push_back(std::move(info).error());
    }
  }
  if (failed) return unreadable(directory_, failed);
  std::sort(found.keys.begin(), found.keys.end(), [](const KeyInfo& a, const KeyInfo& b) { return a.name < b.name; });
  return found;
}

Result<std::optional<KeyInfo>> KeyStore::find(const std::string& name) const {
  if (!is_legal_name(name)) return std::optional<KeyInfo>{};
  SHOAL_TRY(const bool there, is_there(file_of(name)));
  if (!there) return std::optional<KeyInfo>{};
  SHOAL_TRY(auto info, read_info(name));
  return std::optional(std::move(info));
}

/// Reads the file again only when its inode, time or size changed. A node may have a thousand keys, and every look-up
/// of a feed searches them.
Result<KeyInfo> KeyStore::read_info(const std::string& name) const {
  const std::filesystem::path file = file_of(name);
  struct stat now {};
  const bool known = ::stat(file.c_str(), &now) == 0;
  const Version version{now.st_ino, now.st_ctim.tv_sec, now.st_ctim.tv_nsec, now.st_size};
  if (known) {
    const std::lock_guard lock(seen_->mutex);
    const auto seen = seen_->infos.find(name);
    if (seen != seen_->infos.end() && seen->second.first == version) return seen->second.second;
  }
  SHOAL_TRY(const auto described, crypto::describe_key_file(file));
  KeyInfo info{name, described.key, described.sealed};
  const std::lock_guard lock(seen_->mutex);
  if (known) seen_->infos.insert_or_assign(name, std::pair(version, info));
  return info;
}

Result<std::optional<KeyInfo>> KeyStore::find(const PublicKey& key) const {
  SHOAL_TRY(const auto found, list());
  for (const KeyInfo& info : found.keys) {
    if (info.key == key) return std::optional(info);
  }
  return std::optional<KeyInfo>{};
}

Result<crypto::KeyPair> KeyStore::open(const std::string& name, const Passphrase& given) const {
  SHOAL_TRY(const auto known, find(name));
  if (!known) {
    return Error{Code::not_found, "there is no key named " + name,
                 "shoal key ls lists them; shoal init makes a new one"};
  }
  return read(file_of(name), given);
}

Result<void> KeyStore::export_secret(const std::string& name, const std::filesystem::path& file) const {
  SHOAL_TRY(const auto key, open(name));
  SHOAL_TRY(const auto secret, passphrase());
  return crypto::write_key_file(file, key, secret);
}

Result<KeyInfo> KeyStore::import(const std::string& name, const std::filesystem::path& file, bool signed_nothing) {
  SHOAL_CHECK(check_legal(name));
  SHOAL_TRY(const auto key, read(file));
  const FeedId feed{key.public_key()};
  const auto mark = marks_.read(name);
  // The key of a feed whose history is here comes back.
  const bool comes_back = mark && *mark && (*mark)->feed == feed;
  if (!comes_back) SHOAL_CHECK(check_new_name(name));
  SHOAL_TRY(const auto known, find(key.public_key()));
  if (known) {
    return Error{Code::already_exists, "this key is here already, as " + known->name, "use that name"};
  }
  SHOAL_TRY(const auto secret, passphrase());
  // First: without it the key would begin a new history.
  SHOAL_TRY(const std::string place, unused_place());
  if (!comes_back)
    SHOAL_CHECK(marks_.write(
        name, signed_nothing ? KeyMark{feed, 0, Origin::here, place} : KeyMark{feed, 0, Origin::imported, ""}));
  SHOAL_CHECK(crypto::write_key_file(file_of(name), key, secret));
  return KeyInfo{name, key.public_key(), secret.has_value()};
}

Result<std::optional<feed::WriterOptions::Marked>> KeyStore::marked(const std::string& name, const FeedId& feed) const {
  using Marked = feed::WriterOptions::Marked;
  const auto mark = marks_.read(name);
  if (!mark && mark.error().code != Code::corrupt) return mark.error();
  // Nothing is known of what was signed then, but that it was: journal and store have to show it.
  if (!mark) return std::optional(Marked{});
  if (!*mark) return std::optional<Marked>{};
  if ((*mark)->feed != feed) {
    return Error{Code::bad_key,
                 "the key " + name + " is another one than before: the name stands for feed " + (*mark)->feed.hex(),
                 "put back that key, or use this one under another name"};
  }
  if (!(*mark)->place.starts_with(kUnused)) {
    return std::optional(Marked{(*mark)->signed_size, (*mark)->place, (*mark)->origin != Origin::here});
  }
  SHOAL_TRY(const std::string here, unused_place());
  const bool unused = (*mark)->place == here;
  return std::optional(Marked{.elsewhere = !unused, .unused = unused});
}

Result<void> KeyStore::mark_signed(const std::string& name, const KeyMark& mark) const {
  const auto kept = marks_.read(name);
  if (kept && *kept == mark) return {};
  auto written = marks_.write(name, mark);
  const bool known = kept && *kept && (*kept)->feed == mark.feed && (*kept)->origin == Origin::here;
  if (!written && known && (*kept)->place == mark.place) return {};
  return written;
}

Result<KeyInfo> KeyStore::release(const std::string& name) {
  SHOAL_TRY(const auto known, find(name));
  if (!known) return Error{Code::not_found, "there is no key named " + name, "shoal key ls lists them"};
  SHOAL_TRY(const auto lock, KeyLock::take(known->key));
  const FeedId feed{known->key};
  SHOAL_TRY(const auto before, marked(name, feed));
  const std::uint64_t size = before ? before->size : 0;
  SHOAL_CHECK(marks_.write(name, {feed, size, Origin::released, before ? before->place : ""}));
  return *known;
}

Result<void> KeyStore::check_not_released(const std::string& name) const {
  const auto mark = marks_.read(name);
  if (!mark || !*mark || (*mark)->origin != Origin::released) return {};
  return Error{Code::bad_key, "the key of feed " + name + " was released: another directory signs with it",
               "to take it back, release it there, then shoal recover " + name};
}

Result<std::optional<crypto::SecretBytes>> KeyStore::passphrase(const Passphrase& given) const {
  const auto guarded = [](const std::string& text) {
    crypto::SecretBytes secret(text.size());
    std::copy(text.begin(), text.end(), secret.mutable_view().begin());
    return secret;
  };
  if (given) return std::optional(guarded(*given));
  if (!ask_) return std::optional<crypto::SecretBytes>{};
  SHOAL_TRY(std::string text, ask_());
  auto secret = guarded(text);
  explicit_bzero(text.data(), text.size());
  return std::optional(std::move(secret));
}

Result<void> KeyStore::check_unmarked(const std::string& name) const {
  const auto mark = marks_.read(name);
  // Of a key that never signed nothing is lost: a crash came between mark and key.
  if (mark && (!*mark || (*mark)->place.starts_with(kUnused))) return {};
  if (!mark && mark.error().code != Code::corrupt) return mark.error();
  return Error{Code::bad_key,
               "the key file of feed " + name + (mark ? " (" + (*mark)->feed.hex() + ")" : "") + " is gone",
               "put it back from a backup (shoal key import " + name + " FILE), or choose another name"};
}

Result<void> KeyStore::check_legal(const std::string& name) {
  if (is_legal_name(name)) return {};
  return Error{Code::invalid_argument, "'" + name + "' is no legal name",
               "1 to 64 letters, digits, dots, dashes and underscores, beginning with a letter or digit"};
}

Result<void> KeyStore::check_new_name(const std::string& name) const {
  SHOAL_CHECK(check_legal(name));
  SHOAL_TRY(const bool taken, is_there(file_of(name)));
  if (taken) {
    return Error{Code::already_exists, "there is a key named " + name + " already", "choose another name"};
  }
  SHOAL_CHECK(check_unmarked(name));
  // Made here with the mode that reading asks for.
  if (mkdir(directory_.c_str(), 0700) != 0 && errno != EEXIST) {
    return Error{Code::io, "cannot make the directory " + directory_.string() + ": " + std::strerror(errno), ""};
  }
  return {};
}

Result<crypto::KeyPair> KeyStore::read(const std::filesystem::path& file, const Passphrase& given) const {
  SHOAL_TRY(const auto described, crypto::describe_key_file(file));
  std::optional<crypto::SecretBytes> secret;
  if (described.sealed) {
    if (!ask_ && !given)
      return Error{Code::bad_key, file.string() + " is sealed with a passphrase", "pass --passphrase-file FILE"};
    SHOAL_TRY(secret, passphrase(given));
  }
  return crypto::read_key_file(file, secret);
}

}  // namespace shoal::node
