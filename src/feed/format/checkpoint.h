#pragma once

#include "crypto/hash.h"
#include "crypto/signature.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

/// Signed heads (docs/FORMAT.md, "Checkpoint"; C2SP tlog-checkpoint and signed-note).
namespace shoal::feed {

using crypto::Digest;

/// The owner's statement of tree size, root and topic state at a time. A heartbeat is the same statement with a newer
/// time. Comparing two of them needs the feed's id beside them.
struct Checkpoint {
  Epoch epoch{0};
  std::uint64_t tree_size = 0;
  Digest root;
  UnixMs time{0};
  std::uint32_t topic_count = 0;  ///< entries of the topic state, the reserved one included
  Digest topic_root;
  crypto::Signature signature;

  auto operator<=>(const Checkpoint&) const = default;
  /// True when both state the same history: epoch, size, root and topic state, whatever their times.
  [[nodiscard]] bool same_history(const Checkpoint& other) const;
};

/// Size of the compact form.
inline constexpr std::size_t kCheckpointSize = 153;

/// `shoalcast/feed/<hex>` and, from epoch 1 on, `/<epoch>`.
std::string checkpoint_origin(const FeedId& feed, Epoch epoch);
/// The text that is signed.
std::string note_text(const FeedId& feed, const Checkpoint& head);
/// Text and signature line.
std::string signed_note(const FeedId& feed, const Checkpoint& head);
/// Reads a signed note of any feed and verifies its signature. Code::unverified.
struct ParsedNote {
  FeedId feed;
  Checkpoint head;
};
[[nodiscard]] Result<ParsedNote> parse_signed_note(std::string_view note);

/// The compact form that travels and is stored.
Bytes encode_checkpoint(const Checkpoint& head);
/// Structure only; Code::unverified for another version or size.
[[nodiscard]] Result<Checkpoint> decode_checkpoint(ByteView bytes);

/// Code::unverified unless the feed's key signed it and its limits hold.
[[nodiscard]] Result<void> verify_checkpoint(const FeedId& feed, const Checkpoint& head);

}  // namespace shoal::feed
