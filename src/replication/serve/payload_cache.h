#pragma once

#include "feed/format/leaf_tree.h"
#include "feed/read/feed_reader.h"
#include "replication/peers/read_budget.h"
#include "replication/wire/message.h"

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <list>

namespace shoal::replication {

/// Payloads that are being sent in pieces. A payload is read and hashed once; its piece tree (two hashes a piece) stays
/// longer than its bytes, so when peers at many blocks push each other's payloads out, one that is read again is
/// checked by the piece, not hashed whole. Bounded, whatever peers request.
///
/// Reading a payload is spent from the ReadTurn of the peer that it is read for, and each piece repays its bytes: who
/// takes all of a payload pays nothing, who takes one piece of each pays for the rest. And a payload has its turn:
/// while pieces of it are taken it is not pushed out for kTurn. Otherwise, with more payloads in service than the cache
/// holds, each piece would cost a whole payload.
class PayloadCache {
 public:
  /// Of payloads; one payload at least.
  static constexpr std::size_t kMaxBytes = std::size_t{64} << 20;
  /// Piece trees: 8 KiB each for the largest payload.
  static constexpr std::size_t kMaxTrees = 256;

  /// A payload stays this long while pieces of it are taken, at least one each kQuiet.
  static constexpr base::MonoTime kTurn = std::chrono::seconds(1);
  static constexpr base::MonoTime kQuiet = std::chrono::milliseconds(250);

  /// Fills in the bytes and the path of the piece that `piece` names by block and number; false when its payload is not
  /// here and cannot be read now. Errors are FeedReader::payload's.
  [[nodiscard]] Result<bool> read(const feed::FeedReader& reader, Piece& piece, ReadTurn& turn);
  /// Nobody is in the middle of a payload.
  void clear();

 private:
  struct Payload {
    BlockIndex block{0};
    Bytes bytes;
    bool hashed = false;  ///< as a whole
    base::MonoTime loaded{0};
    base::MonoTime used{0};
    bool finished = false;  ///< its last piece was taken, and none since
  };
  struct Tree {
    BlockIndex block{0};
    feed::LeafTree pieces;
  };

  /// Null when it cannot be read now.
  [[nodiscard]] Result<Payload*> payload_of(const feed::FeedReader& reader, BlockIndex block, ReadTurn& turn);
  /// Pushes out what had its turn until one more has room; false when too little had.
  [[nodiscard]] bool make_room(base::MonoTime now);
  [[nodiscard]] Result<Tree*> tree_of(const feed::FeedReader& reader, Payload& payload);

  std::list<Payload> payloads_;  // newest use first
  std::list<Tree> trees_;        // newest use first
  std::size_t bytes_ = 0;        // of payloads_
};

}  // namespace shoal::replication
