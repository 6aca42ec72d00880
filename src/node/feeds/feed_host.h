#pragma once

#include "base/random.h"
#include "feed/log/feed_log.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "node/feeds/damage_watch.h"
#include "node/feeds/feed_follow.h"
#include "node/feeds/feed_news.h"
#include "node/feeds/feed_wants.h"
#include "node/feeds/fork_record.h"
#include "node/feeds/mirror_terms.h"
#include "node/feeds/own_terms.h"
#include "node/feeds/payload_allowance.h"
#include "node/feeds/read_cache.h"
#include "node/feeds/receipt_giver.h"
#include "node/feeds/receipt_inbox.h"
#include "node/feeds/sync_flush.h"
#include "node/runtime/strand_calls.h"
#include "replication/replicator.h"

#include <atomic>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace shoal::node {

/// One open feed of this node: its log, its mirror and its replicator, which run on one strand, and the parts that know
/// one thing each. FeedHost joins them; callers talk to the part they mean. Thread-safe, but for what is marked. The
/// node lets go of it when it closes; handles keep weak pointers.
class FeedHost final : private replication::ReplicatorEvents, public std::enable_shared_from_this<FeedHost> {
 public:
  struct Context {
    feed::FeedStores stores;
    std::shared_ptr<void> files;  ///< what the stores lie in
    std::shared_ptr<base::Executor> strand;
    std::shared_ptr<base::Executor> flusher;  ///< where the disk is waited for; shared by feeds
    const base::Clock* clock = nullptr;
    base::LogSink* log = nullptr;
    PublicKey node_key = {};
    bool upload = true;
    bool online = false;
    /// Signs a receipt with the node key.
    std::function<void(feed::Receipt&)> sign_receipt = {};
    /// The user gave the mirror a name.
    std::function<bool(const PublicKey&)> is_named_mirror = {};
    std::filesystem::path forks;                           ///< directory of proofs of forks; empty: no files
    std::shared_ptr<replication::CreditPool> credit = {};  ///< of all feeds of the node

    // Called on the feed's strand; what they begin has to run elsewhere.
    /// An own feed was found to have forked.
    std::function<void(const feed::ForkProof&)> on_own_fork;
    /// An own feed was signed elsewhere up to this head.
    std::function<void(const feed::Checkpoint&)> on_signed_elsewhere = [](const auto&) {};
    /// Others are connected than before.
    std::function<void(FeedHost&, const std::vector<replication::PeerView>&)> on_peers = {};
    /// The peer was caught lying.
    std::function<void(const replication::PeerView&, std::string_view)> on_blamed;
    /// The peer asked for more than anybody may.
    std::function<void(const replication::PeerView&)> on_flooded = {};
    /// Runs a task where own feeds change, some time later.
    std::function<void(std::function<void()>)> change_own = [](const auto&) {};
    /// An own feed has a new head. Any thread.
    std::function<void(const FeedId&, const feed::Checkpoint&)> on_committed = {};
  };
  /// Opens the feed's rows. `own` feeds have no mirror: nothing but their writer changes them.
  [[nodiscard]] static Result<std::shared_ptr<FeedHost>> open(const FeedId& feed, bool own, Context context);
  ~FeedHost() override;

  [[nodiscard]] const FeedId& id() const { return id_; }
  [[nodiscard]] bool own() const { return mirror_ == nullptr; }
  [[nodiscard]] bool online() const { return context_.online; }
  [[nodiscard]] const feed::FeedReader& reader() const { return reader_; }
  [[nodiscard]] feed::FeedLog& log() { return *log_; }
  [[nodiscard]] const feed::FeedStores& stores() const { return context_.stores; }
  [[nodiscard]] store::KvStore& block_store() { return *context_.stores.blocks; }
  [[nodiscard]] base::Executor& strand() { return *context_.strand; }
  /// Only on the strand.
  [[nodiscard]] replication::Replicator& replicator() { return *replicator_; }
  /// Null for own feeds. Only on the strand.
  [[nodiscard]] feed::FeedMirror* mirror() { return mirror_.get(); }

  // The parts.
  /// Where threads and descriptors wait for changes of this feed.
  [[nodiscard]] FeedNews& news() { return news_; }
  [[nodiscard]] const FeedNews& news() const { return news_; }
  [[nodiscard]] const ForkRecord& fork() const { return fork_; }
  /// What holds of an own feed.
  [[nodiscard]] OwnTerms& own_terms() { return own_terms_; }
  [[nodiscard]] const OwnTerms& own_terms() const { return own_terms_; }
  /// What was agreed of the mirror; set_mirror() changes it.
  [[nodiscard]] MirrorTerms& terms() { return terms_; }
  [[nodiscard]] const PayloadAllowance& allowance() const { return allowance_; }
  [[nodiscard]] ReadCache& cache() { return *cache_; }
  [[nodiscard]] ReceiptInbox& receipts() { return *receipts_; }

