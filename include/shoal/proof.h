#pragma once

#include <shoal/records.h>
#include <shoal/result.h>

#include <optional>
#include <string_view>

namespace shoal {

/// A record that somebody outside a swarm was given, and who vouches for it.
struct VerifiedRecord {
  FeedId feed;                  ///< whose key signed
  UnixMs head_time{0};          ///< when, by the signer's clock
  std::uint64_t tree_size = 0;  ///< blocks under the head that was signed
  Epoch epoch{0};               ///< of that head
  Records records;              ///< exactly one

  /// That one. It lives as long as this.
  [[nodiscard]] const RecordView& record() const { return records.views().front(); }
};

/// Checks what Node::prove() or `shoal prove` wrote. Needs no node, no directory and no network; any thread. Without
/// `feed` any signer will do: look at VerifiedRecord::feed. Code::invalid_argument for text that is no JSON,
/// Code::limit_exceeded above 12 MiB, Code::unverified when anything does not hold or another feed signed.
[[nodiscard]] Result<VerifiedRecord> verify_proof(std::string_view text, const std::optional<FeedId>& feed = {});

}  // namespace shoal
