#pragma once

#include "replication/peers/replicator_core.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

namespace shoal::replication {

/// What a want is for.
enum class Purpose : std::uint8_t {
  full,    ///< of FullFollower: a portion of the whole feed
  sparse,  ///< of SparseFollower: blocks of some topics
  live,    ///< of LiveFetcher: whatever comes
  single,  ///< of OffsetFetches: one block
};

/// One want of ours at one peer: what was requested, which message may come next, and how many bytes.
///
/// It checks the rules of docs/PROTOCOL.md, "Serving a want", before anything is hashed or stored: order, range, base,
/// tree size, forms of payload, credit. A message that breaks one is a lie whatever the feed contains, so the peer is
/// blamed at once; without these checks a peer could make us hash and store blocks that nobody asked for.
class FetchWant {
 public:
  struct Ask {
    PeerId peer{0};
    Purpose purpose = Purpose::full;
    feed::Checkpoint proof;  ///< the head under which the blocks are proven
    std::uint64_t base = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::vector<TopicPartition> streams;  ///< empty: all topics
    bool headers_only = false;
    std::uint64_t window = 0;  ///< initial credit in bytes; 0: BlockFetcher chooses
    Urgency urgency = Urgency::normal;
    std::uint32_t push_limit = kPushAll;  ///< of a live want
  };
  FetchWant(std::uint64_t id, Ask ask, base::MonoTime now);

  [[nodiscard]] Want message() const;
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const Ask& ask() const { return ask_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] bool live() const { return ask_.purpose == Purpose::live; }
  /// Every requested block is here; only WantEnd is due. Never of live wants, nor of wants for some streams.
  [[nodiscard]] bool finished() const;
  /// A run of it came.
  [[nodiscard]] bool begun() const { return begun_; }
  /// A live want that brought some blocks of its head and still owes others.
  [[nodiscard]] bool unfinished_run() const;
  /// The first block whose payload is not complete here.
  [[nodiscard]] std::uint64_t front() const { return piece_block_ ? piece_block_->value() : next_; }
  [[nodiscard]] base::MonoTime asked() const { return asked_; }
  [[nodiscard]] base::MonoTime progress() const { return progress_; }
  /// Bytes that are missing of the block that comes in pieces; 0 when none does.
  [[nodiscard]] std::uint64_t missing_of_pieces() const {
    return piece_block_ ? piece_header_.payload_size - pieces_.size() : 0;
  }

  /// Code::unverified with the reason for the blame unless this run may come next. Spends its size from the credit, and
  /// moves to the new head when the run carries one.
  [[nodiscard]] Result<void> check_run(const Data& data, std::size_t wire_size);
  /// The run was stored: the want goes on behind it.
  void run_taken(const Data& data, base::MonoTime now);
  /// The same two steps for a push; `head` is the one that it proved.
  [[nodiscard]] Result<void> check_push(std::size_t wire_size);
  void begin_head(const feed::Checkpoint& head);
  /// Allows pushes from now on; true the first time.
  [[nodiscard]] bool begin_compact() { return !std::exchange(compact_, true); }
  /// The same for pieces.
  [[nodiscard]] Result<void> check_piece(const Piece& piece, std::size_t wire_size);
  /// Returns the payload once it is whole.
  [[nodiscard]] std::optional<Bytes> piece_taken(Piece&& piece, base::MonoTime now);
  [[nodiscard]] const feed::BlockHeader& piece_header() const { return piece_header_; }

  /// Bytes to grant now so that `window` may come; 0 while more than half of that is left.
  [[nodiscard]] std::uint64_t renew(std::uint64_t window);
  /// Bytes that may still come.
  [[nodiscard]] std::uint64_t credit() const { return finished() ? 0 : credit_; }

 private:
  [[nodiscard]] Result<void> check_blocks(const Data& data) const;
  [[nodiscard]] Result<void> spend(std::size_t wire_size);

  std::uint64_t id_;
  Ask ask_;
  std::uint64_t next_;
  std::uint64_t credit_;
  base::MonoTime asked_;
  base::MonoTime progress_;
  bool begun_ = false;
  bool compact_ = false;  ///< pushes may come
  std::optional<BlockIndex> piece_block_;
  feed::BlockHeader piece_header_;
  Bytes pieces_;
  std::uint32_t next_piece_ = 0;
};

}  // namespace shoal::replication
