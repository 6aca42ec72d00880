#pragma once

#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoal::replication {

/// Sends messages of this feed's channel to one peer. Bulk messages wait behind all others.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void send(Message message) = 0;
  /// Bytes that wait to be sent. The replicator produces no bulk above its limit until on_writable().
  [[nodiscard]] virtual std::size_t queued() const = 0;
  virtual void close(std::string_view reason) = 0;
  /// Number of verified blocks from this peer so far; the connection policy prefers peers that gave some.
  virtual void note_given(std::uint64_t /*blocks*/) {}
  /// `bytes` more are kept for the peer beside its messages; false, and not counted, above its bound.
  [[nodiscard]] virtual bool keep(std::size_t /*bytes*/) { return true; }
  /// They are kept no more.
  virtual void drop(std::size_t /*bytes*/) {}
};

}  // namespace shoal::replication
