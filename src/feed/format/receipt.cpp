#include "feed/format/receipt.h"

#include "base/assert.h"
#include "base/bytes.h"
#include "base/wire.h"
#include "crypto/domain.h"
#include "feed/format/block.h"
#include "merkle/tree_math.h"

#include <algorithm>

// docs/FORMAT.md, "Receipt".
namespace shoal::feed {
namespace {

constexpr std::uint8_t kVersion = 1;
/// Everything but the topics.
constexpr std::size_t kFixedSize = 199;

Error bad(std::string_view what) { return Error{Code::unverified, "receipt: " + std::string(what)}; }

/// All that is signed.
Bytes statement(const Receipt& receipt) {
  base::WireWriter out(kFixedSize);
  out.u8(kVersion);
  out.bytes(receipt.feed.key.bytes);
  out.bytes(receipt.node_key.bytes);
  out.u32(receipt.epoch.value());
  out.u64(receipt.tree_size);
  out.bytes(receipt.root.bytes);
  out.i64(receipt.time.value());
  out.i64(receipt.since.value());
  out.i64(receipt.oldest.value());
  out.u16(static_cast<std::uint16_t>(receipt.topics.size()));
  for (const std::string& topic : receipt.topics) {
    out.u8(static_cast<std::uint8_t>(topic.size()));
    out.bytes(base::as_bytes(topic));
  }
  return std::move(out).take();
}

Bytes signed_bytes(const Receipt& receipt) {
  Bytes message(crypto::domain::kReceipt.begin(), crypto::domain::kReceipt.end());
  base::append(message, statement(receipt));
  return message;
}

}  // namespace

bool Receipt::covers(std::string_view topic) const {
  return topics.empty() || std::binary_search(topics.begin(), topics.end(), topic);
}

void fit_receipt_topics(std::vector<std::string>& topics) {
  std::size_t size = kFixedSize;
  std::size_t fitting = 0;
  while (fitting < topics.size() && fitting < kMaxReceiptTopics) {
    size += 1 + topics[fitting].size();
    if (size > kMaxReceiptSize) break;
    ++fitting;
  }
  topics.resize(fitting);
}

void sign_receipt(Receipt& receipt, const crypto::KeyPair& node_key) {
  SHOAL_ASSERT(receipt.tree_size > 0 && receipt.since <= receipt.time);
  SHOAL_ASSERT(receipt.topics.size() <= kMaxReceiptTopics);
  receipt.node_key = node_key.public_key();
  receipt.signature = crypto::sign(node_key, signed_bytes(receipt));
}

Bytes encode_receipt(const Receipt& receipt) {
  Bytes out = statement(receipt);
  base::append(out, receipt.signature.bytes);
  return out;
}

Result<Receipt> decode_receipt(ByteView bytes) {
  if (bytes.size() > kMaxReceiptSize) return bad("too long");
  base::WireReader in(bytes);
  if (in.u8() != kVersion) return bad("unknown version");
  Receipt receipt;
  receipt.feed.key.bytes = in.array<32>();
  receipt.node_key.bytes = in.array<32>();
  receipt.epoch = Epoch(in.u32());
  receipt.tree_size = in.u64();
  receipt.root.bytes = in.array<32>();
  receipt.time = UnixMs(in.i64());
  receipt.since = UnixMs(in.i64());
  receipt.oldest = UnixMs(in.i64());
  const std::size_t count = in.u16();
  if (count > kMaxReceiptTopics) return bad("too many topics");
  for (std::size_t i = 0; i < count && in.ok(); ++i) {
    const std::size_t size = in.u8();
    const std::string_view topic = base::as_text(in.bytes(size));
    if (!is_legal_topic(topic)) in.fail();
    receipt.topics.emplace_back(topic);
  }
  receipt.signature.bytes = in.array<64>();
  if (!in.finished()) return bad("malformed");
  if (receipt.tree_size == 0 || receipt.tree_size >= merkle::kMaxTreeSize) return bad("an impossible tree size");
  if (receipt.since > receipt.time) return bad("held since a time that was not yet");
  if (receipt.oldest < kNoTime) return bad("an impossible time");
  const auto not_ascending = [](const std::string& a, const std::string& b) { return a >= b; };
  if (std::adjacent_find(receipt.topics.begin(), receipt.topics.end(), not_ascending) != receipt.topics.end()) {
    return bad("topics out of order");
  }
  return receipt;
}

Result<void> verify_receipt(const Receipt& receipt) {
  if (crypto::verify(receipt.node_key, signed_bytes(receipt), receipt.signature)) return {};
  return bad("its node key did not sign it");
}

}  // namespace shoal::feed
