#include "node/feeds/feed_host.h"

#include "base/try.h"
#include "node/feeds/payload_bytes.h"
#include "node/runtime/system_random.h"

namespace shoal::node {

Result<std::shared_ptr<FeedHost>> FeedHost::open(const FeedId& feed, bool own, Context context) {
  base::LogSink* log = context.log;
  SHOAL_TRY(auto rows, feed::FeedLog::open(context.stores, feed));
  if (!rows->dropped_at_open().empty()) log->log(base::LogLevel::warning, "feed", rows->dropped_at_open());
  std::shared_ptr<FeedHost> host(new FeedHost(feed, std::move(rows), std::move(context)));
  if (!own) {
    SHOAL_TRY(host->mirror_, feed::FeedMirror::open(*host->log_, *log));
  }
  SHOAL_CHECK(host->fork_.open());
  host->make_replicator();
  host->make_sync_flush();
  host->make_follow();
  host->make_cache();
  SHOAL_CHECK(host->open_receipts());
  host->watch_damage();
  return host;
}

FeedHost::FeedHost(const FeedId& feed, std::unique_ptr<feed::FeedLog> log, Context context)
    : id_(feed),
      context_(std::move(context)),
      log_(std::move(log)),
      reader_(*log_),
      random_(system_random()),
      calls_(context_.strand),
      fork_(*log_, context_.forks, *context_.log),
      terms_(*context_.clock) {}

FeedHost::~FeedHost() = default;

void FeedHost::make_replicator() {
  replication::ReplicatorContext context;
  context.reader = &reader_;
  context.mirror = mirror_.get();
  context.executor = context_.strand.get();
  context.clock = context_.clock;
  context.random = &random_;
  context.log = context_.log;
  context.events = this;
  context.node_key = context_.node_key;
  context.credit = context_.credit;
  replication::ReplicatorOptions options;
  options.serve = context_.upload;
  replicator_ = std::make_unique<replication::Replicator>(context, options);
}

void FeedHost::make_sync_flush() {
  SyncFlush::Context context;
  context.strand = context_.strand.get();
  context.flusher = context_.flusher;
  context.clock = context_.clock;
  context.log = context_.log;
  // Called on another executor, where nothing else keeps the log.
  context.make_durable = [weak = weak_from_this()]() -> Result<void> {
    const auto host = weak.lock();
    return host ? host->log_->make_durable() : Result<void>{};
  };
  context.is_kept = [this] { return terms_.mirrored(); };
  context.on_flushed = [this] { news_.notify(); };
  sync_ = std::make_shared<SyncFlush>(std::move(context));
}

void FeedHost::make_follow() {
  // Handles end on any thread, also while the host does.
  wants_ = std::make_unique<FeedWants>([weak = weak_from_this()] {
    if (const auto host = weak.lock()) host->apply_wants();
  });
  FeedFollow::Context context;
  context.wants = wants_.get();
  context.reader = &reader_;
  context.strand = context_.strand.get();
  context.news = &news_;
  context.follow = [this](replication::Follow follow) { replicator_->follow(std::move(follow)); };
  context.set_order = [this](replication::FetchOrder order) { replicator_->set_order(order); };
  context.stop_following = [this] { replicator_->stop_following(); };
  context.fetch_topics = [this](base::MonoTime timeout, FeedFollow::Learned done) {
    replicator_->fetch_topics({}, timeout, std::move(done));
  };
  context.has_room = [this] { return !allowance_.exhausted(); };
  context.drops_oldest = [this] {
    const auto options = terms_.options();
    return options && options->max_bytes > 0;
  };
  context.oldest = [this] { return terms_.oldest_kept(); };
  context.on_changed = [this] {
    sync_->on_follow_changed();
    giver_->on_follow_changed();
  };
  context.on_synced = [this](const feed::Checkpoint& head) {
    giver_->on_synced(head);
    sync_->on_synced(head.tree_size);
  };
  follow_ = std::make_shared<FeedFollow>(std::move(context));
}

void FeedHost::make_cache() {
  ReadCache::Context context;
  context.log = log_.get();
  context.sink = context_.log;
  context.strand = context_.strand.get();
  context.may_trim = [this] { return !own() && !terms_.mirrored() && !news_.closed(); };
  context.prune = [this](const std::vector<BlockIndex>& blocks) { return prune(blocks); };
  cache_ = std::make_shared<ReadCache>(std::move(context));
}

Result<void> FeedHost::open_receipts() {
  ReceiptInbox::Context inbox;
  if (own()) inbox.store = context_.stores.heads;
  inbox.feed = log_->number();
  inbox.strand = context_.strand.get();
  inbox.log = context_.log;
  inbox.is_named = context_.is_named_mirror;
  SHOAL_TRY(receipts_, ReceiptInbox::open(std::move(inbox)));
  if (own()) {
    if (online()) ask_receipts(replication::ReceiptDemand::wanted);
    return {};
  }
  ReceiptGiver::Context giver;
  giver.log = log_.get();
  giver.mirror = mirror_.get();
  giver.strand = context_.strand.get();
  giver.flusher = context_.flusher;
  giver.clock = context_.clock;
  giver.sink = context_.log;
  giver.kept_for_good = [this] { return kept_for_good(); };
  giver.sign = context_.sign_receipt;
  giver.give = [this](const feed::Receipt& receipt) { replicator_->give_receipt(receipt); };
  SHOAL_TRY(giver_, ReceiptGiver::open(std::move(giver)));
  return {};
}

std::optional<KeptForGood> FeedHost::kept_for_good() const {
  return news_.closed() ? std::nullopt : terms_.kept_for_good(reader_);
}

std::function<void()> FeedHost::guarded(std::function<void()> task) {
  return [weak = weak_from_this(), task = std::move(task)] {
    if (const auto host = weak.lock()) task();
  };
}

void FeedHost::post(std::function<void()> task) { context_.strand->post(guarded(std::move(task))); }

void FeedHost::notify_after(std::chrono::milliseconds delay) {
  post([this, delay] { context_.strand->post_after(delay, guarded([this] { news_.notify(); })); });
}

void FeedHost::apply_wants() {
  post([this] { follow_->apply(); });
}

void FeedHost::set_mirror(std::optional<MirrorOptions> options) {
  FeedWants::Handle handle;
  if (options) {
    FeedWants::Want wanted;
    wanted.filter.topics = options->topics;
    wanted.everything = options->topics.empty();
    wanted.in_order = false;
    handle = want(std::move(wanted));
  }
  terms_.set(std::move(options), std::move(handle));
  post([this] { giver_->on_held(); });
  news_.notify();
}

void FeedHost::ask_receipts(replication::ReceiptDemand demand) {
  post([this, demand] { replicator_->ask_receipts(demand); });
}

void FeedHost::set_allowance(std::optional<std::uint64_t> bytes) {
  if (allowance_.give(bytes, payload_bytes(*log_))) apply_wants();
}

void FeedHost::set_budget_problem(std::optional<Error> problem) {
  if (!allowance_.set_problem(std::move(problem))) return;
  // Nothing is fetched while there is no room for it.
  apply_wants();
  news_.notify();
}

Result<feed::Pruned> FeedHost::prune(const std::vector<BlockIndex>& blocks) {
  SHOAL_TRY(const feed::Pruned pruned, log_->prune(blocks));
  allowance_.on_pruned(pruned.bytes);
  if (pruned.newest_append_time && online()) {
    post([this] { replicator_->on_pruned(); });
  }
  return pruned;
}

void FeedHost::watch_damage() {
  DamageWatch::Context context;
  context.log = log_.get();
  context.reader = &reader_;
  context.sink = context_.log;
  context.follows = own() ? "mirrors may have it" : "it is fetched again when it is wanted";
  context.change = [this](std::function<void()> task) {
    own() ? context_.change_own(guarded(std::move(task))) : post(std::move(task));
  };
  context.on_dropped = [this](BlockIndex block) {
    post([this, block] {
      if (giver_) giver_->on_lost();
      replicator_->on_lost(block);
      news_.notify();
    });
  };
  damage_ = std::make_unique<DamageWatch>(std::move(context));
}

bool FeedHost::awaits_damaged() {
  if (own() || !online()) return false;
  std::ignore = run([] {});  // what was posted before
  return damage_->any_missing();
}

void FeedHost::committed(const feed::Checkpoint& head) {
  news_.notify();
  if (!online()) return;
  if (context_.on_committed) context_.on_committed(id_, head);
  // Sent from the commit thread itself when nothing else of the feed runs.
  context_.strand->dispatch([this] { replicator_->on_committed(); });
}

void FeedHost::close() {
  news_.close({Code::closed, "the node is closed", ""});
  calls_.close();
}

void FeedHost::close_retired(const Error& why) {
  receipts_->stop_saving();
  news_.close(why);
  calls_.close();
}

void FeedHost::on_head(const feed::Checkpoint&) {
  giver_->on_held();
  follow_->on_head();
  news_.notify();
}

void FeedHost::on_blocks() {
  if (allowance_.spend(payload_bytes(*log_))) follow_->apply();
  giver_->on_held();
  news_.notify();
}

void FeedHost::on_peer_blamed(const replication::PeerView& peer, std::string_view what) {
  if (context_.on_blamed) context_.on_blamed(peer, what);
}

void FeedHost::on_peer_flooded(const replication::PeerView& peer, std::string_view) {
  if (context_.on_flooded) context_.on_flooded(peer);
}

void FeedHost::on_peers_changed() {
  const auto peers = replicator_->peers();
  has_peers_ = !peers.empty();
  if (context_.on_peers) context_.on_peers(*this, peers);
  news_.notify();
}

void FeedHost::on_receipt(const feed::Receipt& receipt) {
  receipts_->take(receipt);
  news_.notify();
}

void FeedHost::on_receipts_asked(replication::ReceiptDemand demand) {
  if (giver_) giver_->on_demand(demand);
}

void FeedHost::on_fork(const feed::ForkProof& proof) {
  if (own()) {
    if (context_.on_own_fork) context_.on_own_fork(proof);
    return;
  }
  fork_.keep_file();
  news_.notify();
}

}  // namespace shoal::node
