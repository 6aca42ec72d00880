#pragma once

#include "base/random.h"
#include "feed/log/feed_log.h"
#include "feed/mirror/feed_mirror.h"
#include "feed/read/feed_reader.h"
#include "node/directory/fork_file.h"
#include "node/feeds/receipt_giver.h"
#include "node/feeds/received_receipts.h"
#include "node/runtime/ready_signal.h"
#include "replication/replicator.h"
#include "topic/topic_filter.h"

#include <shoal/retention.h>

#include <atomic>
#include <chrono>
#include <condition_variable>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::node {

/// One open feed in this node: what is stored, who replicates it, and who waits for news. Thread-safe, but for what is
/// marked. The node lets go of it when it closes; handles keep weak pointers.
class FeedHost final : public replication::ReplicatorEvents, public std::enable_shared_from_this<FeedHost> {
 public:
  /// What was shown to readers goes into the store so much later: at once it would take the processor from the threads
  /// that carry it to them (100 us more until the network thread had it, measured).
  static constexpr base::MonoTime kSettleDelay = std::chrono::milliseconds(2);

  struct Parts {
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
    std::filesystem::path forks;  ///< directory of proofs of forks; empty: no files
    /// An own feed was found to have forked. Called on the feed's strand; what it does has to be done elsewhere.
    std::function<void(const feed::ForkProof&)> on_own_fork;
    /// Told who is connected whenever that changes, on the feed's strand.
    std::function<void(FeedHost&, const std::vector<replication::PeerView>&)> on_peers = {};
    /// Told of each new head of an own feed. Any thread.
    std::function<void(const FeedId&, const feed::Checkpoint&)> on_committed = {};
    std::shared_ptr<replication::CreditPool> credit = {};  ///< of all feeds of the node
    /// Told of each peer that was caught lying, on the feed's strand.
    std::function<void(const replication::PeerView&, std::string_view)> on_blamed;
    /// Told of each peer that asked for more than anybody may, on the feed's strand.
    std::function<void(const replication::PeerView&)> on_flooded = {};
  };
  /// Opens the feed's rows. `own` feeds have no mirror: nothing but their writer changes them.
  [[nodiscard]] static Result<std::shared_ptr<FeedHost>> open(const FeedId& feed, bool own, Parts parts);
  ~FeedHost() override;

  [[nodiscard]] const FeedId& id() const { return id_; }
  [[nodiscard]] bool own() const { return mirror_ == nullptr; }
  [[nodiscard]] const feed::FeedReader& reader() const { return reader_; }
  [[nodiscard]] feed::FeedLog& log() { return *log_; }
  [[nodiscard]] const feed::FeedStores& stores() const { return parts_.stores; }
  /// Where its blocks lie.
  [[nodiscard]] store::KvStore& block_store() { return *parts_.stores.blocks; }
  [[nodiscard]] base::Executor& strand() { return *parts_.strand; }
  /// Only on the strand.
  [[nodiscard]] replication::Replicator& replicator() { return *replicator_; }
  /// Null for own feeds. Only on the strand.
  [[nodiscard]] feed::FeedMirror* mirror() { return mirror_.get(); }
  [[nodiscard]] bool online() const { return parts_.online; }
  /// Somebody is connected for it, or reads it here.
  [[nodiscard]] bool has_audience() const;

  /// Runs `task` on the strand.
  void post(std::function<void()> task) { parts_.strand->post(std::move(task)); }
  /// Runs `task` on the strand and waits for its end. False when the host closed before: then it never runs. Not from
  /// the strand.
  [[nodiscard]] bool run(std::function<void()> task);

  /// Why the own feed cannot be signed; nullopt while it can, and for other people's.
  [[nodiscard]] std::optional<Error> writer_problem() const;
  void set_writer_problem(std::optional<Error> problem);

  /// The feed's owner signed two histories: what to tell, naming the file of the proof. nullopt as far as is known.
  [[nodiscard]] std::optional<Error> fork_error() const;
  /// The file of the proof; empty without one.
  [[nodiscard]] std::string fork_file() const;

  /// What one handle wants fetched; the union of all is followed. Dropped with the returned handle.
  struct Want {
    topic::TopicFilter filter;
    bool everything = true;
    bool in_order = true;  ///< somebody reads what comes; a mirror does not
  };
  using WantHandle = std::shared_ptr<void>;
  [[nodiscard]] WantHandle want(Want want);

