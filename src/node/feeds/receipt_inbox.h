#pragma once

#include "base/executor.h"
#include "base/log_sink.h"
#include "node/feeds/received_receipts.h"
#include "store/keyspace.h"
#include "store/kv_store.h"

#include <functional>
#include <memory>
#include <mutex>
#include <utility>
#include <vector>

namespace shoal::node {

/// Takes the receipts that mirrors of one feed give: notifies those who wait for them, and writes those of an own feed
/// to the store, so that they stay over restarts.
class ReceiptInbox : public std::enable_shared_from_this<ReceiptInbox> {
 public:
  struct Context {
    store::KvStore* store = nullptr;  ///< null: kept in memory only
    store::FeedNumber feed{0};
    base::Executor* strand = nullptr;
    base::LogSink* log = nullptr;
    /// See ReceivedReceipts.
    std::function<bool(const PublicKey&)> is_named = {};
  };
  /// Reads the rows. Code::corrupt for a malformed one.
  [[nodiscard]] static Result<std::shared_ptr<ReceiptInbox>> open(Context context);

  /// A receipt that was verified. It is written within a second, together with what came meanwhile. On the strand.
  void take(const feed::Receipt& receipt);
  /// Called on the strand for each receipt that comes; an empty function ends it. Any thread.
  void on_receipt(std::function<void()> callback);
  /// The newest receipt of each mirror that gave one. Any thread.
  [[nodiscard]] std::vector<feed::Receipt> all() const { return received_.all(); }

  /// Writes what changed since the last call; logs when the disk refuses. On the strand, or when its pool has stopped.
  void save();
  /// The feed is removed: from here on nothing is written, so that its rows do not come back. Any thread.
  void stop_saving();

 private:
  explicit ReceiptInbox(Context context) : context_(std::move(context)), received_(context_.is_named) {}
  [[nodiscard]] Result<void> load();
  [[nodiscard]] Result<void> write();

  const Context context_;
  ReceivedReceipts received_;
  bool save_planned_ = false;  ///< on the strand

  std::mutex mutex_;
  std::function<void()> on_receipt_;
  bool saves_ = true;
};

}  // namespace shoal::node
