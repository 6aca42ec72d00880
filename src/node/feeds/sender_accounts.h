#pragma once

#include "feed/format/receipt.h"
#include "feed/write/feed_writer.h"
#include "node/feeds/ack_router.h"
#include "node/feeds/mirror_acks.h"

#include <shoal/producer.h>
#include <shoal/types.h>

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <vector>

namespace shoal::node {

/// What each sender of a feed sent, and how much of it is durable and acknowledged. Pure state; confined to its caller.
class SenderAccounts {
 public:
  using Sender = AckRouter::Sender;
  using Callback = std::function<void(const AckRun&)>;
  /// Something to acknowledge to one sender; 0: to nobody.
  struct Ack {
    Sender sender = 0;
    AckRun run;
    std::size_t bytes = 0;  ///< of the send buffer, free again then
  };
  /// Numbers of records.
  struct Counts {
    std::uint64_t taken = 0;
    std::uint64_t durable = 0;
    std::uint64_t acked = 0;
    bool mirrors = false;  ///< acknowledged means: by mirrors too
  };

  /// With a quorum its records are acknowledged once that holds them.
  [[nodiscard]] Sender open(MirrorQuorum quorum);
  /// Nothing is acknowledged to it any more. Gives the bytes of the send buffer that its records held, which waited for
  /// mirrors.
  [[nodiscard]] std::size_t close(Sender sender);
  /// What was taken and is not durable is forgotten.
  void forget_taken() { router_ = {}; }

  [[nodiscard]] bool empty() const { return accounts_.empty(); }
  [[nodiscard]] std::vector<Sender> senders() const;
  [[nodiscard]] bool contains(Sender sender) const { return accounts_.contains(sender); }
  [[nodiscard]] bool waits_for_mirrors() const;
  /// Zeros for a sender that is not there.
  [[nodiscard]] Counts counts(Sender sender) const;
  void set_callback(Sender sender, Callback callback);
  /// Empty when there is none.
  [[nodiscard]] Callback callback(Sender sender) const;

  /// `count` records of the sender will lie at `first` and behind it.
  void take(Sender sender, const TopicPartition& stream, Offset first, std::uint32_t count);
  /// The block is durable: what is to be acknowledged now is appended to `acks`; what waits for mirrors is kept.
  /// `bytes` of the send buffer go back with the last of its records.
  void make_durable(const feed::CommittedBlock& block, std::size_t bytes, std::vector<Ack>& acks);
  /// What the mirrors of these receipts hold by now.
  [[nodiscard]] std::vector<Ack> take_mirrored(const std::vector<feed::Receipt>& receipts, Epoch epoch);
  /// The sender was notified.
  void acknowledge(const Ack& ack);

 private:
  struct Account {
    Callback callback;
    Counts counts;
    std::optional<MirrorAcks> mirrors;  ///< set when mirrors are waited for
  };

  AckRouter router_;
  std::map<Sender, Account> accounts_;
  Sender last_sender_ = 0;
};

}  // namespace shoal::node
