#include "replication/session/peer_memory.h"

namespace shoal::replication {

PeerMemory::Verdict PeerMemory::Account::charge(std::size_t size) {
  const std::size_t cost = size + kOverhead;
  const std::size_t held = held_ += cost;
  const std::size_t total = memory_->total_ += cost;
  if (held > (proven_ ? memory_->bounds_.peer : memory_->bounds_.stranger)) return Verdict::peer_over;
  return total > memory_->bounds_.all ? Verdict::all_over : Verdict::fits;
}

void PeerMemory::Account::release(std::size_t size) {
  const std::size_t cost = size + kOverhead;
  held_ -= cost;
  memory_->total_ -= cost;
}

bool PeerMemory::Account::keep(std::size_t size) {
  const std::size_t kept = kept_ += size;
  const std::size_t total = memory_->total_ += size;
  if (kept <= memory_->bounds_.kept && total <= memory_->bounds_.all) return true;
  drop(size);
  return false;
}

void PeerMemory::Account::drop(std::size_t size) {
  kept_ -= size;
  memory_->total_ -= size;
}

std::optional<std::size_t> PeerMemory::worst(const std::vector<std::shared_ptr<Account>>& accounts) {
  std::optional<std::size_t> worst;
  const auto rank = [&](std::size_t i) {
    return std::pair(accounts[i]->given() < kUseful && accounts[i]->held() > 0, accounts[i]->held());
  };
  for (std::size_t i = 0; i < accounts.size(); ++i) {
    if (accounts[i]->held() > 0 && (!worst || rank(i) > rank(*worst))) worst = i;
  }
  return worst;
}

}  // namespace shoal::replication
