#include "node/feeds/sender_accounts.h"

#include "feed/format/block.h"

#include <algorithm>
#include <utility>

namespace shoal::node {
namespace {

std::uint64_t count_of(const AckRun& run) { return static_cast<std::uint64_t>(run.last - run.first + 1); }

}  // namespace

SenderAccounts::Sender SenderAccounts::open(MirrorQuorum quorum) {
  Account& account = accounts_[++last_sender_];
  account.counts.mirrors = !quorum.empty();
  if (account.counts.mirrors) account.mirrors.emplace(std::move(quorum));
  return last_sender_;
}

std::size_t SenderAccounts::close(Sender sender) {
  const auto entry = accounts_.find(sender);
  if (entry == accounts_.end()) return 0;
  const std::size_t bytes = entry->second.mirrors ? entry->second.mirrors->bytes() : 0;
  accounts_.erase(entry);
  return bytes;
}

std::vector<SenderAccounts::Sender> SenderAccounts::senders() const {
  std::vector<Sender> all;
  all.reserve(accounts_.size());
  for (const auto& [sender, account] : accounts_) all.push_back(sender);
  return all;
}

bool SenderAccounts::waits_for_mirrors() const {
  return std::any_of(accounts_.begin(), accounts_.end(), [](const auto& entry) { return entry.second.counts.mirrors; });
}

SenderAccounts::Counts SenderAccounts::counts(Sender sender) const {
  const auto entry = accounts_.find(sender);
  return entry == accounts_.end() ? Counts{} : entry->second.counts;
}

void SenderAccounts::set_callback(Sender sender, Callback callback) {
  const auto entry = accounts_.find(sender);
  if (entry != accounts_.end()) entry->second.callback = std::move(callback);
}

SenderAccounts::Callback SenderAccounts::callback(Sender sender) const {
  const auto entry = accounts_.find(sender);
  return entry == accounts_.end() ? Callback() : entry->second.callback;
}

void SenderAccounts::take(Sender sender, const TopicPartition& stream, Offset first, std::uint32_t count) {
  router_.note(stream, first, count, sender);
  accounts_[sender].counts.taken += count;
}

void SenderAccounts::make_durable(const feed::CommittedBlock& block, std::size_t bytes, std::vector<Ack>& acks) {
  const Offset last = block.base_offset + (static_cast<std::int64_t>(block.record_count) - 1);
  auto runs = router_.take(block.stream, block.base_offset, last);
  std::erase_if(runs, [&](const AckRouter::Run& run) { return !accounts_.contains(run.sender); });
  // The room goes back with a run that waits for mirrors, if there is any.
  std::stable_partition(runs.begin(), runs.end(), [&](const auto& run) { return !accounts_[run.sender].mirrors; });
  if (runs.empty()) acks.push_back({0, {}, bytes});  // its sender has left
  for (const AckRouter::Run& run : runs) {
    const std::size_t freed = &run == &runs.back() ? bytes : 0;
    AckRun records{block.stream.topic, block.stream.partition, run.first, run.last, Acks::Level::durable};
    Account& account = accounts_[run.sender];
    if (!account.mirrors) {
      acks.push_back({run.sender, std::move(records), freed});
      continue;
    }
    account.counts.durable += count_of(records);
    records.level = account.mirrors->level();
    const auto header = feed::decode_header(block.header);
    account.mirrors->add({std::move(records), block.index, header ? header->append_time : UnixMs(0), freed});
  }
}

std::vector<SenderAccounts::Ack> SenderAccounts::take_mirrored(const std::vector<feed::Receipt>& receipts,
                                                               Epoch epoch) {
  std::vector<Ack> acks;
  for (auto& [sender, account] : accounts_) {
    if (!account.mirrors || account.mirrors->empty()) continue;
    for (MirrorAcks::Run& run : account.mirrors->take(receipts, epoch)) {
      acks.push_back({sender, std::move(run.records), run.bytes});
    }
  }
  return acks;
}

void SenderAccounts::acknowledge(const Ack& ack) {
  const auto entry = accounts_.find(ack.sender);
  if (entry == accounts_.end()) return;
  Counts& counts = entry->second.counts;
  counts.acked += count_of(ack.run);
  if (!counts.mirrors) counts.durable += count_of(ack.run);
}

}  // namespace shoal::node
