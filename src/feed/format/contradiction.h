#pragma once

#include "feed/format/checkpoint.h"

#include <cstddef>
#include <optional>
#include <string>

/// What is kept of an owner who signed what contradicts itself (docs/FORMAT.md, "Store").
namespace shoal::feed {

/// A note for people, made from what was proven to be signed. It is no proof that travels: whoever wants to see for
/// himself fetches the feed.
struct Contradiction {
  Checkpoint head;                  ///< signed by the owner; what contradicts lies under it
  std::optional<BlockIndex> block;  ///< with which it showed; nullopt: with the topic state
  std::string reason;               ///< at most kMaxContradictionReason bytes
  bool operator==(const Contradiction&) const = default;
};

inline constexpr std::size_t kMaxContradictionReason = 200;

/// A longer reason is cut.
[[nodiscard]] Bytes encode_contradiction(const Contradiction& note);
/// Code::unverified for anything else than one note.
[[nodiscard]] Result<Contradiction> decode_contradiction(ByteView bytes);
/// "at block 12, under the head of size 20: REASON".
[[nodiscard]] std::string describe(const Contradiction& note);
/// What users of the feed get.
[[nodiscard]] Error contradiction_error(const FeedId& feed, const Contradiction& note);

}  // namespace shoal::feed
