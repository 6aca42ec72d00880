#include "replication/fetch/fetch_want.h"

#include "base/bytes.h"
#include "base/try.h"

namespace shoal::replication {
namespace {

Error lie(const char* what) { return Error{Code::unverified, what}; }

}  // namespace

FetchWant::FetchWant(std::uint64_t id, Ask ask, base::MonoTime now)
    : id_(id), ask_(std::move(ask)), next_(ask_.begin), credit_(ask_.window), asked_(now), progress_(now) {}

Want FetchWant::message() const {
  Want want;
  want.want = id_;
  want.tree_size = ask_.proof.tree_size;
  want.base = ask_.base;
  want.begin = ask_.begin;
  want.end = ask_.end;
  want.live = live();
  want.headers_only = ask_.headers_only;
  want.credit = ask_.window;
  want.all_topics = ask_.streams.empty();
  want.streams = ask_.streams;
  want.urgency = ask_.urgency;
  want.push_limit = ask_.push_limit;
  return want;
}

bool FetchWant::finished() const { return !live() && !piece_block_ && ask_.streams.empty() && next_ >= ask_.end; }

bool FetchWant::unfinished_run() const {
  return live() && (piece_block_ || (ask_.streams.empty() && next_ < ask_.proof.tree_size));
}

Result<void> FetchWant::spend(std::size_t wire_size) {
  if (wire_size > credit_) return lie("bytes that were not granted");
  credit_ -= wire_size;
  return {};
}

Result<void> FetchWant::check_run(const Data& data, std::size_t wire_size) {
  SHOAL_CHECK(spend(wire_size));
  if (piece_block_) return lie("a run in the middle of a block's pieces");
  if (data.with_head) {
    if (!live() || data.head.epoch != ask_.proof.epoch || data.head.tree_size <= ask_.proof.tree_size) {
      return lie("a head that this want cannot bring");
    }
    if (ask_.streams.empty() && next_ != ask_.proof.tree_size) return lie("a new head before the blocks of the last");
    begin_head(data.head);
  } else if (data.blocks.empty()) {
    return lie("a run without blocks");
  }
  if (data.tree_size != ask_.proof.tree_size) return lie("a run under another tree size");
  if (data.base != ask_.base) return lie("a run from another base");
  return check_blocks(data);
}

void FetchWant::begin_head(const feed::Checkpoint& head) {
  ask_.base = ask_.proof.tree_size;
  next_ = std::max(next_, ask_.proof.tree_size);
  ask_.proof = head;
}

Result<void> FetchWant::check_push(std::size_t wire_size) {
  SHOAL_CHECK(spend(wire_size));
  if (!compact_) return lie("a push that was not asked for");
  if (piece_block_ || next_ != ask_.proof.tree_size) return lie("a push before the blocks of the last head");
  return {};
}

Result<void> FetchWant::check_blocks(const Data& data) const {
  std::uint64_t next = next_;
  const std::uint64_t limit = live() ? ask_.proof.tree_size : ask_.end;
  for (std::size_t i = 0; i < data.blocks.size(); ++i) {
    const DataBlock& block = data.blocks[i];
    const std::uint64_t index = block.index.value();
    if (index < next || index >= limit) return lie("a block that was not asked for");
    if (ask_.streams.empty() && index != next) return lie("a run with a hole");
    if (ask_.headers_only && block.form != PayloadForm::absent) return lie("a payload that was not asked for");
    if (!ask_.headers_only && block.form == PayloadForm::absent && (!live() || ask_.push_limit == kPushAll)) {
      return lie("a block without its payload");
    }
    if (block.form == PayloadForm::pieces && i + 1 != data.blocks.size()) return lie("pieces inside a run");
    next = index + 1;
  }
  return {};
}

void FetchWant::run_taken(const Data& data, base::MonoTime now) {
  progress_ = now;
  begun_ = true;
  if (data.blocks.empty()) return;
  const std::uint64_t first = data.blocks.front().index.value();
  next_ = data.blocks.back().index.value() + 1;
  if (ask_.streams.empty() && first == ask_.base) ask_.base = next_;
  if (data.blocks.back().form != PayloadForm::pieces) return;
  // The header proved a moment ago; it decodes.
  Result<feed::BlockHeader> header = feed::decode_header(data.blocks.back().header);
  if (!header) return;
  piece_block_ = data.blocks.back().index;
  piece_header_ = std::move(*header);
  pieces_.clear();
  pieces_.reserve(piece_header_.payload_size);
  next_piece_ = 0;
}

Result<void> FetchWant::check_piece(const Piece& piece, std::size_t wire_size) {
  SHOAL_CHECK(spend(wire_size));
  if (piece_block_ != piece.block || piece.piece != next_piece_) return lie("a piece that was not due");
  return feed::verify_piece(piece_header_, piece.piece, piece.bytes, piece.path);
}

std::optional<Bytes> FetchWant::piece_taken(Piece&& piece, base::MonoTime now) {
  progress_ = now;
  base::append(pieces_, piece.bytes);
  ++next_piece_;
  if (next_piece_ < feed::piece_count(piece_header_.payload_size)) return std::nullopt;
  piece_block_.reset();
  return std::move(pieces_);
}

std::uint64_t FetchWant::renew(std::uint64_t window) {
  if (credit_ > window / 2 || finished()) return 0;
  const std::uint64_t more = window - credit_;
  credit_ = window;
  return more;
}

}  // namespace shoal::replication
