#pragma once

#include "replication/serve/payload_cache.h"
#include "replication/serve/run_builder.h"
#include "replication/serve/stream_merge.h"

#include <cstdint>
#include <optional>
#include <variant>

namespace shoal::replication {

/// One want of a peer as this side serves it: where it stands, and the next message for it. State only; reads the feed
/// when asked for a message. docs/PROTOCOL.md, "Serving a want", has the rules for `base`.
class ServedWant {
 public:
  /// `want` passed check().
  ServedWant(const feed::FeedReader& reader, const Want& want);

  /// Code::unverified when no honest reader asks so.
  [[nodiscard]] static Result<void> check(const Want& want);

  /// Nothing to send now: no credit, or a live want that is up to date.
  struct Wait {};
  using Step = std::variant<Wait, Data, Push, Piece, WantEnd>;
  /// The next message, its size within the credit, which it takes. An Error is damage of our own.
  [[nodiscard]] Result<Step> next(PayloadCache& payloads);
  void add_credit(std::uint64_t bytes);
  /// The reader has the topic state: runs that need no more go out as Push.
  void make_compact() { compact_ = live_ && !streams_; }
  /// The head of the newest run that carried one.
  [[nodiscard]] const feed::Checkpoint& sent_head() const { return sent_head_; }

  [[nodiscard]] std::uint64_t id() const { return id_; }
  [[nodiscard]] bool live() const { return live_; }
  /// It counts among those that are given large new blocks.
  void set_paced(bool paced) { paced_ = paced; }
  [[nodiscard]] bool paced() const { return paced_; }
  [[nodiscard]] Urgency urgency() const { return urgency_; }
  /// Something that was begun is still to be sent.
  [[nodiscard]] bool in_the_middle() const { return next_piece_ < piece_count_ || (live_ && !sent_all_); }

 private:
  [[nodiscard]] bool rearm();
  [[nodiscard]] Result<Step> next_piece(PayloadCache& payloads);
  [[nodiscard]] Result<Step> next_run();
  enum class Rest : std::uint8_t { none, some, not_held };
  /// Fills the run and says what is left below `limit`.
  [[nodiscard]] Result<Rest> collect(RunBuilder& run, std::uint64_t limit);
  [[nodiscard]] Result<std::optional<BlockIndex>> candidate(std::uint64_t limit);

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
  bool sent_all_ = false;  ///< everything below the limit; a live want waits then for a head
  BlockIndex piece_block_{0};
  std::uint32_t next_piece_ = 0;
  std::uint32_t piece_count_ = 0;
};

}  // namespace shoal::replication
