#pragma once

#include "feed/format/leaf_tree.h"
#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <list>

namespace shoal::replication {

/// Payloads that are being sent in pieces. A payload is read and hashed once; its piece tree (two hashes a piece) stays
/// longer than its bytes, so when peers at many blocks push each other's payloads out, one that is read again is
/// checked by the piece, not hashed whole. Bounded, whatever peers request.
class PayloadCache {
 public:
  /// Of payloads; one payload at least.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
  /// Piece trees: 8 KiB each for the largest payload.
  static constexpr std::size_t kMaxTrees = 256;

  /// Fills in the bytes and the path of the piece that `piece` names by block and number. Errors are
  /// FeedReader::payload's.
  [[nodiscard]] Result<void> read(const feed::FeedReader& reader, Piece& piece);
  /// Nobody is in the middle of a payload.
  void clear();

 private:
  struct Payload {
    BlockIndex block{0};
    Bytes bytes;
    bool hashed = false;  ///< as a whole
  };
  struct Tree {
    BlockIndex block{0};
    feed::LeafTree pieces;
  };

  [[nodiscard]] Result<Payload*> payload_of(const feed::FeedReader& reader, BlockIndex block);
  [[nodiscard]] Result<Tree*> tree_of(const feed::FeedReader& reader, Payload& payload);

  std::list<Payload> payloads_;  // newest use first
  std::list<Tree> trees_;        // newest use first
  std::size_t bytes_ = 0;        // of payloads_
};

}  // namespace shoal::replication
