#include "feed/format/contradiction.h"

#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"

#include <algorithm>
#include <string_view>

namespace shoal::feed {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kFixedSize = 1 + kCheckpointSize + 8 + 1;

Error bad(std::string_view what) { return Error{Code::unverified, "note of a contradiction: " + std::string(what)}; }

}  // namespace

Bytes encode_contradiction(const Contradiction& note) {
  const std::string_view reason = std::string_view(note.reason).substr(0, kMaxContradictionReason);
  base::WireWriter out(kFixedSize + reason.size());
  out.u8(kVersion);
  out.bytes(encode_checkpoint(note.head));
  out.u64(note.block ? note.block->value() + 1 : 0);
  out.u8(static_cast<std::uint8_t>(reason.size()));
  out.bytes(base::as_bytes(reason));
  return std::move(out).take();
}

Result<Contradiction> decode_contradiction(ByteView bytes) {
  if (bytes.size() > kFixedSize + kMaxContradictionReason) return bad("too long");
  base::WireReader in(bytes);
  if (in.u8() != kVersion) return bad("unknown version");
  const ByteView head = in.bytes(kCheckpointSize);
  const std::uint64_t block = in.u64();
  Contradiction note;
  note.reason = std::string(base::as_text(in.bytes(in.u8())));
  if (!in.finished()) return bad("wrong size");
  SHOAL_TRY(note.head, decode_checkpoint(head));
  if (block > note.head.tree_size) return bad("a block beyond its head");
  if (block != 0) note.block = BlockIndex{block - 1};
  return note;
}

std::string describe(const Contradiction& note) {
  const std::string where = note.block ? "at block " + std::to_string(note.block->value()) + ", " : "";
  return where + "under the head of size " + std::to_string(note.head.tree_size) + ": " + note.reason;
}

Error contradiction_error(const FeedId& feed, const Contradiction& note) {
  return Error{Code::contradiction, "the owner of feed " + feed.hex() + " contradicts himself " + describe(note),
               "what was verified before stays readable; nothing more is taken of the feed"};
}

}  // namespace shoal::feed
