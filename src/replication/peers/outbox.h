#pragma once

#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace shoal::replication {

/// Sends a message of this feed's channel to one peer; bulk messages wait behind others there.
class Outbox {
 public:
  virtual ~Outbox() = default;
  virtual void send(Message message) = 0;
  /// Bytes that wait; the replicator stops producing bulk above its limit and goes on at on_writable().
  [[nodiscard]] virtual std::size_t queued() const = 0;
  virtual void close(std::string_view reason) = 0;
  /// So many verified blocks came from this peer: what decides whom to keep when there is room for some only.
  virtual void note_given(std::uint64_t /*blocks*/) {}
};

}  // namespace shoal::replication