  /// The persistent want of this feed, in force from here on; nullopt ends it. Its row is kept by want_store.h.
  void set_mirror(std::optional<MirrorOptions> options);
  [[nodiscard]] std::optional<MirrorOptions> mirror_options() const;
  /// Payloads appended before this are dropped again, or were: they are not fetched. Any thread.
  [[nodiscard]] UnixMs oldest_wanted() const;
  /// Room was short, and payloads appended up to `newest_dropped` went.
  void raise_floor(UnixMs newest_dropped);
  /// What of an own feed stays; nullopt: everything.
  [[nodiscard]] std::optional<Retention> retention() const;
  void set_retention(std::optional<Retention> retention);
  /// Why the budget cannot be kept; whoever waits for the mirror is told.
  [[nodiscard]] std::optional<Error> budget_problem() const;
  void set_budget_problem(std::optional<Error> problem);
  /// So many payload bytes may be stored before this is called again; then nothing is fetched until it is. nullopt:
  /// without a bound.
  void set_allowance(std::optional<std::uint64_t> bytes);
  /// Drops payloads as FeedLog::prune() says and tells peers. On the strand; for own feeds on the commit thread.
  [[nodiscard]] Result<feed::Pruned> prune(const std::vector<BlockIndex>& blocks);

  /// How far one subscription read, and how much of what it read it leaves here; 0: all of it.
  struct Reading {
    BlockIndex read_to{0};
    std::uint64_t cache_bytes = 0;
  };
  /// Counts a subscription as a reader until the handle goes.
  [[nodiscard]] std::shared_ptr<Reading> begin_reading(std::uint64_t cache_bytes);
  /// The subscription of `reading` got here. Drops what no reader and no mirror keeps.
  void note_read(const std::shared_ptr<Reading>& reading, BlockIndex read_to);

  /// A number that grows with everything a waiter may care for.
  [[nodiscard]] std::uint64_t version() const;
  /// Waits until version() differs from `seen`; false when the deadline passed, the stop came, or the host closed.
  bool wait_change(std::uint64_t seen, std::chrono::steady_clock::time_point deadline,
                   const std::stop_token& stop) const;
  /// Wakes all waiters.
  void notify();
  /// The same once `delay` has passed, for waiters to whom time alone is news.
  void notify_after(std::chrono::milliseconds delay);
  /// Raises `signal` whenever waiters are woken, until nobody else holds it.
  void watch(const std::shared_ptr<ReadySignal>& signal);
  /// Ends all waiting for good.
  void close();
  /// The same, of a feed that is forgotten while the node goes on.
  void close_removed();
  [[nodiscard]] bool closed() const;
  /// What readers are told then.
  [[nodiscard]] Error closed_error() const;

  /// Result of the question "what is your newest head", asked of every connected peer.
  struct HeadQuestion {
    std::atomic<bool> done = false;
    std::atomic<bool> answered = false;  ///< set before `done`
  };
  /// Asks; the answer is filled in and version() grows.
  [[nodiscard]] std::shared_ptr<const HeadQuestion> ask_heads(std::chrono::milliseconds settle,
                                                              std::chrono::milliseconds timeout);

  /// Newest tree size that was completely held, as the present wants ask, and durable; 0 before the first.
  [[nodiscard]] std::uint64_t synced_size() const;

  /// An own feed grew or was signed again. Any thread.
  void committed(const feed::Checkpoint& head);

  /// Asks connected peers for receipts, as Replicator::ask_receipts(). Own feeds do so from the beginning.
  void ask_receipts(replication::ReceiptDemand demand);
  /// The newest receipt of each mirror that gave one.
  [[nodiscard]] std::vector<feed::Receipt> receipts() const { return receipts_->all(); }
  /// Writes those that came since the last call. On the strand, or when the pool has stopped.
  void save_receipts();
  /// Called on the strand with each that comes; an empty one ends it.
  void on_receipts(std::function<void()> callback);

  // replication::ReplicatorEvents, on the strand
  void on_head(const feed::Checkpoint& head) override;
  void on_blocks() override;
  void on_synced(const feed::Checkpoint& head) override;
  void on_peer_blamed(const replication::PeerView& peer, std::string_view what) override;
  void on_peer_flooded(const replication::PeerView& peer, std::string_view what) override;
  void on_peers_changed() override;
  void on_receipt(const feed::Receipt& receipt) override;
  void on_receipts_asked(replication::ReceiptDemand demand) override;
  void on_fork(const feed::ForkProof& proof) override;

