#pragma once

#include <shoal/result.h>
#include <shoal/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>

namespace shoal::node {

/// What is known of a key beside its history: `keys/NAME.signed`, written before the key's first signature here. With
/// it a key whose history is gone, or was never here, is told from a new one.
struct KeyMark {
  enum class Origin : std::uint8_t {
    here,      ///< what it signed was signed here, or was found
    imported,  ///< it came from elsewhere, and what it signed there was not found yet
    released,  ///< it was given up here, for another directory to sign with it
  };
  FeedId feed;
  std::uint64_t signed_size = 0;  ///< blocks that were signed at least
  Origin origin = Origin::here;
  std::string place;  ///< of the data directory that signs (feed::directory_marker())
  bool operator==(const KeyMark&) const = default;
};

/// The marks of a directory of keys. Safe beside another process that reads.
class KeyMarks {
 public:
  explicit KeyMarks(std::filesystem::path directory) : directory_(std::move(directory)) {}

  /// nullopt when there is none. A file that cannot be understood is Code::corrupt.
  [[nodiscard]] Result<std::optional<KeyMark>> read(const std::string& name) const;
  /// Durable when it returns. Code::no_space, Code::io.
  [[nodiscard]] Result<void> write(const std::string& name, const KeyMark& mark) const;

 private:
  [[nodiscard]] std::filesystem::path file_of(const std::string& name) const;

  std::filesystem::path directory_;
};

}  // namespace shoal::node
