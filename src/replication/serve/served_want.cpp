#include "replication/serve/served_want.h"

#include "base/try.h"
#include "merkle/inclusion_proof.h"
#include "replication/serve/compact_push.h"

#include <algorithm>
#include <limits>

namespace shoal::replication {
namespace {

/// A run is at most one message of about the size of a piece, so that urgent messages never wait long behind it.
constexpr std::size_t kMaxRunBytes = kMaxPlainMessage;

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
  if (!want.all_topics) streams_.emplace(reader, want.streams, want.begin);
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

Result<ServedWant::Step> ServedWant::next(PayloadCache& payloads) {
  if (next_piece_ < piece_count_) return next_piece(payloads);
  if (live_ && sent_all_ && !rearm()) return Step(Wait{});
  return next_run();
}

Result<ServedWant::Step> ServedWant::next_piece(PayloadCache& payloads) {
  SHOAL_TRY(const auto entry, payloads.get(reader_, piece_block_));
  Piece piece;
  piece.want = id_;
  piece.block = piece_block_;
  piece.piece = next_piece_;
  SHOAL_TRY(piece.path, merkle::prove_inclusion(entry->pieces, next_piece_, entry->pieces.size()));
  const ByteView all = entry->payload;
  const std::size_t at = std::size_t{next_piece_} * feed::kPieceSize;
  const ByteView bytes = all.subspan(at, std::min(feed::kPieceSize, all.size() - at));
  piece.bytes.assign(bytes.begin(), bytes.end());
  const std::size_t size = encoded_size(piece);
  if (size > credit_) return Step(Wait{});
  credit_ -= size;
  ++next_piece_;
  return Step(std::move(piece));
}

Result<std::optional<BlockIndex>> ServedWant::candidate(std::uint64_t limit) {
  std::optional<BlockIndex> none;
  if (!streams_) return next_ < limit ? std::optional<BlockIndex>(BlockIndex{next_}) : none;
  SHOAL_TRY(const std::optional<BlockIndex> block, streams_->peek());
  return block && block->value() < limit ? block : none;
}

Result<ServedWant::Rest> ServedWant::collect(RunBuilder& run, std::uint64_t limit) {
  while (true) {
    SHOAL_TRY(const std::optional<BlockIndex> block, candidate(limit));
    if (!block) return Rest::none;
    SHOAL_TRY(const RunBuilder::Add added, run.add(*block));
    if (added == RunBuilder::Add::full) return Rest::some;
    if (added == RunBuilder::Add::not_held) return Rest::not_held;
    next_ = block->value() + 1;
    if (streams_) streams_->pop();
    if (added == RunBuilder::Add::last) {
      piece_block_ = *block;
      next_piece_ = 0;
      piece_count_ = run.pieces();
      return Rest::some;
    }
  }
}

Result<ServedWant::Step> ServedWant::next_run() {
  const std::uint64_t limit = live_ ? proof_size_ : end_;
  const std::uint64_t begin = next_;
  const bool with_head = head_to_send_.has_value();
  const std::size_t room = static_cast<std::size_t>(std::min<std::uint64_t>(kMaxRunBytes, credit_));
  RunBuilder run(reader_, {base_, proof_size_, room, with_head, headers_only_, push_limit_});
  SHOAL_TRY(const Rest rest, collect(run, limit));
  const bool all = rest == Rest::none;
  if (run.empty()) {
    // Any single block fits into a whole message, so this one only lacks credit.
    if (rest == Rest::some) return Step(Wait{});
    if (rest == Rest::not_held) return Step(WantEnd{id_, EndReason::not_held});
    if (!live_) return Step(WantEnd{id_, EndReason::done});
    if (!with_head) {
      sent_all_ = true;
      return rearm() ? next_run() : Result<Step>(Step(Wait{}));
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
    return Step(Wait{});
  }
  credit_ -= size;
  if (with_head) sent_head_ = data->head;
  if (!streams_ && begin == base_ && next_ > begin) base_ = next_;
  sent_all_ = all && live_ && next_piece_ >= piece_count_;
  if (all && live_ && streams_) next_ = proof_size_;
  return push ? Step(std::move(*push)) : Step(std::move(*data));
}

}  // namespace shoal::replication
