#include "replication/heads/receipt_exchange.h"

#include "merkle/tree_range.h"

#include <algorithm>

namespace shoal::replication {
namespace {

ReceiptDemand demand_of(ReceiptPurpose purpose) {
  return purpose == ReceiptPurpose::awaited ? ReceiptDemand::awaited : ReceiptDemand::wanted;
}

}  // namespace

void ReceiptExchange::on_peer_added(Peer& peer) {
  if (wanted_ != ReceiptDemand::none) ask(peer);
}

void ReceiptExchange::ask(Peer& peer) {
  const bool awaited = wanted_ == ReceiptDemand::awaited;
  core_.send(peer, ReceiptMessage{awaited ? ReceiptPurpose::awaited : ReceiptPurpose::wanted, {}});
}

void ReceiptExchange::set_demand(ReceiptDemand demand) {
  // A receipt that was requested once may still arrive: a demand never returns to `none`.
  demand = std::max(demand, std::min(wanted_, ReceiptDemand::wanted));
  if (std::exchange(wanted_, demand) == demand) return;
  for (const auto& [id, peer] : core_.peers()) {
    if (!peer->gone) ask(*peer);
  }
}

void ReceiptExchange::give(const feed::Receipt& receipt) {
  ours_ = feed::encode_receipt(receipt);
  for (const auto& [id, dealings] : dealings_) {
    Peer* peer = core_.find(id);
    if (peer != nullptr && dealings.asked != ReceiptDemand::none) send_ours(*peer);
  }
}

void ReceiptExchange::send_ours(Peer& peer) {
  if (!ours_.empty()) core_.send(peer, ReceiptMessage{ReceiptPurpose::given, ours_});
}

void ReceiptExchange::on_message(PeerId id, Peer& peer, const ReceiptMessage& message) {
  Dealings& dealings = dealings_[id];
  if (message.purpose == ReceiptPurpose::given) return take(id, peer, dealings, message.receipt);
  dealings.asked = demand_of(message.purpose);
  send_ours(peer);
  weigh_demand();
}

void ReceiptExchange::take(PeerId id, Peer& peer, Dealings& dealings, ByteView bytes) {
  if (wanted_ == ReceiptDemand::none) return core_.blame(peer, "a receipt that nobody asked for");
  const Result<feed::Receipt> decoded = feed::decode_receipt(bytes);
  if (!decoded) return core_.blame(peer, decoded.error().message);
  const feed::Receipt& receipt = *decoded;
  if (receipt.feed != core_.reader().id()) return core_.blame(peer, "a receipt for another feed");
  if (receipt.node_key != peer.view.node_key) return core_.blame(peer, "a receipt of another node");
  if (const Result<void> good = feed::verify_receipt(receipt); !good) return core_.blame(peer, good.error().message);
  // A mirror that finds a damaged block holds less than before, and says so: a later receipt counts. An earlier one
  // that comes late does not.
  const bool shrank =
      dealings.given && dealings.given->epoch == receipt.epoch && receipt.tree_size < dealings.given->tree_size;
  if (shrank && receipt.time <= dealings.given->time) return;
  dealings.given = receipt;
  dealings.compared = false;
  compare(id, peer, dealings);
}

void ReceiptExchange::compare(PeerId id, Peer& peer, Dealings& dealings) {
  const feed::Receipt& receipt = *dealings.given;
  const std::optional<Digest> root = our_root(receipt);
  if (!root) return;
  dealings.compared = true;
  if (*root != receipt.root) return dispute_(id, peer, "a receipt for a tree that is not the feed's");
  core_.tell([receipt](ReplicatorEvents& events) { events.on_receipt(receipt); });
}

std::optional<Digest> ReceiptExchange::our_root(const feed::Receipt& receipt) const {
  const std::optional<feed::Checkpoint> ours = core_.reader().head();
  // After a fork there are two roots, and a node that holds the other history is honest.
  if (!ours || forked_() || core_.reader().contradicted() || ours->epoch != receipt.epoch ||
      ours->tree_size < receipt.tree_size)
    return std::nullopt;
  if (ours->tree_size == receipt.tree_size) return ours->root;
  // A sparse reader holds no tree to compare with.
  const auto root = merkle::range_hashes(core_.reader().tree(), {{0, receipt.tree_size}});
  return root ? std::optional<Digest>(root->front()) : std::nullopt;
}

void ReceiptExchange::on_accepted() {
  for (auto& [id, dealings] : dealings_) {
    if (dealings.compared) continue;
    if (Peer* peer = core_.find(id)) compare(id, *peer, dealings);
  }
}

void ReceiptExchange::forget(PeerId id) {
  if (dealings_.erase(id) > 0) weigh_demand();
}

void ReceiptExchange::weigh_demand() {
  ReceiptDemand demand = ReceiptDemand::none;
  for (const auto& [id, dealings] : dealings_) demand = std::max(demand, dealings.asked);
  if (std::exchange(reported_demand_, demand) == demand) return;
  core_.tell([demand](ReplicatorEvents& events) { events.on_receipts_asked(demand); });
}

}  // namespace shoal::replication
