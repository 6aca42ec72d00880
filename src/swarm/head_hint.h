#pragma once

#include "crypto/keys.h"
#include "feed/format/checkpoint.h"
#include "swarm/swarm.h"

#include <memory>
#include <optional>

namespace shoal::swarm {

/// A feed's newest head as an item of the DHT (docs/PROTOCOL.md, "Head hint"): under a key that only those who know the
/// feed's id can derive, sealed for them. Anyone of them can store it, so it proves nothing but what the owner's
/// signature in it proves: that this head exists. Immutable; any thread.
class HeadHint {
 public:
  explicit HeadHint(const FeedId& feed);

  [[nodiscard]] const PublicKey& key() const { return key_->public_key(); }
  [[nodiscard]] const std::shared_ptr<const crypto::KeyPair>& key_pair() const { return key_; }

  /// The same head gives the same bytes: whoever stores it again changes nothing.
  [[nodiscard]] DhtItem seal(const feed::Checkpoint& head) const;
  /// A head that the owner signed, or nothing.
  [[nodiscard]] std::optional<feed::Checkpoint> open(const DhtItem& item) const;
  /// What to store when `ours` is the newest head here: nothing when what is stored is as new. Junk is replaced.
  [[nodiscard]] std::optional<DhtItem> choose(const feed::Checkpoint& ours, const std::optional<DhtItem>& stored) const;

 private:
  [[nodiscard]] crypto::SecretBytes seal_key(ByteView salt) const;

  FeedId feed_;
  std::shared_ptr<const crypto::KeyPair> key_;
};

/// True when `other` is the newer one: of a later epoch, of more blocks, or signed later over as many.
[[nodiscard]] bool is_newer_head(const feed::Checkpoint& other, const feed::Checkpoint& than);

}  // namespace shoal::swarm
