#pragma once

#include "replication/peers/read_budget.h"
#include "replication/serve/payload_cache.h"
#include "replication/serve/run_builder.h"
#include "replication/serve/stream_merge.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <variant>

namespace shoal::replication {

/// One want of a peer: how far it was served, and its next message (docs/PROTOCOL.md, "Serving a want").
///
/// A run is proven from the right edge at `base`, which the reader holds, so `base` moves with what the reader learned:
/// a run without gaps moves it behind its last block, and a live want moves it to the size of the last head with each
/// new one. If it moved otherwise than the reader expects, the reader could not verify the run. A payload too large for
/// one message follows in pieces, and nothing else of the want comes between. State only: the feed is read in next().
///
/// A want without credit costs nothing until it is granted more: what a message takes is known before its payload is
/// read. Else one peer with sixteen starved wants would have the owner read and hash megabytes for each commit.
class ServedWant {
 public:
  /// `want` passed check().
  ServedWant(const feed::FeedReader& reader, const Want& want);

  /// Code::unverified when no honest reader sends such a want.
  [[nodiscard]] static Result<void> check(const Want& want);

  /// Nothing to send now: no credit, or a live want that is up to date, or (`later`) more is to be read for it first.
  struct Wait {
    bool later = false;
  };
  using Step = std::variant<Wait, Data, Push, Piece, WantEnd>;
  /// The next message; its size is within the credit and is taken from it. An Error is damage of our own store.
  [[nodiscard]] Result<Step> next(PayloadCache& payloads, ReadTurn& turn);
  void add_credit(std::uint64_t bytes);
  /// The reader has the topic state: runs that it can compute from it are sent as Push.
  void make_compact() {
    compact_ = live_ && !streams_;
    starved_ = false;  // a push is smaller
  }
  /// The head of the newest run that carried one.
  [[nodiscard]] const feed::Checkpoint& sent_head() const { return sent_head_; }

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] bool live() const { return live_; }
  /// Counts as an upload of large new blocks (UploadPacer).
  void set_paced(bool paced) { paced_ = paced; }
  [[nodiscard]] bool paced() const { return paced_; }
  [[nodiscard]] Urgency urgency() const { return urgency_; }
  /// A message sequence was begun and not finished: pieces, or the blocks of a head.
  [[nodiscard]] bool in_the_middle() const { return in_pieces() || (live_ && !sent_all_); }
  /// The next message is a piece of a payload.
  [[nodiscard]] bool in_pieces() const { return next_piece_ < feed::piece_count(pieced_payload_); }
  /// It waits for credit.
  [[nodiscard]] bool starved() const { return starved_; }
  /// Bytes that it keeps.
  [[nodiscard]] std::size_t memory() const { return sizeof(*this) + (streams_ ? streams_->memory() : 0); }

 private:
  /// Moves a live want to the newest head; false when there is no newer one.
  [[nodiscard]] bool rearm();
  [[nodiscard]] Result<Step> next_piece(PayloadCache& payloads, ReadTurn& turn);
  /// Nothing until there is more credit.
  [[nodiscard]] Step starve();
  [[nodiscard]] Result<Step> next_run(ReadTurn& turn);
  enum class Rest : std::uint8_t { none, some, not_held, later };
  /// Fills the run; says whether blocks are left below `limit`.
  [[nodiscard]] Result<Rest> collect(RunBuilder& run, std::uint64_t limit, ReadTurn& turn);
  /// The next block of the want below `limit`, if it is held.
  [[nodiscard]] Result<StreamMerge::Next> candidate(std::uint64_t limit, ReadTurn& turn);

  const feed::FeedReader& reader_;
  std::uint64_t id_;
  std::uint64_t proof_size_;
  std::uint64_t base_;
  std::uint64_t next_;
  std::uint64_t end_;
  bool live_;
  Urgency urgency_;
  std::uint32_t push_limit_;
  bool headers_only_;
  bool paced_ = false;
  bool compact_ = false;
  feed::Checkpoint sent_head_;
  std::uint64_t credit_;
  std::optional<StreamMerge> streams_;
  std::optional<feed::Checkpoint> head_to_send_;
  bool begun_ = false;     ///< a run was sent
  bool sent_all_ = false;  ///< all below the limit; a live want then waits for a head
  BlockIndex piece_block_{0};
  std::uint32_t next_piece_ = 0;
  std::uint32_t pieced_payload_ = 0;  ///< bytes of the payload that is sent in pieces
  bool starved_ = false;              ///< the credit was too small, and has not grown since
};

}  // namespace shoal::replication
