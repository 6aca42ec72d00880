#include "node/feeds/received_receipts.h"

#include "base/try.h"

#include <algorithm>

namespace shoal::node {

Result<std::unique_ptr<ReceivedReceipts>> ReceivedReceipts::open(Parts parts) {
  std::unique_ptr<ReceivedReceipts> opened(new ReceivedReceipts(std::move(parts)));
  if (opened->parts_.store != nullptr) SHOAL_CHECK(opened->load());
  return opened;
}

Result<void> ReceivedReceipts::load() {
  const store::KeyRange range = store::receipts_range(parts_.feed);
  const auto rows = parts_.store->iterate(store::Column::meta);
  const auto inside = [&] {
    return rows->valid() &&
           std::lexicographical_compare(rows->key().begin(), rows->key().end(), range.end.begin(), range.end.end());
  };
  for (rows->seek(range.begin); inside() && kept_.size() < kMaxMirrors; rows->next()) {
    const auto receipt = feed::decode_receipt(rows->value());
    if (!receipt || !std::ranges::equal(rows->key(), store::receipt_key(parts_.feed, receipt->node_key))) {
      return Error{Code::corrupt, "the row of a mirror's receipt is malformed", ""};
    }
    const bool named = parts_.is_named && parts_.is_named(receipt->node_key);
    kept_[receipt->node_key] = Kept{*receipt, ++heard_, named};
  }
  return rows->status();
}

bool ReceivedReceipts::put(const feed::Receipt& receipt) {
  if (replace(receipt)) return true;
  const bool named = parts_.is_named && parts_.is_named(receipt.node_key);
  const std::lock_guard lock(mutex_);
  if (kept_.size() >= kMaxMirrors && !make_room(named)) return false;
  kept_[receipt.node_key] = Kept{receipt, ++heard_, named};
  changed_.insert(receipt.node_key);
  return true;
}

bool ReceivedReceipts::replace(const feed::Receipt& receipt) {
  const std::lock_guard lock(mutex_);
  const auto known = kept_.find(receipt.node_key);
  if (known == kept_.end()) return false;
  known->second.receipt = receipt;
  known->second.heard = ++heard_;
  changed_.insert(receipt.node_key);
  return true;
}

bool ReceivedReceipts::make_room(bool named) {
  auto oldest = kept_.end();
  for (auto one = kept_.begin(); one != kept_.end(); ++one) {
    if (one->second.named && !named) continue;
    const bool before = oldest == kept_.end() || one->second.named < oldest->second.named ||
                        (one->second.named == oldest->second.named && one->second.heard < oldest->second.heard);
    if (before) oldest = one;
  }
  if (oldest == kept_.end()) return false;
  changed_.insert(oldest->first);
  kept_.erase(oldest);
  return true;
}

std::vector<feed::Receipt> ReceivedReceipts::all() const {
  const std::lock_guard lock(mutex_);
  std::vector<feed::Receipt> receipts;
  receipts.reserve(kept_.size());
  for (const auto& [key, one] : kept_) receipts.push_back(one.receipt);
  return receipts;
}

Result<void> ReceivedReceipts::save() {
  if (parts_.store == nullptr) return {};
  store::WriteBatch batch;
  {
    const std::lock_guard lock(mutex_);
    for (const PublicKey& key : changed_) {
      const auto one = kept_.find(key);
      if (one == kept_.end()) {
        batch.erase(store::Column::meta, store::receipt_key(parts_.feed, key));
      } else {
        batch.put(store::Column::meta, store::receipt_key(parts_.feed, key), feed::encode_receipt(one->second.receipt));
      }
    }
    changed_.clear();
  }
  return batch.empty() ? Result<void>{} : parts_.store->write(batch, store::Sync::no);
}

}  // namespace shoal::node
