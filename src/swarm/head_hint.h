#pragma once

#include "crypto/keys.h"
#include "feed/format/checkpoint.h"
#include "swarm/swarm.h"

#include <memory>
#include <optional>

namespace shoal::swarm {

/// A feed's newest head as a mutable item of the DHT (BEP 44; docs/PROTOCOL.md, "Head hint"). Its key pair is derived
/// from the feed's id and its value is encrypted with a key derived from the id, so only nodes that know the id can
/// find, read or store it. Each of them can store it: only the owner's signature inside proves that the head exists.
/// Without hints a reader whose peers are all behind, or who has none, cannot know that a newer head exists. Immutable;
/// any thread.
class HeadHint {
 public:
  explicit HeadHint(const FeedId& feed);

  [[nodiscard]] const PublicKey& key() const { return key_->public_key(); }
  [[nodiscard]] const std::shared_ptr<const crypto::KeyPair>& key_pair() const { return key_; }

  /// Deterministic: the same head gives the same bytes, so storing it again changes nothing.
  [[nodiscard]] DhtItem seal(const feed::Checkpoint& head) const;
  /// The head in the item; nullopt unless the owner signed it.
  [[nodiscard]] std::optional<feed::Checkpoint> open(const DhtItem& item) const;
  /// What to store when `ours` is the newest head here: nullopt when the stored one is as new. An item that cannot be
  /// opened is replaced.
  [[nodiscard]] std::optional<DhtItem> choose(const feed::Checkpoint& ours, const std::optional<DhtItem>& stored) const;

 private:
  [[nodiscard]] crypto::SecretBytes seal_key(ByteView salt) const;

  FeedId feed_;
  std::shared_ptr<const crypto::KeyPair> key_;
};

/// True when `other` is the newer one: of a later epoch, of more blocks, or signed later over as many.
[[nodiscard]] bool is_newer_head(const feed::Checkpoint& other, const feed::Checkpoint& than);

}  // namespace shoal::swarm
