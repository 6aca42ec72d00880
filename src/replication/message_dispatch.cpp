#include "replication/message_dispatch.h"

#include <utility>
#include <variant>

namespace shoal::replication {
namespace {

template <class... Calls>
struct Overloaded : Calls... {
  using Calls::operator()...;
};
template <class... Calls>
Overloaded(Calls...) -> Overloaded<Calls...>;

}  // namespace

void MessageDispatch::dispatch(PeerId id, Peer& peer, Message& message) {
  const bool is_fork = std::holds_alternative<Fork>(message.body);
  const bool is_head = std::holds_alternative<Head>(message.body) || std::holds_alternative<NoHead>(message.body);
  if (!peer.first_head_came && !is_head && !is_fork) return core_.blame(peer, "it does not begin with its head");
  const std::size_t size = message.wire_size;
  std::visit(Overloaded{
                 [&](const Head& head) {
                   peer.view.answered = true;
                   head_turns_.on_head(id, peer, head.head);
                 },
                 [&](const NoHead&) { on_no_head(id, peer); },
                 [&](const Fork& fork) { heads_.on_fork(peer, fork); },
                 [&](const AskHead&) { heads_.announce(peer); },
                 [&](const GrowthReply& reply) { heads_.on_growth_reply(id, peer, reply); },
                 [&](const Have& have) { fetches_.on_have(id, peer, have); },
                 [&](const TopicStateReply& reply) {
                   fetches_.topics().on_reply(id, peer, reply);
                   fetches_.plan_soon();
                 },
                 [&](const LookupReply& reply) { fetches_.offsets().on_lookup_reply(id, peer, reply); },
                 [&](const Data& data) {
                   if (takes_blocks(peer)) fetches_.blocks().on_data(id, peer, data, size);
                 },
                 [&](Push& push) {
                   if (takes_blocks(peer)) fetches_.blocks().on_push(id, peer, std::move(push), size);
                 },
                 [&](Piece& piece) {
                   if (takes_blocks(peer)) fetches_.blocks().on_piece(id, peer, std::move(piece), size);
                 },
                 [&](const WantEnd& end) { fetches_.blocks().on_end(id, peer, end); },
                 [&](const Want& want) { wants_.on_want(id, peer, want); },
                 [&](const Credit& credit) { wants_.on_credit(id, credit); },
                 [&](const Cancel& cancel) { wants_.on_cancel(id, cancel); },
                 [&](const Ping& ping) { requests_.on_request(id, peer, ping); },
                 [&](const Growth& growth) { requests_.on_request(id, peer, growth); },
                 [&](const TopicStateRequest& request) { requests_.on_request(id, peer, request); },
                 [&](const Lookup& lookup) { requests_.on_request(id, peer, lookup); },
                 [&](const Pong& pong) { monitor_.on_pong(peer, pong); },
                 [&](const ReceiptMessage& receipt) { receipts_.on_message(id, peer, receipt); },
                 // The session handles these itself.
                 [&](const Unknown&) {},
                 [&](const Open&) {},
                 [&](const Identity&) {},
                 [&](const Close&) {},
             },
             message.body);
  peer.first_head_came = peer.first_head_came || !is_fork;
}

void MessageDispatch::on_head(PeerId id, Peer& peer, const feed::Checkpoint& head) {
  heads_.on_head(id, peer, head);
  if (!peer.gone) fetches_.on_head(id);
  fetches_.plan_soon();
}

void MessageDispatch::on_no_head(PeerId id, Peer& peer) {
  peer.view.answered = true;
  heads_.on_no_head(id, peer);
  fetches_.plan_soon();
}

bool MessageDispatch::takes_blocks(Peer& peer) {
  if (core_.mirror() != nullptr) return true;
  core_.blame(peer, "blocks of our own feed");
  return false;
}

}  // namespace shoal::replication
