#pragma once

#include "feed/format/block.h"
#include "feed/format/checkpoint.h"
#include "feed/read/feed_reader.h"

#include <cstddef>
#include <string>
#include <string_view>

/// One record with all that proves it, as JSON text (docs/FORMAT.md, "Record proof").
namespace shoal::feed {

/// Header and path take some KiB, a payload of 8 MiB grows by a third in base64.
inline constexpr std::size_t kMaxRecordProofSize = std::size_t{12} << 20;

/// A proof whose every part was checked: the head is signed by the feed's key, its tree has the block, the block this
/// payload, and the payload a record at this offset of this stream.
struct RecordProof {
  FeedId feed;
  Checkpoint head;
  BlockIndex block{0};
  BlockHeader header;
  Offset offset{0};  ///< lies in the block
  Bytes payload;     ///< a sound record batch with the header's offsets
};

/// The proof of the record that `block`, which is held with its payload, has at `offset`. Code::not_found when it has
/// none there, and the errors of FeedReader::payload(). Code::unavailable when the accepted head does not reach it.
[[nodiscard]] Result<std::string> make_record_proof(const FeedReader& reader, BlockIndex block, Offset offset);

/// Code::invalid_argument for text that is no JSON, Code::limit_exceeded for one above kMaxRecordProofSize,
/// Code::unverified when anything does not hold. Whose feed it is stands in the result: the caller compares.
[[nodiscard]] Result<RecordProof> check_record_proof(std::string_view text);

}  // namespace shoal::feed
