#include "swarm/head_hint.h"

#include "base/assert.h"
#include "base/wire.h"
#include "crypto/aead.h"
#include "crypto/domain.h"
#include "crypto/hash.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace shoal::swarm {
namespace {

constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kSaltSize = 16;
constexpr std::size_t kValueSize = 1 + kSaltSize + feed::kCheckpointSize + crypto::kAeadTagSize;
static_assert(kValueSize <= kMaxItemValue);

crypto::Digest tagged(const FeedId& feed, std::string_view tag, ByteView more) {
  Bytes message(tag.begin(), tag.end());
  message.insert(message.end(), more.begin(), more.end());
  return crypto::keyed_hash(feed.key.bytes, message);
}

crypto::KeyPair derive(const FeedId& feed) {
  const crypto::Digest seed = tagged(feed, crypto::domain::kHeadHint, {});
  auto pair = crypto::KeyPair::from_seed(seed.bytes);
  SHOAL_ASSERT(pair.ok());
  return *std::move(pair);
}

}  // namespace

HeadHint::HeadHint(const FeedId& feed) : feed_(feed), key_(std::make_shared<const crypto::KeyPair>(derive(feed))) {}

crypto::SecretBytes HeadHint::seal_key(ByteView salt) const {
  const crypto::Digest key = tagged(feed_, crypto::domain::kHeadHintSeal, salt);
  crypto::SecretBytes secret(key.bytes.size());
  std::copy(key.bytes.begin(), key.bytes.end(), secret.mutable_view().begin());
  return secret;
}

DhtItem HeadHint::seal(const feed::Checkpoint& head) const {
  const Bytes plain = feed::encode_checkpoint(head);
  const crypto::Digest salt = tagged(feed_, crypto::domain::kHeadHintSalt, plain);
  DhtItem item;
  item.seq = std::max<std::int64_t>(head.time.value(), 0);
  base::WireWriter value(kValueSize);
  value.u8(kVersion);
  value.bytes(ByteView(salt.bytes).first(kSaltSize));
  item.value = std::move(value).take();
  // Each head has its own key (from its salt), which encrypts one record: counter 0 is never used twice.
  crypto::AeadStream(seal_key(ByteView(salt.bytes).first(kSaltSize))).seal(plain, item.value);
  SHOAL_ASSERT(item.value.size() == kValueSize);
  return item;
}

std::optional<feed::Checkpoint> HeadHint::open(const DhtItem& item) const {
  const ByteView value(item.value);
  if (value.size() != kValueSize || value[0] != kVersion) return std::nullopt;
  Bytes plain;
  crypto::AeadStream stream(seal_key(value.subspan(1, kSaltSize)));
  if (!stream.open(value.subspan(1 + kSaltSize), plain)) return std::nullopt;
  const auto head = feed::decode_checkpoint(plain);
  if (!head || !feed::verify_checkpoint(feed_, *head)) return std::nullopt;
  return *head;
}

std::optional<DhtItem> HeadHint::choose(const feed::Checkpoint& ours, const std::optional<DhtItem>& stored) const {
  DhtItem item = seal(ours);
  if (!stored) return item;
  const auto theirs = open(*stored);
  if (theirs && !is_newer_head(ours, *theirs)) return std::nullopt;
  // BEP 44: the DHT keeps the item with the larger sequence number.
  if (stored->seq >= item.seq) {
    if (stored->seq == std::numeric_limits<std::int64_t>::max()) return std::nullopt;
    item.seq = stored->seq + 1;
  }
  return item;
}

bool is_newer_head(const feed::Checkpoint& other, const feed::Checkpoint& than) {
  const auto order = [](const feed::Checkpoint& head) {
    return std::tuple(head.epoch.value(), head.tree_size, head.time.value());
  };
  return order(other) > order(than);
}

}  // namespace shoal::swarm
