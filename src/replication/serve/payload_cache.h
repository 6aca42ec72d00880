#pragma once

#include "feed/format/leaf_tree.h"
#include "feed/read/feed_reader.h"

#include <cstddef>
#include <list>
#include <memory>

namespace shoal::replication {

/// LRU cache of payloads that are being sent in pieces, with their piece trees, so that a payload is read and hashed
/// once instead of once per piece. At most kMaxBytes, or one payload, whatever peers request.
class PayloadCache {
 public:
  static constexpr std::size_t kMaxBytes = std::size_t{32} << 20;

  struct Entry {
    BlockIndex block{0};
    Bytes payload;
    feed::LeafTree pieces;
  };

  /// Errors are FeedReader::payload's.
  [[nodiscard]] Result<std::shared_ptr<const Entry>> get(const feed::FeedReader& reader, BlockIndex block);

 private:
  std::list<std::shared_ptr<const Entry>> recent_;  // newest first
  std::size_t bytes_ = 0;
};

}  // namespace shoal::replication
