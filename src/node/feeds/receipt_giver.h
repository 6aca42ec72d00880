#pragma once

#include "base/executor.h"
#include "base/log_sink.h"
#include "feed/format/receipt.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "node/feeds/mirror_terms.h"
#include "replication/peers/replicator_events.h"

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

namespace shoal::node {

/// Decides when a mirrored feed signs receipts, and for what (docs/PROTOCOL.md, "Receipts"): only for what was made
/// durable before, only while a peer asks, and not more often than the flushes are worth. Confined to the feed's
/// strand; the flushes run on another executor, so that the strand does not wait for the disk.
class ReceiptGiver : public std::enable_shared_from_this<ReceiptGiver> {
 public:
  struct Context {
    feed::FeedLog* log = nullptr;
    feed::FeedMirror* mirror = nullptr;
    base::Executor* strand = nullptr;
    std::shared_ptr<base::Executor> flusher;
    const base::Clock* clock = nullptr;
    base::LogSink* sink = nullptr;
    /// nullopt: nothing is kept for good, or the feed is closed; then nothing is promised.
    std::function<std::optional<KeptForGood>()> kept_for_good;
    /// Sets node key and signature.
    std::function<void(feed::Receipt&)> sign;
    /// Gives each new receipt to the peers that ask for it.
    std::function<void(const feed::Receipt&)> give;
  };
  /// Compares what was signed before the last stop with what is here, and says so in the log when some is gone.
  [[nodiscard]] static Result<std::shared_ptr<ReceiptGiver>> open(Context context);

  void on_demand(replication::ReceiptDemand demand);
  /// More may be held than before.
  void on_held();
  /// Blocks that were held are not: receipts shrink, and begin anew with what is held now.
  void on_lost();
  /// All that is wanted under this head is held.
  void on_synced(const feed::Checkpoint& head);
  /// Something else is followed from here on.
  void on_follow_changed();

 private:
  /// What could be signed once it is durable.
  struct Candidate {
    Epoch epoch{0};
    std::uint64_t tree_size = 0;
    std::vector<std::string> topics;
  };

  explicit ReceiptGiver(Context context) : context_(std::move(context)), reader_(*context_.log) {}
  void check_former(const feed::Receipt& former);
  [[nodiscard]] std::optional<Candidate> candidate() const;
  /// The newest receipt says the same, and is not due to be repeated.
  [[nodiscard]] bool is_said(const Candidate& candidate) const;
  void plan();
  void flush();
  void on_durable(const Candidate& candidate, const Result<void>& flushed);
  [[nodiscard]] Result<feed::Receipt> make(const Candidate& candidate, const KeptForGood& kept) const;
  [[nodiscard]] UnixMs held_since(const Candidate& candidate, UnixMs now) const;

  const Context context_;
  feed::FeedReader reader_;
  replication::ReceiptDemand demand_ = replication::ReceiptDemand::none;
  std::optional<feed::Checkpoint> synced_;
  std::optional<feed::Receipt> newest_;  ///< of this process or the one before
  std::uint64_t given_size_ = 0;         ///< in this process; a later receipt is smaller only after on_lost()
  base::MonoTime given_at_ = -std::chrono::hours(1);
  base::MonoTime flush_took_{0};
  bool planned_ = false;
  std::uint64_t plan_number_ = 0;  ///< of the newest plan; older ones do nothing
  bool flushing_ = false;
  bool failed_ = false;
};

}  // namespace shoal::node
