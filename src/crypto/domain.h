#pragma once

#include <string_view>

/// Every domain tag of the project. Two uses of one key never share a tag (docs/FORMAT.md, "Domain tags").
namespace shoal::crypto::domain {

/// Discovery key = keyed_hash(feed id, this); its first 20 bytes are the swarm's info-hash.
inline constexpr std::string_view kSwarm = "shoalcast/swarm/v1";
/// Seed of the BEP 44 key pair = keyed_hash(feed id, this).
inline constexpr std::string_view kHeadHint = "shoalcast/bep44/v1";
/// Salt of a sealed head in that item = the first 16 bytes of keyed_hash(feed id, this || head); the key that seals it
/// = keyed_hash(feed id, kHeadHintSeal || salt).
inline constexpr std::string_view kHeadHintSalt = "shoalcast/hint-salt/v1";
inline constexpr std::string_view kHeadHintSeal = "shoalcast/hint-seal/v1";
/// Origin line of a checkpoint, followed by the feed id's hex and, from epoch 1 on, `/` and the epoch.
inline constexpr std::string_view kFeedOrigin = "shoalcast/feed/";
/// Session transcript = sha256(this || dialler's ephemeral || listener's ephemeral).
inline constexpr std::string_view kSession = "shoalcast/session/v1";
/// Prefix of what a node key signs in a session: this || role || transcript.
inline constexpr std::string_view kNodeIdentity = "shoalcast/node/v1";
/// Prefix of what a node key signs of a feed that it holds: this || receipt without its signature.
inline constexpr std::string_view kReceipt = "shoalcast/receipt/v1";
/// Prefix of the capability's message: this || role || channel || transcript, keyed with the feed id.
inline constexpr std::string_view kCapability = "cap";

}  // namespace shoal::crypto::domain
