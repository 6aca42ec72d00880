#include "simulation/meter.h"

#include <algorithm>

namespace shoal::simulation {

void Meter::begin_stage(std::string name, base::MonoTime now) {
  stages_.emplace_back();
  stages_.back().name = std::move(name);
  stages_.back().began = now;
}

void Meter::published(std::size_t payload, base::MonoTime now) {
  blocks_.push_back({stages_.size() - 1, now});
  stage().published += payload;
}

std::uint16_t& Meter::hops(NodeIndex node, std::uint64_t block) {
  if (hops_.size() <= node) hops_.resize(node + 1);
  if (hops_[node].size() <= block) hops_[node].resize(std::max<std::size_t>(block + 1, 2 * hops_[node].size()));
  return hops_[node][block];
}

void Meter::carried(NodeIndex from, NodeIndex to, std::uint64_t block, std::size_t payload, bool counts, bool pushed) {
  if (block >= blocks_.size()) return;
  Stage& of = stages_[blocks_[block].stage];
  if (from == kProducer) of.producer_payload += payload;
  if (counts) of.sent += payload;
  if (counts && pushed) of.pushed += payload;
  const auto next = static_cast<std::uint16_t>((from == kProducer ? 0 : hops(from, block)) + 1);
  if (std::uint16_t& known = hops(to, block); known == 0) known = next;
}

void Meter::sent(NodeIndex from, NodeIndex to, const replication::Message& message, bool counts, base::MonoTime now) {
  ++messages_;
  const std::size_t size = replication::encoded_size(message.body);
  for (const std::uint64_t number : {std::uint64_t{from}, std::uint64_t{to}, std::uint64_t{message.body.index()},
                                     std::uint64_t{size}, static_cast<std::uint64_t>(now.count())}) {
    trace_.add(number);
  }
  std::size_t payload = 0;
  if (const auto* data = std::get_if<replication::Data>(&message.body)) {
    for (const replication::DataBlock& block : data->blocks) {
      if (block.form != replication::PayloadForm::with_block) continue;
      carried(from, to, block.index.value(), block.payload.size(), counts, !message.bulk);
      payload += block.payload.size();
    }
  } else if (const auto* push = std::get_if<replication::Push>(&message.body)) {
    std::uint64_t block = push->first;
    for (const replication::Push::Block& one : push->blocks) {
      carried(from, to, block++, one.payload.size(), counts, true);
      payload += one.payload.size();
    }
  } else if (const auto* piece = std::get_if<replication::Piece>(&message.body)) {
    carried(from, to, piece->block.value(), piece->bytes.size(), counts, !message.bulk);
    payload = piece->bytes.size();
  }
  if (payload == 0) stage().control += size;
  if (from == kProducer) stage().producer_bytes += size;
}

void Meter::delivered(NodeIndex node, std::uint64_t block, std::size_t payload, bool live, base::MonoTime now) {
  trace_.add(node);
  trace_.add(block);
  trace_.add(static_cast<std::uint64_t>(now.count()));
  Stage& of = stages_[blocks_[block].stage];
  of.delivered += payload;
  if (!live) return;
  of.seconds.push_back(std::chrono::duration<double>(now - blocks_[block].at).count());
  of.hops.push_back(hops(node, block));
}

}  // namespace shoal::simulation