 private:
  FeedHost(const FeedId& feed, std::unique_ptr<feed::FeedLog> log, Parts parts);
  /// What the log and the file know of a fork, both know from here on.
  [[nodiscard]] Result<void> settle_fork();
  /// False when the disk refuses.
  bool keep_fork_file() const;
  void apply_wants();
  [[nodiscard]] std::vector<topic::TopicFilter> wanted_filters(bool& everything) const;
  [[nodiscard]] replication::Follow follow_of(const std::vector<topic::TopicFilter>& filters) const;
  void follow(replication::Follow follow);
  /// Somebody reads what is fetched as it comes, or a budget drops the oldest first.
  [[nodiscard]] bool read_in_order() const;
  /// Some want selects topics by a pattern, and none selects all.
  [[nodiscard]] bool wants_globs() const;
  void learn_topics();
  void plan_settle();
  void plan_flush();
  void flush_synced();
  /// What was held of the `follow`th follow at `size` is durable; 0: nothing is.
  void flushed(std::uint64_t follow, std::uint64_t size);
  [[nodiscard]] Result<void> open_receipts();
  [[nodiscard]] std::optional<ReceiptGiver::Holding> holding() const;
  /// Under mutex_.
  void raise_signals();
  /// What the readings leave: bytes that may stay and how far all have read; nullopt: everything stays.
  [[nodiscard]] std::optional<Reading> cache_bound();
  void trim();
  [[nodiscard]] std::uint64_t payload_bytes() const;
  /// There is no room for more.
  [[nodiscard]] bool starved() const;
  /// Stops fetching when the allowance is used up.
  void spend_allowance();

  FeedId id_;
  Parts parts_;
  ForkFile fork_file_;
  std::unique_ptr<feed::FeedLog> log_;
  feed::FeedReader reader_;
  base::SeededRandom random_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::unique_ptr<replication::Replicator> replicator_;
  std::unique_ptr<ReceivedReceipts> receipts_;
  std::shared_ptr<ReceiptGiver> giver_;           // on the strand; null for own feeds
  bool receipts_save_planned_ = false;            // on the strand
  std::uint32_t learned_topic_count_ = 0;         // on the strand
  bool learning_ = false;                         // on the strand
  std::optional<replication::Follow> following_;  // on the strand
  int follows_changing_ = 0;                      // on the strand: events of a former follow may still come
  std::uint64_t follows_ = 0;                     // on the strand: counts changes of what is followed
  std::uint64_t unflushed_size_ = 0;              // on the strand: synced, and no flush of it has begun
  /// On the strand: held as was followed when patterns had not been matched against its topics.
  std::optional<feed::Checkpoint> unmatched_sync_;
  bool settle_planned_ = false;   // on the strand
  bool flush_planned_ = false;    // on the strand
  base::MonoTime last_flush_{0};  // on the strand

  mutable std::mutex mutex_;
  mutable std::condition_variable_any changed_;
  std::uint64_t version_ = 0;
  std::uint64_t synced_size_ = 0;
  bool closed_ = false;
  bool removed_ = false;
  std::function<void()> on_receipts_;
  std::vector<std::weak_ptr<ReadySignal>> signals_;
  std::uint64_t next_want_ = 0;
  std::map<std::uint64_t, Want> wants_;
  std::uint64_t wants_changed_ = 0;  ///< counts changes of wants_
  std::uint64_t wants_applied_ = 0;  ///< as of this change the replicator follows
  std::optional<Error> writer_problem_;
  std::optional<MirrorOptions> mirror_options_;
  WantHandle mirror_want_;
  std::atomic<bool> has_peers_ = false;
  UnixMs floor_ = kNoTime;
  std::optional<Retention> retention_;
  std::optional<Error> budget_problem_;
  std::optional<std::uint64_t> allowance_;
  std::uint64_t allowance_from_ = 0;  ///< payload bytes held when it was given, less what was pruned since
  bool paused_ = false;               ///< it is used up
  std::vector<std::weak_ptr<Reading>> readings_;
  bool trimming_ = false;
  std::uint64_t unreclaimed_ = 0;      // on the strand: bytes dropped by trim() since it gave disk back
  feed::BlockRange unreclaimed_span_;  // on the strand
};

}  // namespace shoal::node
