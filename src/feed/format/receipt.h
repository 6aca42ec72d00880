#pragma once

#include "crypto/hash.h"
#include "crypto/signature.h"

#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

/// What a mirror signs that it holds (docs/FORMAT.md, "Receipt").
namespace shoal::feed {

/// A mirror's statement, signed by its node key: at `time` it held these blocks on its disk. It proves who said so, not
/// that it is true.
struct Receipt {
  FeedId feed;
  PublicKey node_key;
  Epoch epoch{0};
  std::uint64_t tree_size = 0;      ///< blocks below it are meant
  crypto::Digest root;              ///< of the tree of that size
  UnixMs time{0};                   ///< when it was signed, by the mirror's clock
  UnixMs since{0};                  ///< first receipt of this holding, not after `time`
  UnixMs oldest = kNoTime;          ///< payloads appended before are not meant; kNoTime: all are
  std::vector<std::string> topics;  ///< names in ascending order; empty: every topic
  crypto::Signature signature;

  auto operator<=>(const Receipt&) const = default;
  /// Every topic, or this one.
  [[nodiscard]] bool covers(std::string_view topic) const;
};

inline constexpr std::size_t kMaxReceiptSize = 4096;
inline constexpr std::size_t kMaxReceiptTopics = 256;

/// Keeps of the ascending names as many as a receipt has room for: a mirror may promise less than it holds.
void fit_receipt_topics(std::vector<std::string>& topics);

/// Sets node key and signature. Requires the limits of the format.
void sign_receipt(Receipt& receipt, const crypto::KeyPair& node_key);
Bytes encode_receipt(const Receipt& receipt);
/// Structure and limits only; Code::unverified.
[[nodiscard]] Result<Receipt> decode_receipt(ByteView bytes);
/// Code::unverified unless the node key signed it.
[[nodiscard]] Result<void> verify_receipt(const Receipt& receipt);

}  // namespace shoal::feed
