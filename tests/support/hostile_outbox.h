#pragma once

#include "feed/format/block.h"
#include "replication/replicator.h"

#include <atomic>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

/// A peer that lies in well-formed messages, for tests and demonstrations with real processes: put between a replicator
/// and its session by SessionPeer::Context::wrap_outbox.
namespace shoal::testing {

/// What a hostile peer does to what it sends.
enum class Lie : std::uint8_t {
  payload,      ///< flips one bit in the payload of every block
  header,       ///< … in the header of the first block of every run
  cover,        ///< … in the first subtree root of every run, or of a growth reply
  head,         ///< … in the root of every head
  topic_state,  ///< … in the next offset of every topic-state entry
  withhold,     ///< says that a want is done instead of sending a run with the newest block of a topic
};

inline std::optional<Lie> parse_lie(std::string_view name) {
  if (name == "payload") return Lie::payload;
  if (name == "header") return Lie::header;
  if (name == "cover") return Lie::cover;
  if (name == "head") return Lie::head;
  if (name == "topic-state") return Lie::topic_state;
  if (name == "withhold") return Lie::withhold;
  return std::nullopt;
}

/// Sends lies.
class HostileOutbox final : public replication::Outbox {
 public:
  struct Options {
    Lie lie = Lie::payload;
    std::shared_ptr<const std::atomic<bool>> armed = {};     ///< honest until it is set; null: lies from the start
    std::string topic = {};                                  ///< of Lie::withhold
    std::function<std::optional<BlockIndex>()> newest = {};  ///< of Lie::withhold: the block that nobody shall get
  };
  HostileOutbox(std::shared_ptr<Outbox> to, Options options) : to_(std::move(to)), options_(std::move(options)) {}

  static std::shared_ptr<Outbox> wrap(std::shared_ptr<Outbox> to) {
    return std::make_shared<HostileOutbox>(std::move(to), Options{});
  }

  void send(replication::Message message) override {
    if (options_.armed && !*options_.armed) return to_->send(std::move(message));
    if (options_.lie == Lie::withhold) {
      withhold(message);
    } else {
      falsify(message.body);
    }
    to_->send(std::move(message));
  }
  [[nodiscard]] std::size_t queued() const override { return to_->queued(); }
  void close(std::string_view reason) override { to_->close(reason); }

 private:
  void falsify(replication::Body& body) const {
    using namespace replication;
    if (auto* data = std::get_if<Data>(&body)) return falsify(*data);
    if (auto* push = std::get_if<Push>(&body)) return falsify(*push);
    if (auto* piece = std::get_if<Piece>(&body); piece != nullptr && options_.lie == Lie::payload) flip(piece->bytes);
    if (auto* head = std::get_if<Head>(&body); head != nullptr && options_.lie == Lie::head)
      flip(head->head.root.bytes);
    if (auto* growth = std::get_if<GrowthReply>(&body); growth != nullptr && options_.lie == Lie::cover) {
      if (!growth->cover.empty()) flip(growth->cover.front().bytes);
    }
    if (auto* topics = std::get_if<TopicStateReply>(&body); topics != nullptr && options_.lie == Lie::topic_state) {
      for (auto& item : topics->entries) item.entry.next_offset += 1;
    }
  }

  void falsify(replication::Data& data) const {
    switch (options_.lie) {
      case Lie::payload:
        for (replication::DataBlock& block : data.blocks) flip(block.payload);
        break;
      case Lie::header:
        // The last byte of the append time.
        if (!data.blocks.empty() && data.blocks.front().header.size() > 39) data.blocks.front().header[39] ^= 1U;
        break;
      case Lie::cover:
        if (!data.cover.empty()) flip(data.cover.front().bytes);
        break;
      case Lie::head:
        if (data.with_head) flip(data.head.root.bytes);
        break;
      case Lie::topic_state:
      case Lie::withhold: break;
    }
  }

  void falsify(replication::Push& push) const {
    if (options_.lie == Lie::payload) flip(push.blocks.front().payload);
    if (options_.lie == Lie::header) push.blocks.front().header.age_ms ^= 1U;
    if (options_.lie == Lie::head) flip(push.signature.bytes);
  }

  void withhold(replication::Message& message) const {
    const auto* data = std::get_if<replication::Data>(&message.body);
    const auto newest = options_.newest ? options_.newest() : std::nullopt;
    if (data == nullptr || !newest) return;
    for (const replication::DataBlock& block : data->blocks) {
      if (block.index != *newest) continue;
      message.body = replication::WantEnd{data->want, replication::EndReason::done};
      return;
    }
  }

  template <typename Run>
  static void flip(Run& bytes) {
    if (!bytes.empty()) bytes[bytes.size() / 2] = static_cast<std::uint8_t>(bytes[bytes.size() / 2] ^ 1U);
  }

  std::shared_ptr<Outbox> to_;
  Options options_;
};

}  // namespace shoal::testing
