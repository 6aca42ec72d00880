#include "node/feeds/receipt_inbox.h"

#include "base/try.h"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <utility>

namespace shoal::node {
namespace {

constexpr base::MonoTime kSaveInterval = std::chrono::seconds(1);

}  // namespace

Result<std::shared_ptr<ReceiptInbox>> ReceiptInbox::open(Context context) {
  std::shared_ptr<ReceiptInbox> opened(new ReceiptInbox(std::move(context)));
  if (opened->context_.store != nullptr) SHOAL_CHECK(opened->load());
  return opened;
}

Result<void> ReceiptInbox::load() {
  const store::KeyRange range = store::receipts_range(context_.feed);
  const auto rows = context_.store->iterate(store::Column::meta);
  const auto inside = [&] {
    return rows->valid() &&
           std::lexicographical_compare(rows->key().begin(), rows->key().end(), range.end.begin(), range.end.end());
  };
  std::size_t count = 0;
  for (rows->seek(range.begin); inside() && count < ReceivedReceipts::kMaxMirrors; rows->next(), ++count) {
    const auto receipt = feed::decode_receipt(rows->value());
    if (!receipt || !std::ranges::equal(rows->key(), store::receipt_key(context_.feed, receipt->node_key))) {
      return Error{Code::corrupt, "the row of a mirror's receipt is malformed", ""};
    }
    received_.put(*receipt);
  }
  std::ignore = received_.take_changes();  // they are rows already
  return rows->status();
}

void ReceiptInbox::take(const feed::Receipt& receipt) {
  received_.put(receipt);
  std::function<void()> callback;
  {
    const std::lock_guard lock(mutex_);
    callback = on_receipt_;
  }
  if (callback) callback();
  if (context_.store == nullptr || std::exchange(save_planned_, true)) return;
  context_.strand->post_after(kSaveInterval, [weak = weak_from_this()] {
    const auto self = weak.lock();
    if (!self) return;
    self->save_planned_ = false;
    self->save();
  });
}

void ReceiptInbox::on_receipt(std::function<void()> callback) {
  const std::lock_guard lock(mutex_);
  on_receipt_ = std::move(callback);
}

void ReceiptInbox::stop_saving() {
  const std::lock_guard lock(mutex_);
  saves_ = false;
}

void ReceiptInbox::save() {
  {
    const std::lock_guard lock(mutex_);
    if (!saves_) return;
  }
  if (const auto saved = write(); !saved) context_.log->log(base::LogLevel::error, "feed", saved.error().message);
}

Result<void> ReceiptInbox::write() {
  if (context_.store == nullptr) return {};
  const ReceivedReceipts::Changes changes = received_.take_changes();
  store::WriteBatch batch;
  for (const PublicKey& key : changes.dropped) {
    batch.erase(store::Column::meta, store::receipt_key(context_.feed, key));
  }
  for (const feed::Receipt& receipt : changes.kept) {
    batch.put(store::Column::meta, store::receipt_key(context_.feed, receipt.node_key), feed::encode_receipt(receipt));
  }
  return batch.empty() ? Result<void>{} : context_.store->write(batch, store::Sync::no);
}

}  // namespace shoal::node
