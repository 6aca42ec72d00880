#include "replication/session/session.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/try.h"
#include "base/wire.h"
#include "crypto/domain.h"

namespace shoal::replication {
namespace {

constexpr std::uint8_t kHelloType = 0x03;
constexpr std::size_t kMaxHello = 256;

/// BLAKE2b(DH, transcript || sender's role), in guarded memory.
crypto::AeadStream direction(const crypto::SecretBytes& shared, const crypto::Digest& transcript, Role sender) {
  base::WireWriter text(33);
  text.bytes(transcript.bytes);
  text.u8(static_cast<std::uint8_t>(sender));
  crypto::SecretBytes key(32);
  crypto::Digest derived = crypto::keyed_hash(shared.view(), text.view());
  std::copy(derived.bytes.begin(), derived.bytes.end(), key.mutable_view().begin());
  // Erase the copy on the stack; volatile keeps the compiler from removing that.
  for (volatile std::uint8_t& byte : derived.bytes) byte = 0;
  return crypto::AeadStream(std::move(key));
}

}  // namespace

Session::Session(Role role, crypto::ExchangeKeyPair ephemeral, Version version)
    : role_(role), version_(version), own_public_(ephemeral.public_bytes()) {
  ephemeral_.emplace(std::move(ephemeral));
}

Bytes Session::hello() const {
  base::WireWriter out(39);
  out.u8(kHelloType);
  out.u32(0);
  out.u8(version_.major);
  out.u8(version_.minor);
  out.bytes(own_public_);
  return std::move(out).take();
}

Result<void> Session::on_hello(ByteView message) {
  if (ready() || !ephemeral_) return Error{Code::unverified, "a second hello"};
  base::WireReader in(message);
  const std::uint8_t type = in.u8();
  const std::uint32_t channel = in.u32();
  their_version_ = {in.u8(), in.u8()};
  const auto theirs = in.array<32>();
  if (!in.ok() || message.size() > kMaxHello || type != kHelloType || channel != 0) {
    return Error{Code::unverified, "the hello is malformed"};
  }
  if (their_version_.major != version_.major) {
    const bool newer = their_version_.major > version_.major;
    return Error{Code::unsupported, "the peer speaks protocol version " + std::to_string(their_version_.major) +
                                        ", this node version " + std::to_string(version_.major) + ": " +
                                        (newer ? "this node" : "the peer") + " has to be updated"};
  }
  if (theirs == own_public_) return Error{Code::unverified, "the peer echoes our own hello"};
  SHOAL_TRY(const crypto::SecretBytes shared, ephemeral_->agree(theirs));
  ephemeral_.reset();

  Bytes text;
  base::append(text, base::as_bytes(crypto::domain::kSession));
  base::append(text, role_ == Role::dialler ? own_public_ : theirs);
  base::append(text, role_ == Role::dialler ? theirs : own_public_);
  transcript_ = crypto::sha256(text);
  out_.emplace(direction(shared, transcript_, role_));
  in_.emplace(direction(shared, transcript_, other(role_)));
  return {};
}

void Session::seal(ByteView plain, Bytes& record) {
  SHOAL_ASSERT(ready());
  out_->seal(plain, record);
}

Result<void> Session::open(ByteView record, Bytes& plain) {
  SHOAL_ASSERT(ready());
  return in_->open(record, plain);
}

crypto::Digest Session::capability(const FeedId& feed, Role sender, std::uint32_t channel) const {
  SHOAL_ASSERT(ready());
  base::WireWriter text;
  text.bytes(base::as_bytes(crypto::domain::kCapability));
  text.u8(static_cast<std::uint8_t>(sender));
  text.u32(channel);
  text.bytes(transcript_.bytes);
  return crypto::keyed_hash(feed.key.bytes, text.view());
}

Bytes Session::identity_text(Role signer) const {
  base::WireWriter text;
  text.bytes(base::as_bytes(crypto::domain::kNodeIdentity));
  text.u8(static_cast<std::uint8_t>(signer));
  text.bytes(transcript_.bytes);
  return std::move(text).take();
}

crypto::Signature Session::prove_identity(const crypto::KeyPair& node_key) const {
  SHOAL_ASSERT(ready());
  return crypto::sign(node_key, identity_text(role_));
}

bool Session::check_identity(const PublicKey& node_key, const crypto::Signature& signature) const {
  SHOAL_ASSERT(ready());
  return crypto::verify(node_key, identity_text(other(role_)), signature);
}

crypto::Digest discovery_key(const FeedId& feed) {
  return crypto::keyed_hash(feed.key.bytes, base::as_bytes(crypto::domain::kSwarm));
}

}  // namespace shoal::replication
