#include "simulation/hostile_node.h"

namespace shoal::simulation {
namespace {

using replication::Data;
using replication::GrowthReply;
using replication::Head;
using replication::Message;
using replication::Piece;
using replication::Push;
using replication::WantEnd;

bool is_work(const Message& message) {
  return std::holds_alternative<Data>(message.body) || std::holds_alternative<Push>(message.body) ||
         std::holds_alternative<Piece>(message.body) || std::holds_alternative<WantEnd>(message.body) ||
         std::holds_alternative<GrowthReply>(message.body);
}

void change_payload(Message& message) {
  if (auto* data = std::get_if<Data>(&message.body)) {
    for (replication::DataBlock& block : data->blocks) {
      if (!block.payload.empty()) block.payload.back() ^= 1;
    }
  }
  if (auto* push = std::get_if<Push>(&message.body); push != nullptr && !push->blocks.empty()) {
    push->blocks.back().payload.back() ^= 1;
  }
  if (auto* piece = std::get_if<Piece>(&message.body); piece != nullptr && !piece->bytes.empty()) piece->bytes[0] ^= 1;
}

}  // namespace

bool act_hostile(Behaviour behaviour, Message& message) {
  if (behaviour == Behaviour::silent && is_work(message)) return false;
  if (behaviour == Behaviour::lies_bytes) change_payload(message);
  if (behaviour == Behaviour::lies_heads) {
    if (auto* head = std::get_if<Head>(&message.body); head != nullptr && head->head.tree_size % 7 == 0) {
      head->head.tree_size += 1000;
    }
  }
  return true;
}

base::MonoTime hold_back(Behaviour behaviour, const Message& message) {
  if (behaviour != Behaviour::stalling || !is_work(message)) return base::MonoTime{0};
  return std::chrono::seconds(replication::encoded_size(message.body));
}

}  // namespace shoal::simulation
