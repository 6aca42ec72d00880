#include "replication/serve/served_want.h"

#include "base/try.h"
#include "merkle/inclusion_proof.h"
#include "replication/serve/compact_push.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace shoal::replication {
namespace {

/// A run is at most one message of about the size of a piece, so that urgent messages never wait long behind it.
constexpr std::size_t kMaxRunBytes = kMaxPlainMessage;

/// No run has fewer bytes: the fields of a data message.
constexpr std::uint64_t kSmallestRun = 32;

/// Hashes that prove one of `count` leaves (RFC 9162, 2.1.3.1).
std::size_t path_length(std::uint64_t leaf, std::uint64_t count) {
  std::size_t length = 0;
  for (; count > 1; ++length) {
    const std::uint64_t left = std::bit_floor(count - 1);
    count = leaf < left ? left : count - left;
    leaf = leaf < left ? leaf : leaf - left;
  }
  return length;
}

}  // namespace

ServedWant::ServedWant(const feed::FeedReader& reader, const Want& want)
    : reader_(reader),
      id_(want.want),
      proof_size_(want.tree_size),
      base_(want.base),
      next_(want.begin),
      end_(want.end),
      live_(want.live),
      urgency_(want.urgency),
      push_limit_(want.live ? want.push_limit : kPushAll),
      headers_only_(want.headers_only),
      credit_(want.credit) {
  if (!want.all_topics) streams_.emplace(reader, want.streams);
  sent_all_ = live_ && next_ >= proof_size_;
}

Result<void> ServedWant::check(const Want& want) {
  const bool sizes = want.tree_size < merkle::kMaxTreeSize && want.base <= want.begin && want.begin <= want.tree_size;
  const bool range = want.live || (want.begin < want.end && want.end <= want.tree_size);
  const bool topics = want.all_topics == want.streams.empty();
  if (want.want == 0 || !sizes || !range || !topics) return Error{Code::unverified, "a want that nobody can serve"};
  return {};
}

void ServedWant::add_credit(std::uint64_t bytes) {
  if (bytes > 0) starved_ = false;
  credit_ += std::min(bytes, std::numeric_limits<std::uint64_t>::max() - credit_);
}

bool ServedWant::rearm() {
  const std::optional<feed::Checkpoint> head = reader_.head();
  if (!head || head->tree_size <= proof_size_) return false;
  // The reader learned the edge at the last head's size when it verified that head.
  base_ = proof_size_;
  proof_size_ = head->tree_size;
  head_to_send_ = head;
  sent_all_ = false;
  return true;
}

ServedWant::Step ServedWant::starve() {
  starved_ = true;
  return Step(Wait{});
}

Result<ServedWant::Step> ServedWant::next(PayloadCache& payloads, ReadTurn& turn) {
  if (starved_) return Step(Wait{});
  if (in_pieces()) return next_piece(payloads, turn);
  if (live_ && sent_all_ && !rearm()) return Step(Wait{});
  return next_run(turn);
}

Result<ServedWant::Step> ServedWant::next_piece(PayloadCache& payloads, ReadTurn& turn) {
  Piece piece;
  piece.want = id_;
  piece.block = piece_block_;
  piece.piece = next_piece_;
  const std::size_t begin = std::size_t{next_piece_} * feed::kPieceSize;
  const std::size_t bytes = std::min<std::size_t>(feed::kPieceSize, pieced_payload_ - begin);
  const std::size_t size =
      encoded_size(piece) + bytes + 32 * path_length(next_piece_, feed::piece_count(pieced_payload_));
  if (size > credit_) return starve();
  SHOAL_TRY(const bool read, payloads.read(reader_, piece, turn));
  if (!read) return Step(Wait{.later = true});
  credit_ -= size;
  ++next_piece_;
  return Step(std::move(piece));
}

Result<StreamMerge::Next> ServedWant::candidate(std::uint64_t limit, ReadTurn& turn) {
  if (streams_) return streams_->next(next_, limit, turn);
  return StreamMerge::Next{next_ < limit ? std::optional<BlockIndex>(BlockIndex{next_}) : std::nullopt};
}

Result<ServedWant::Rest> ServedWant::collect(RunBuilder& run, std::uint64_t limit, ReadTurn& turn) {
  while (true) {
    SHOAL_TRY(const StreamMerge::Next found, candidate(limit, turn));
    if (found.later) return Rest::later;
    if (!found.block) return Rest::none;
    const BlockIndex block = *found.block;
    SHOAL_TRY(const RunBuilder::Add added, run.add(block));
    if (added == RunBuilder::Add::full) return Rest::some;
    if (added == RunBuilder::Add::not_held) return Rest::not_held;
    next_ = block.value() + 1;
    if (added == RunBuilder::Add::last) {
      piece_block_ = block;
      next_piece_ = 0;
      pieced_payload_ = run.pieced_payload();
      return Rest::some;
    }
  }
}

Result<ServedWant::Step> ServedWant::next_run(ReadTurn& turn) {
  const std::uint64_t limit = live_ ? proof_size_ : end_;
  // Nothing is read for a want that no block can be sent of. That some topics have no more blocks costs no credit to
  // say.
  const bool may_end = streams_ && !live_ && begun_;
  if (credit_ < kSmallestRun && next_ < limit && !may_end) return starve();
  const std::uint64_t begin = next_;
  const bool with_head = head_to_send_.has_value();
  const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kMaxRunBytes, credit_));
  RunBuilder run(reader_, {base_, proof_size_, room, with_head, headers_only_, push_limit_});
  SHOAL_TRY(const Rest rest, collect(run, limit, turn));
  const bool all = rest == Rest::none;
  if (run.empty()) {
    // Any single block fits into a whole message, so this one only lacks credit.
    if (rest == Rest::some) return starve();
    if (rest == Rest::later) return Step(Wait{.later = true});
    if (rest == Rest::not_held) return Step(WantEnd{id_, EndReason::not_held});
    if (!live_) return Step(WantEnd{id_, EndReason::done});
    if (!with_head) {
      sent_all_ = true;
      return rearm() ? next_run(turn) : Result<Step>(Step(Wait{}));
    }
  }
  Result<Data> data = run.finish();
  if (!data) {
    if (data.error().code == Code::not_found) return Step(WantEnd{id_, EndReason::not_held});
    return data.error();
  }
  data->want = id_;
  if (with_head) data->head = *std::exchange(head_to_send_, std::nullopt);
  std::optional<Push> push;
  if (compact_ && with_head && all && begin == data->base) push = compact_push(reader_, *data);
  const std::size_t size = push ? encoded_size(*push) : encoded_size(*data);
  if (size > credit_) {
    // Only a head without blocks can be larger than the room: it waits for credit.
    head_to_send_ = data->head;
    return starve();
  }
  credit_ -= size;
  begun_ = true;
  if (with_head) sent_head_ = data->head;
  if (!streams_ && begin == base_ && next_ > begin) base_ = next_;
  sent_all_ = all && live_ && !in_pieces();
  if (all && live_ && streams_) next_ = proof_size_;
  return push ? Step(std::move(*push)) : Step(std::move(*data));
}

}  // namespace shoal::replication
