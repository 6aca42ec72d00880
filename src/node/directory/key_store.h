#pragma once

#include <sys/types.h>

#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <tuple>
#include <utility>
#include <vector>
#include "crypto/key_file.h"
#include "crypto/keys.h"
#include "feed/write/writer_start.h"
#include "node/directory/key_mark.h"

namespace shoal::node {

struct KeyInfo {
  std::string name;
  PublicKey key;
  bool sealed = false;
};

/// The feed keys of a data directory, by name: `keys/NAME.key`. Thread-safe, and safe beside another process: what
/// counts is in the file system.
class KeyStore {
 public:
  using AskPassphrase = std::function<Result<std::string>()>;

  KeyStore(std::filesystem::path directory, AskPassphrase ask)
      : directory_(std::move(directory)), marks_(directory_), ask_(std::move(ask)) {}

  /// A passphrase for one call, instead of the configured one. The caller wipes it.
  using Passphrase = std::optional<std::string>;

  /// Sealed under the passphrase when there is one. Code::already_exists when the name is taken.
  [[nodiscard]] Result<KeyInfo> generate(const std::string& name, const Passphrase& given = {});
  struct List {
    std::vector<KeyInfo> keys;      ///< by name
    std::vector<Error> unreadable;  ///< of files that are no sound key files
  };
  [[nodiscard]] Result<List> list() const;
  [[nodiscard]] Result<std::optional<KeyInfo>> find(const std::string& name) const;
  [[nodiscard]] Result<std::optional<KeyInfo>> find(const PublicKey& key) const;
  /// Asks for the passphrase when the file is sealed and none is given.
  [[nodiscard]] Result<crypto::KeyPair> open(const std::string& name, const Passphrase& given = {}) const;
  [[nodiscard]] Result<void> export_secret(const std::string& name, const std::filesystem::path& file) const;
  /// What the key signed is not known here until it was found, unless it `signed_nothing` (the user's word).
  [[nodiscard]] Result<KeyInfo> import(const std::string& name, const std::filesystem::path& file, bool signed_nothing);

  /// Gives up the right to sign with it here, durably, until recovery takes it back. Code::in_use while a process of
  /// this host signs.
  [[nodiscard]] Result<KeyInfo> release(const std::string& name);
  /// Code::bad_key once it was released.
  [[nodiscard]] Result<void> check_not_released(const std::string& name) const;

  /// What is kept of the key's signatures; nullopt when there is nothing. Of a damaged mark only that there was one.
  [[nodiscard]] Result<std::optional<feed::WriterOptions::Marked>> marked(const std::string& name,
                                                                          const FeedId& feed) const;
  /// Keeps it, durably. A disk on which nothing can be written keeps an older mark, if that will do.
  [[nodiscard]] Result<void> mark_signed(const std::string& name, const KeyMark& mark) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const { return directory_ / (name + ".key"); }
  [[nodiscard]] Result<std::optional<crypto::SecretBytes>> passphrase(const Passphrase& given = {}) const;
  [[nodiscard]] Result<std::string> unused_place() const;
  [[nodiscard]] static Result<void> check_legal(const std::string& name);
  [[nodiscard]] Result<void> check_new_name(const std::string& name) const;
  /// Code::bad_key when the name stands for a feed whose key is gone.
  [[nodiscard]] Result<void> check_unmarked(const std::string& name) const;
  [[nodiscard]] Result<KeyInfo> read_info(const std::string& name) const;
  [[nodiscard]] Result<crypto::KeyPair> read(const std::filesystem::path& file, const Passphrase& given = {}) const;

  /// Of a file: inode, seconds and nanoseconds of its last change, size.
  using Version = std::tuple<ino_t, time_t, long, off_t>;

  struct Seen {
    std::mutex mutex;
    std::map<std::string, std::pair<Version, KeyInfo>> infos;
  };

  std::filesystem::path directory_;
  KeyMarks marks_;
  AskPassphrase ask_;
  std::unique_ptr<Seen> seen_ = std::make_unique<Seen>();
};

}  // namespace shoal::node