  void on_signed_elsewhere(const feed::Checkpoint& head) override { context_.on_signed_elsewhere(head); }
  /// Runs `task` on the strand, unless the host is gone by then.
  void post(std::function<void()> task);
  /// Runs `task` on the strand and waits for its end. False when the host closed before: then it never runs. Not from
  /// the strand.
  [[nodiscard]] bool run(std::function<void()> task) { return calls_.run(std::move(task)); }
  /// Notifies once `delay` has passed: for waiters whose answer depends on time alone.
  void notify_after(std::chrono::milliseconds delay);

  /// Has something fetched until the handle goes. Null for own feeds.
  [[nodiscard]] FeedWants::Handle want(FeedWants::Want want) { return own() ? nullptr : wants_->add(std::move(want)); }
  /// The feed is mirrored on these terms from here on; nullopt ends that.
  void set_mirror(std::optional<MirrorOptions> options);
  /// Newest tree size that was completely held, as the present wants ask, and durable; 0 before the first.
  [[nodiscard]] std::uint64_t synced_size() const { return wants_->applied() ? sync_->synced_size() : 0; }
  /// Asks connected peers for receipts, as Replicator::ask_receipts(). Own feeds do so from the beginning.
  void ask_receipts(replication::ReceiptDemand demand);
  /// Somebody is connected for it, or reads it here.
  [[nodiscard]] bool has_audience() const { return has_peers_ || cache_->has_readers(); }

  /// This many payload bytes may be stored before this is called again; then nothing is fetched until it is. nullopt:
  /// without a bound.
  void set_allowance(std::optional<std::uint64_t> bytes);
  /// Why the budget cannot be kept; waiters of the mirror get this error.
  void set_budget_problem(std::optional<Error> problem);
  /// Drops payloads as FeedLog::prune() says and tells peers. On the strand; for own feeds on the commit thread.
  [[nodiscard]] Result<feed::Pruned> prune(const std::vector<BlockIndex>& blocks);

  /// A damaged block was dropped and may come back. Waits for drops that are on their way. Not from the strand.
  [[nodiscard]] bool awaits_damaged();

  /// An own feed grew or was signed again. Any thread.
  void committed(const feed::Checkpoint& head);

  /// Ends all waiting for good: the node closes.
  void close();
  /// Ends all waiting for good: the node goes on without this host.
  void close_retired(const Error& why);

 private:
  FeedHost(const FeedId& feed, std::unique_ptr<feed::FeedLog> log, Context context);
  void make_replicator();
  void make_sync_flush();
  void make_follow();
  void make_cache();
  [[nodiscard]] Result<void> open_receipts();
  /// Has the strand follow what is wanted now.
  void apply_wants();
  [[nodiscard]] std::optional<KeptForGood> kept_for_good() const;
  void watch_damage();
  /// `task`, unless the host is gone when it is called.
  [[nodiscard]] std::function<void()> guarded(std::function<void()> task);

  // replication::ReplicatorEvents, on the strand
  void on_head(const feed::Checkpoint& head) override;
  void on_blocks() override;
  void on_synced(const feed::Checkpoint& head) override { follow_->on_synced(head); }
  void on_peer_blamed(const replication::PeerView& peer, std::string_view what) override;
  void on_peer_flooded(const replication::PeerView& peer, std::string_view what) override;
  void on_peers_changed() override;
  void on_receipt(const feed::Receipt& receipt) override;
  void on_receipts_asked(replication::ReceiptDemand demand) override;
  void on_fork(const feed::ForkProof& proof) override;
  void on_contradiction() override { news_.notify(); }

  FeedId id_;
  Context context_;
  std::unique_ptr<feed::FeedLog> log_;
  feed::FeedReader reader_;
  base::SeededRandom random_;
  FeedNews news_;
  StrandCalls calls_;
  ForkRecord fork_;
  OwnTerms own_terms_;
  MirrorTerms terms_;
  PayloadAllowance allowance_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::unique_ptr<replication::Replicator> replicator_;
  std::shared_ptr<SyncFlush> sync_;
  std::unique_ptr<FeedWants> wants_;
  std::shared_ptr<FeedFollow> follow_;
  std::shared_ptr<ReadCache> cache_;
  std::shared_ptr<ReceiptInbox> receipts_;
  std::shared_ptr<ReceiptGiver> giver_;  ///< null for own feeds
  std::atomic<bool> has_peers_ = false;
  std::unique_ptr<DamageWatch> damage_;
};

/// Why nothing more of an own feed is signed.
[[nodiscard]] inline std::optional<Error> signing_problem(const FeedHost& host) {
  const auto fork = host.fork().error();
  return fork ? fork : host.own_terms().writer_problem();
}

}  // namespace shoal::node
