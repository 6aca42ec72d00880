#include "node/network/discovery.h"

#include "base/try.h"
#include "feed/write/signed_elsewhere.h"
#include "node/runtime/system_random.h"
#include "replication/session/session.h"
#include "swarm/head_hint.h"

#include <algorithm>

namespace shoal::node {
namespace {

constexpr std::string_view kPeers = "peers";
/// Longest time between two checks for hints that are due.
constexpr base::MonoTime kTick = std::chrono::milliseconds(500);
/// With fewer peers that are not suspect than this, ask the swarm for more.
constexpr std::size_t kFewPeers = 2;
/// Bound on the look-ups without a reply; beyond it all are forgotten, and made again when they are due.
constexpr std::size_t kMaxAsked = 4096;

Result<PeerBook> load_peers(const feed::FeedLog& log) {
  SHOAL_TRY(const auto row, log.property(kPeers));
  if (!row) return PeerBook{};
  return PeerBook::decode(*row);
}

}  // namespace

Discovery::Discovery(Context context)
    : context_(context),
      random_(system_random()),
      strand_(context.pool->make_strand()),
      schedule_(context.private_network ? swarm::HintSchedule::kPace : swarm::HintSchedule::kPublicPace, random_) {}

void Discovery::start() {
  context_.swarm->on_item([weak = weak_from_this()](const PublicKey& key, const swarm::DhtItem& item) {
    if (const auto self = weak.lock()) self->on_item(key, item);
  });
  if (!context_.hints) return;
  strand_->post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

void Discovery::stop() {
  const std::lock_guard in_use(swarm_mutex_);
  const std::lock_guard lock(mutex_);
  stopped_ = true;
}

std::shared_ptr<Discovery::Entry> Discovery::find(const FeedId& feed) const {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(feed);
  return found == entries_.end() || stopped_ ? nullptr : found->second;
}

void Discovery::add(const std::shared_ptr<FeedHost>& host) {
  auto entry = std::make_shared<Entry>();
  entry->host = host;
  if (auto book = load_peers(host->log())) {
    entry->book = *std::move(book);
  } else {
    // Not fatal: the swarm finds peers again.
    context_.log->log(base::LogLevel::warning, "swarm", "feed " + host->id().hex() + ": " + book.error().message);
  }
  entry->book.begin_run(context_.clock->wall_now());
  const std::vector<std::string> known = entry->book.addresses();
  {
    const std::lock_guard lock(mutex_);
    if (stopped_) return;
    entries_[host->id()] = std::move(entry);
    if (context_.hints) schedule_.add(host->id(), context_.clock->mono_now());
  }
  if (known.empty()) return;
  const std::lock_guard in_use(swarm_mutex_);
  if (find(host->id())) context_.swarm->recall(replication::discovery_key(host->id()), known);
}

void Discovery::remove(const FeedId& feed) {
  const std::lock_guard lock(mutex_);
  entries_.erase(feed);
  schedule_.remove(feed);
}

void Discovery::note_peers(FeedHost& host, const std::vector<replication::PeerView>& peers) {
  const auto entry = find(host.id());
  if (!entry) return;
  const UnixMs now = context_.clock->wall_now();
  bool news = false;
  std::size_t good = 0;
  for (const replication::PeerView& peer : peers) {
    if (!peer.suspect) ++good;
    news |= entry->book.note_met(peer.address.dial_at, peer.node_key, now);
  }
  if (news) save(host, *entry);
  {
    const std::lock_guard lock(mutex_);
    const bool lost = entry->peers > 0 && peers.empty();
    entry->peers = peers.size();
    if (lost && !host.own()) schedule_.lonely(host.id(), context_.clock->mono_now());
  }
  if (good >= kFewPeers || peers.empty()) return;  // the swarm handles feeds without peers itself
  const std::lock_guard in_use(swarm_mutex_);
  if (find(host.id())) context_.swarm->need_peers(replication::discovery_key(host.id()));
}

void Discovery::note_head(const FeedId& feed, const feed::Checkpoint& head) {
  const std::lock_guard lock(mutex_);
  const auto found = entries_.find(feed);
  // A heartbeat (same size, newer time) is not worth a store in the DHT.
  if (found == entries_.end() || std::exchange(found->second->own_size, head.tree_size) == head.tree_size) return;
  schedule_.changed(feed, context_.clock->mono_now());
}

void Discovery::save(FeedHost& host, const Entry& entry) const {
  const auto saved = host.log().set_property(kPeers, entry.book.encode());
  if (!saved) context_.log->log(base::LogLevel::warning, "swarm", "peers are not kept: " + saved.error().message);
}

std::optional<feed::Checkpoint> Discovery::hinted(const FeedId& feed) const {
  const auto entry = find(feed);
  const auto host = entry ? entry->host.lock() : nullptr;
  const auto seen = stored(feed);
  if (!host || !seen) return std::nullopt;
  const auto ours = host->reader().head();
  if (ours && !swarm::is_newer_head(*seen, *ours)) return std::nullopt;
  return seen;
}

std::optional<feed::Checkpoint> Discovery::stored(const FeedId& feed) const {
  const auto entry = find(feed);
  if (!entry) return std::nullopt;
  const std::lock_guard lock(mutex_);
  return entry->stored;
}

void Discovery::ask_hint(const FeedId& feed) {
  const PublicKey key = swarm::HeadHint(feed).key();
  const std::lock_guard in_use(swarm_mutex_);
  if (!context_.hints || !find(feed)) return;
  {
    const std::lock_guard lock(mutex_);
    if (asked_.size() >= kMaxAsked) asked_.clear();
    asked_[key] = feed;
  }
  context_.swarm->get_item(key);
}

void Discovery::tick() {
  for (;;) {
    std::optional<FeedId> due;
    {
      const std::lock_guard lock(mutex_);
      if (stopped_) return;
      due = schedule_.next(context_.clock->mono_now());
    }
    if (!due) break;
    exchange_hint(*due);
  }
  base::MonoTime pause = kTick;
  {
    const std::lock_guard lock(mutex_);
    const auto wake = schedule_.wake_at();
    if (wake)
      pause = std::clamp<base::MonoTime>(*wake - context_.clock->mono_now(), std::chrono::milliseconds(10), kTick);
  }
  strand_->post_after(pause, [weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->tick();
  });
}

void Discovery::exchange_hint(const FeedId& feed) {
  const auto entry = find(feed);
  const auto host = entry ? entry->host.lock() : nullptr;
  if (!host) return;
  const auto head = host->reader().head();
  if (head) {
    const auto hint = std::make_shared<const swarm::HeadHint>(feed);
    const std::lock_guard in_use(swarm_mutex_);
    if (!find(feed)) return;
    // A put reads the stored item first: learn from it.
    context_.swarm->put_item(hint->key_pair(), [weak = weak_from_this(), feed, hint, ours = *head](const auto& stored) {
      const auto theirs = stored ? hint->open(*stored) : std::nullopt;
      const auto self = weak.lock();
      if (self && theirs) self->take_hint(feed, *theirs);
      return hint->choose(ours, stored);
    });
  } else {
    ask_hint(feed);
  }
  const std::lock_guard lock(mutex_);
  const bool looks = !host->own() && entry->peers == 0;
  using Need = swarm::HintSchedule::Need;
  schedule_.done(feed, looks ? Need::look : Need::keep, context_.clock->mono_now());
}

void Discovery::on_item(const PublicKey& key, const swarm::DhtItem& item) {
  FeedId feed;
  {
    const std::lock_guard lock(mutex_);
    const auto asked = asked_.find(key);
    if (asked == asked_.end()) return;
    feed = asked->second;
  }
  if (const auto head = swarm::HeadHint(feed).open(item)) take_hint(feed, *head);
}

void Discovery::take_hint(const FeedId& feed, const feed::Checkpoint& head) {
  const auto entry = find(feed);
  if (!entry) return;
  {
    const std::lock_guard lock(mutex_);
    if (entry->stored && !swarm::is_newer_head(head, *entry->stored)) return;
    entry->stored = head;
  }
  const auto host = entry->host.lock();
  if (!host) return;
  if (host->own()) {
    host->post([host = host.get(), head] {
      if (feed::goes_beyond(head, host->reader().head())) host->on_signed_elsewhere(head);
    });
  }
  host->news().notify();
}

}  // namespace shoal::node
