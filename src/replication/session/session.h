#pragma once

#include "crypto/aead.h"
#include "crypto/hash.h"
#include "crypto/keys.h"
#include "crypto/signature.h"

#include <array>
#include <cstdint>
#include <optional>

namespace shoal::replication {

/// Who dialled the connection. The byte goes into keys, capabilities and signatures.
enum class Role : std::uint8_t { dialler = 1, listener = 2 };
constexpr Role other(Role role) { return role == Role::dialler ? Role::listener : Role::dialler; }

/// Sessions of different major versions end at the hello; a higher minor version adds what others may ignore.
struct Version {
  std::uint8_t major = 1;
  std::uint8_t minor = 2;
  auto operator<=>(const Version&) const = default;
};

/// The cryptographic state of one session (docs/PROTOCOL.md, "Session"): hello, keys, sealing, proofs of knowledge.
/// Pure state: no I/O, no time. Confined to its caller. Secrets are erased when it ends.
class Session {
 public:
  Session(Role role, crypto::ExchangeKeyPair ephemeral, Version version = {});

  /// The first message of each side, the only one in clear.
  [[nodiscard]] Bytes hello() const;
  /// Reads the other side's hello and derives the keys. Code::unsupported for another major version, Code::unverified
  /// for a malformed hello, a second one, our own, or a small-order point.
  [[nodiscard]] Result<void> on_hello(ByteView message);
  [[nodiscard]] bool ready() const { return out_.has_value(); }

  /// After ready(). `seal` appends the record of `plain` to `record`; `open` appends the plain text of `record`, or
  /// fails with Code::unverified: the session must end then.
  void seal(ByteView plain, Bytes& record);
  [[nodiscard]] Result<void> open(ByteView record, Bytes& plain);

  /// SHA-256(domain || dialler's ephemeral || listener's ephemeral). After ready().
  [[nodiscard]] const crypto::Digest& transcript() const { return transcript_; }
  [[nodiscard]] Role role() const { return role_; }
  [[nodiscard]] const Version& version() const { return version_; }
  /// The version in the other side's hello, which is not authenticated; the identity message confirms it.
  [[nodiscard]] const Version& their_version() const { return their_version_; }

  /// Proof that `sender` knows the feed's id, bound to this session and channel.
  [[nodiscard]] crypto::Digest capability(const FeedId& feed, Role sender, std::uint32_t channel) const;
  /// Our node's signature over our role in this session, and the check of theirs.
  [[nodiscard]] crypto::Signature prove_identity(const crypto::KeyPair& node_key) const;
  [[nodiscard]] bool check_identity(const PublicKey& node_key, const crypto::Signature& signature) const;

 private:
  [[nodiscard]] Bytes identity_text(Role signer) const;

  Role role_;
  Version version_;
  Version their_version_;
  std::optional<crypto::ExchangeKeyPair> ephemeral_;
  std::array<std::uint8_t, 32> own_public_{};
  crypto::Digest transcript_;
  std::optional<crypto::AeadStream> out_;
  std::optional<crypto::AeadStream> in_;
};

/// BLAKE2b(feed id, "shoalcast/swarm/v1"): the name under which a feed's peers meet.
crypto::Digest discovery_key(const FeedId& feed);

}  // namespace shoal::replication
