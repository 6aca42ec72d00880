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

/// One want of ours at one peer: what was asked, what may come next, and the rules that an honest answer keeps
/// (docs/PROTOCOL.md, "Serving a want"). Knows nothing of the feed's content.
class FetchWant {
 public:
  struct Ask {
    PeerId peer{0};
    Purpose purpose = Purpose::full;
    feed::Checkpoint proof;  ///< head that the blocks are proven under
    std::uint64_t base = 0;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    std::vector<TopicPartition> streams;  ///< empty: all topics
    bool headers_only = false;
    std::uint64_t window = 0;  ///< bytes of credit to begin with
    Urgency urgency = Urgency::normal;
    std::uint32_t push_limit = kPushAll;  ///< of a live want
  };
  FetchWant(std::uint64_t id, Ask ask, base::MonoTime now);

  [[nodiscard]] Want message() const;
  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] const Ask& ask() const { return ask_; }
  [[nodiscard]] std::uint64_t next() const { return next_; }
  [[nodiscard]] bool live() const { return ask_.purpose == Purpose::live; }
  /// All that was asked for is there; only the end is still to come.
  [[nodiscard]] bool finished() const;
  /// Something of it came.
  [[nodiscard]] bool begun() const { return begun_; }
  /// A live want has begun with a head and not yet brought all of it.
  [[nodiscard]] bool unfinished_run() const;
  /// What a live want brought or is about to bring begins to be missing here: others need not be asked below its head.
  [[nodiscard]] std::uint64_t front() const { return piece_block_ ? piece_block_->value() : next_; }
  [[nodiscard]] base::MonoTime asked() const { return asked_; }
  [[nodiscard]] base::MonoTime progress() const { return progress_; }
  /// Bytes that the block lacks whose pieces are coming; 0 without one.
  [[nodiscard]] std::uint64_t missing_of_pieces() const {
    return piece_block_ ? piece_header_.payload_size - pieces_.size() : 0;
  }

  /// Code::unverified, with words for the blame, unless the run is what this want may bring next. Moves proof head and
  /// base on when the run carries a head.
  [[nodiscard]] Result<void> check_run(const Data& data, std::size_t wire_size);
  /// The run proved: steps behind it.
  void run_taken(const Data& data, base::MonoTime now);
  /// The same two steps for a push; `head` is what it led to.
  [[nodiscard]] Result<void> check_push(std::size_t wire_size);
  void begin_head(const feed::Checkpoint& head);
  /// From now on pushes may come: true the first time.
  [[nodiscard]] bool begin_compact() { return !std::exchange(compact_, true); }
  /// The same for pieces.
  [[nodiscard]] Result<void> check_piece(const Piece& piece, std::size_t wire_size);
  /// Returns the payload once it is whole.
  [[nodiscard]] std::optional<Bytes> piece_taken(Piece&& piece, base::MonoTime now);
  [[nodiscard]] const feed::BlockHeader& piece_header() const { return piece_header_; }

  /// Credit to grant now, so that `window` bytes may come; 0 when half of that is left.
  [[nodiscard]] std::uint64_t renew(std::uint64_t window);
  /// What may still come.
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
