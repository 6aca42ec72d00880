#pragma once

#include "replication/replicator.h"

#include <memory>

/// A peer that lies in well-formed messages, for tests and demonstrations with real processes: put between a replicator
/// and its session by SessionPeer::Parts::wrap_outbox.
namespace shoal::testing {

/// Flips one bit in the payload of every block that it sends.
class HostileOutbox final : public replication::Replicator::Outbox {
 public:
  explicit HostileOutbox(std::shared_ptr<Outbox> to) : to_(std::move(to)) {}

  static std::shared_ptr<Outbox> wrap(std::shared_ptr<Outbox> to) {
    return std::make_shared<HostileOutbox>(std::move(to));
  }

  void send(replication::Message message) override {
    if (auto* data = std::get_if<replication::Data>(&message.body)) {
      for (replication::DataBlock& block : data->blocks) flip(block.payload);
    } else if (auto* piece = std::get_if<replication::Piece>(&message.body)) {
      flip(piece->bytes);
    }
    to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }

 private:
  static void flip(Bytes& bytes) {
    if (!bytes.empty()) bytes[bytes.size() / 2] = static_cast<std::uint8_t>(bytes[bytes.size() / 2] ^ 1U);
  }
  std::shared_ptr<Outbox> to_;
};

}  // namespace shoal::testing
