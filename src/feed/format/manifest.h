#pragma once

#include "feed/format/block.h"

#include <cstdint>
#include <map>
#include <string>
#include <vector>

/// What a feed says of itself (docs/FORMAT.md, "Manifest"): JSON of at most 64 KiB in a manifest block.
namespace shoal::feed {

struct ManifestTopic {
  std::string name;
  std::uint32_t partitions = 1;
  std::string content_type;
  std::string schema_id;

  auto operator<=>(const ManifestTopic&) const = default;
};

struct Manifest {
  std::string title;
  std::string description;
  std::string licence;
  std::string contact;
  std::string home_page;
  std::string successor;  ///< hex hash of an offline key that may later take over; empty when none
  std::vector<ManifestTopic> topics;

  auto operator<=>(const Manifest&) const = default;
};

/// Stable JSON, keys in a fixed order, empty members left out.
std::string encode_manifest(const Manifest& manifest);
/// Unknown members are ignored. Code::unverified for malformed JSON, wrong types, illegal or repeated topics, counts
/// out of range, more than kMaxManifestSize bytes.
[[nodiscard]] Result<Manifest> decode_manifest(ByteView json);

}  // namespace shoal::feed
