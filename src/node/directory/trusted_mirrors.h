#pragma once

#include <shoal/result.h>
#include <shoal/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node {

/// The names that the user gave to the node keys of mirrors: `keys/NAME.mirror`, 64 hex digits each. All state is in
/// the file system.
class TrustedMirrors {
 public:
  struct Mirror {
    std::string name;
    PublicKey key;
  };

  explicit TrustedMirrors(std::filesystem::path keys) : directory_(std::move(keys)) {}

  /// Code::invalid_argument for a name that no key may have or that --acks reads as something else;
  /// Code::already_exists when the name stands for another key, of a mirror or of a feed, or the key has another name.
  [[nodiscard]] Result<void> trust(const std::string& name, const PublicKey& key) const;
  /// Code::not_found.
  [[nodiscard]] Result<void> forget(const std::string& name) const;
  /// By name. Code::corrupt for a malformed file.
  [[nodiscard]] Result<std::vector<Mirror>> list() const;
  [[nodiscard]] Result<std::optional<PublicKey>> find(const std::string& name) const;
  /// nullopt also when the files cannot be read.
  [[nodiscard]] std::optional<std::string> name_of(const PublicKey& key) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const { return directory_ / (name + ".mirror"); }

  std::filesystem::path directory_;
};

/// `NAME@HOST:PORT` with the key in place of a name that `shoal key trust` gave; anything else as it is.
/// Code::not_found for a name that stands for no key.
[[nodiscard]] Result<std::string> with_trusted_key(std::string_view text, const TrustedMirrors& mirrors);

}  // namespace shoal::node
