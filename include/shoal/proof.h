#pragma once

#include <shoal/records.h>
#include <shoal/result.h>

#include <cstdint>
#include <optional>
#include <string>
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

/// A statement of a feed's owner: so much there is, and this it is.
struct SignedHead {
  std::uint64_t tree_size = 0;    ///< blocks under it
  std::string root_hash;          ///< of the tree, hex
  std::uint32_t topic_count = 0;  ///< entries of the topic state, the manifest's included
  std::string topic_root;         ///< of the topic state, hex
  UnixMs time{0};                 ///< when, by the signer's clock
};

/// Two statements of one key that cannot both be true.
struct VerifiedFork {
  FeedId feed;         ///< whose key signed both
  Epoch epoch{0};      ///< of both
  SignedHead shorter;  ///< no longer than the other
  SignedHead longer;   ///< its tree does not begin with the other's, or states another end of some topic
  /// No block from here on is common to the two histories; where below it they part, the proof does not tell.
  std::uint64_t common_prefix_limit = 0;
};

/// Checks a fork proof (`DIR/forks/<feed>.fork`, docs/FORMAT.md) as verify_proof() checks a record's. Code::unverified
/// when it proves no fork, or that of another feed than `feed`.
[[nodiscard]] Result<VerifiedFork> verify_fork(ByteView proof, const std::optional<FeedId>& feed = {});

}  // namespace shoal
