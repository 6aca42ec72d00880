#pragma once

#include "feed/format/receipt.h"
#include "replication/wire/message_type.h"

#include <cstdint>

namespace shoal::replication {

enum class ReceiptPurpose : std::uint8_t {
  given,    ///< here is what the sender holds
  wanted,   ///< the sender likes to have receipts
  awaited,  ///< the same, and a producer waits for them
};

/// Asks for receipts, or gives the newest (docs/FORMAT.md, "Receipt"). Since 1.2.
struct ReceiptMessage {
  static constexpr MessageType kType = MessageType::receipt;
  ReceiptPurpose purpose = ReceiptPurpose::given;
  Bytes receipt;  ///< only when given
  template <class Self, class Archive>
  static void fields(Self& m, Archive& a) {
    a.choice("purpose", m.purpose, 2);
    if (m.purpose == ReceiptPurpose::given) a.bytes("receipt", m.receipt, feed::kMaxReceiptSize);
  }
  bool operator==(const ReceiptMessage&) const = default;
};

}  // namespace shoal::replication
