#include "replication/serve/payload_cache.h"

#include "base/try.h"
#include "merkle/inclusion_proof.h"

#include <algorithm>
#include <iterator>
#include <utility>

namespace shoal::replication {
namespace {

ByteView piece_of(const Bytes& payload, std::uint32_t number) {
  const std::size_t begin = std::min(payload.size(), std::size_t{number} * feed::kPieceSize);
  return ByteView(payload).subspan(begin, std::min(feed::kPieceSize, payload.size() - begin));
}

/// The entry of the block, moved to the front; null when there is none.
template <class Entry>
Entry* use(std::list<Entry>& entries, BlockIndex block) {
  const auto found =
      std::find_if(entries.begin(), entries.end(), [&](const Entry& each) { return each.block == block; });
  if (found == entries.end()) return nullptr;
  entries.splice(entries.begin(), entries, found);
  return &entries.front();
}

/// Our disk changed its mind: reading it whole says what is damaged, and notes it.
Error damage_of(const feed::FeedReader& reader, BlockIndex block) {
  const auto whole = reader.payload(block);
  if (!whole) return whole.error();
  return Error{Code::corrupt, "the payload of block " + std::to_string(block.value()) + " was read damaged"};
}

}  // namespace

Result<bool> PayloadCache::read(const feed::FeedReader& reader, Piece& piece, ReadTurn& turn) {
  SHOAL_TRY(Payload* const payload, payload_of(reader, piece.block, turn));
  if (payload == nullptr) return false;
  SHOAL_TRY(const Tree* const tree, tree_of(reader, *payload));
  const ByteView bytes = piece_of(payload->bytes, piece.piece);
  if (!payload->hashed) {
    SHOAL_TRY(const auto leaf, tree->pieces.read({merkle::NodeId{0, piece.piece}}));
    if (leaf.front() != merkle::leaf_hash(bytes)) {
      clear();
      return damage_of(reader, piece.block);
    }
  }
  SHOAL_TRY(piece.path, merkle::prove_inclusion(tree->pieces, piece.piece, tree->pieces.size()));
  piece.bytes.assign(bytes.begin(), bytes.end());
  payload->used = turn.now();
  payload->finished = piece.piece + 1 == tree->pieces.size();
  turn.repay(bytes.size());
  return true;
}

void PayloadCache::clear() {
  payloads_.clear();
  trees_.clear();
  bytes_ = 0;
}

bool PayloadCache::make_room(base::MonoTime now) {
  while (bytes_ + feed::kMaxPayloadSize > kMaxBytes) {
    const auto had_its_turn = [&](const Payload& one) {
      return one.finished || now - one.used >= kQuiet || now - one.loaded >= kTurn;
    };
    const auto goes = std::find_if(payloads_.rbegin(), payloads_.rend(), had_its_turn);
    if (goes == payloads_.rend()) return false;
    bytes_ -= goes->bytes.size();
    payloads_.erase(std::next(goes).base());
  }
  return true;
}

Result<PayloadCache::Payload*> PayloadCache::payload_of(const feed::FeedReader& reader, BlockIndex block,
                                                        ReadTurn& turn) {
  if (Payload* const known = use(payloads_, block)) return known;
  if (!turn.left() || !make_room(turn.now())) return nullptr;
  SHOAL_TRY(Bytes bytes, reader.stored_payload(block));
  turn.spend(bytes.size());
  bytes_ += bytes.size();
  payloads_.push_front({block, std::move(bytes), false, turn.now(), turn.now()});
  return &payloads_.front();
}

Result<PayloadCache::Tree*> PayloadCache::tree_of(const feed::FeedReader& reader, Payload& payload) {
  if (Tree* const known = use(trees_, payload.block)) return known;
  Tree tree{payload.block, {}};
  const std::uint32_t count = feed::piece_count(static_cast<std::uint32_t>(payload.bytes.size()));
  for (std::uint32_t i = 0; i < count; ++i) tree.pieces.append(merkle::leaf_hash(piece_of(payload.bytes, i)));
  SHOAL_TRY(const feed::BlockHeader header, reader.header(payload.block));
  if (payload.bytes.size() != header.payload_size || tree.pieces.root() != header.payload_root) {
    const BlockIndex block = payload.block;
    clear();
    return damage_of(reader, block);
  }
  payload.hashed = true;
  trees_.push_front(std::move(tree));
  if (trees_.size() > kMaxTrees) trees_.pop_back();
  return &trees_.front();
}

}  // namespace shoal::replication
