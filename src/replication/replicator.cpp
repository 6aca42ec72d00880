#include "replication/replicator.h"

#include "replication/fetch/offset_fetches.h"
#include "replication/heads/have_report.h"
#include "replication/replicator_parts.h"

namespace shoal::replication {

Replicator::Replicator(ReplicatorContext context, ReplicatorOptions options)
    : impl_(std::make_unique<Impl>(std::move(context), options)) {}
Replicator::~Replicator() = default;

PeerId Replicator::add_peer(const PeerAddress& address, const PublicKey& node_key, std::shared_ptr<Outbox> outbox) {
  return impl_->add_peer(address, node_key, std::move(outbox));
}

void Replicator::on_message(PeerId id, Message message) { impl_->on_message(id, std::move(message)); }

void Replicator::on_writable(PeerId id) {
  Peer* peer = impl_->core.find(id);
  if (peer == nullptr) return;
  impl_->requests.pump(id, *peer);
  impl_->wants.pump(id);
}

void Replicator::on_violation(PeerId id, std::string_view what) {
  if (Peer* peer = impl_->core.find(id)) impl_->core.blame(*peer, what);
}

void Replicator::on_flood(PeerId id, std::string_view what) {
  if (Peer* peer = impl_->core.find(id)) impl_->core.flood(*peer, what);
}

void Replicator::remove_peer(PeerId id) { impl_->remove_peer(id); }

std::vector<PeerView> Replicator::peers() const {
  std::vector<PeerView> out;
  for (const auto& [id, peer] : impl_->core.peers()) {
    if (!peer->gone) out.push_back(peer->view_at(impl_->core.now()));
  }
  return out;
}

void Replicator::close(std::string_view reason) {
  impl_->stop_following();
  for (const auto& [id, peer] : impl_->core.peers()) {
    if (peer->gone) continue;
    peer->gone = true;
    peer->outbox->close(reason);
  }
}

void Replicator::follow(Follow follow) { impl_->follow(std::move(follow)); }

void Replicator::stop_following() { impl_->stop_following(); }
void Replicator::set_order(FetchOrder order) { impl_->all.set_order(order); }

void Replicator::ask_receipts(ReceiptDemand demand) { impl_->receipts.set_demand(demand); }

void Replicator::give_receipt(const feed::Receipt& receipt) { impl_->receipts.give(receipt); }

void Replicator::on_pruned() { impl_->on_pruned(); }

void Replicator::on_committed() {
  impl_->wants.pump_all();
  impl_->announce_head();
  impl_->report_held();
}

FetchId Replicator::fetch_offset(const TopicPartition& stream, Offset offset, base::MonoTime timeout,
                                 std::function<void(Result<BlockIndex>)> done) {
  const FetchId id = impl_->offsets.start(stream, offset, timeout, std::move(done));
  impl_->arm();
  return id;
}

void Replicator::ask_heads(base::MonoTime quiet, base::MonoTime timeout, std::function<void(bool)> done) {
  impl_->heads.ask(quiet, timeout, std::move(done));
  impl_->arm();
}

void Replicator::fetch_topics(std::vector<std::string> topics, base::MonoTime timeout,
                              std::function<void(Result<void>)> done) {
  impl_->fetch_topics(std::move(topics), timeout, std::move(done));
}

void Replicator::cancel(FetchId want) { impl_->offsets.cancel(want); }

}  // namespace shoal::replication
