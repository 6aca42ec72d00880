#pragma once

#include "replication/replicator.h"
#include "simulation/virtual_time.h"

#include <functional>
#include <memory>

/// Two replicators joined without a session: every message is encoded, may be changed on the way, and is decoded again.
/// What a session does with malformed messages and foreign channels is done here too.
namespace shoal::simulation {

/// May change an encoded message of one side.
using Tamper = std::function<void(const replication::Message&, Bytes&)>;

class DirectLink : public std::enable_shared_from_this<DirectLink> {
 public:
  static constexpr std::uint32_t kChannel = 1;
  struct Side {
    replication::Replicator* replicator = nullptr;
    PublicKey node_key;
    Tamper tamper;
    replication::PeerId other{0};  ///< how this side knows the other
  };

  static std::shared_ptr<DirectLink> join(VirtualTime& time, base::MonoTime latency, Side a, Side b) {
    auto link = std::make_shared<DirectLink>(time, latency);
    link->sides_[0] = std::move(a);
    link->sides_[1] = std::move(b);
    for (int i = 0; i < 2; ++i) {
      Side& side = link->sides_[i];
      side.other = side.replicator->add_peer({"node" + std::to_string(1 - i), "direct", i == 0},
                                             link->sides_[1 - i].node_key, std::make_shared<End>(link, i));
    }
    return link;
  }
  DirectLink(VirtualTime& time, base::MonoTime latency) : time_(time), latency_(latency) {}

  void close() {
    if (!std::exchange(open_, false)) return;
    for (Side& side : sides_) {
      time_.schedule(base::MonoTime{0},
                     [self = shared_from_this(), &side] { side.replicator->remove_peer(side.other); });
    }
  }
  [[nodiscard]] bool open() const { return open_; }

 private:
  class End final : public replication::Outbox {
   public:
    End(std::weak_ptr<DirectLink> link, int from) : link_(std::move(link)), from_(from) {}
    void send(replication::Message message) override {
      if (auto link = link_.lock()) link->carry(from_, std::move(message));
    }
    [[nodiscard]] std::size_t queued() const override { return 0; }
    void close(std::string_view) override {
      if (auto link = link_.lock()) link->close();
    }

   private:
    std::weak_ptr<DirectLink> link_;
    int from_;
  };

  void carry(int from, replication::Message message) {
    message.channel = kChannel;
    Bytes bytes;
    replication::encode_message(message, bytes);
    if (sides_[from].tamper) sides_[from].tamper(message, bytes);
    time_.schedule(latency_, [weak = weak_from_this(), from, bytes = std::move(bytes)] {
      const auto self = weak.lock();
      if (!self || !self->open_) return;
      const Side& to = self->sides_[1 - from];
      Result<replication::Message> got = replication::decode_message(bytes);
      if (!got) return to.replicator->on_violation(to.other, got.error().message);
      if (std::holds_alternative<replication::Unknown>(got->body)) return;
      if (got->channel != kChannel) return to.replicator->on_violation(to.other, "a channel that is not open");
      to.replicator->on_message(to.other, std::move(*got));
    });
  }

  VirtualTime& time_;
  base::MonoTime latency_;
  Side sides_[2];
  bool open_ = true;
};

}  // namespace shoal::simulation
