#pragma once

#include "feed/format/range_set.h"
#include "replication/peers/given_up.h"
#include "replication/peers/outbox.h"
#include "replication/peers/path_estimate.h"
#include "replication/peers/peer_budgets.h"
#include "replication/peers/peer_credit.h"
#include "replication/peers/peer_view.h"
#include "replication/peers/rate_meter.h"
#include "replication/peers/replicator_events.h"
#include "replication/peers/replicator_options.h"
#include "replication/peers/store_gate.h"
#include "replication/wire/message.h"

#include <cstddef>
#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

namespace shoal::replication {

using feed::BlockRange;
using feed::RangeSet;

/// After a fork: whether a peer's head belongs to the same history as ours or to the other one.
enum class ForkSide : std::uint8_t { unknown, same, other };

/// Bounds of a portion in bytes: what a peer brings in half a second.
inline constexpr std::uint64_t kMinPortionBytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kMaxPortionBytes = std::uint64_t{4} << 20;
/// Portions that one peer has at a time, so that it is never idle while the next request travels. A peer with fewer can
/// take over work of others.
inline constexpr std::size_t kPortionsPerPeer = 2;
/// Near the end a portion is the peer's share of the missing bytes divided by this, so that all peers finish together.
inline constexpr double kPortionsToGo = 4;

/// What a replicator knows about one connected peer; `view` is the part that users see.
struct Peer {
  PeerView view;
  std::shared_ptr<Outbox> outbox;
  bool gone = false;             ///< blamed or closed here; remove_peer() follows
  bool first_head_came = false;  ///< its first head or no_head arrived
  Have have;
  RangeSet held;     ///< have.ranges
  RangeSet lacking;  ///< requested and not given; until its next head or have
  PathEstimate path;
  PeerCredit credit;
  base::MonoTime slow_until{0};                   ///< it stalled: until then asked only if no other peer can give
  unsigned stalls = 0;                            ///< since it last finished a portion; such a peer gets small portions
  std::optional<feed::Checkpoint> notified_head;  ///< newest head we announced to it
  bool has_live_want = false;                     ///< we push to it
  ForkSide fork_side = ForkSide::unknown;         ///< only after a fork
  bool disputed = false;         ///< a run of it did not prove: it lied, or its history is the other one
  bool suspect = false;          ///< its pong is late
  std::uint64_t ping_nonce = 0;  ///< outstanding; 0 none
  base::MonoTime ping_sent{0};
  base::MonoTime last_heard{0};
  base::MonoTime joined{0};
  std::shared_ptr<PeerBudgets> budgets = std::make_shared<PeerBudgets>();
  struct {
    GivenUp growths;
    GivenUp topics;
    GivenUp lookups;
    GivenUp wants;                 ///< data of these may still be in transit
  } given_up;                      ///< questions to it
  std::uint64_t given_blocks = 0;  ///< as last passed to the outbox
  RateMeter in_rate;
  RateMeter out_rate;

  /// To be asked only if no other peer can give.
  [[nodiscard]] bool slow(base::MonoTime now) const { return suspect || slow_until > now; }
  [[nodiscard]] std::uint64_t head_size() const { return view.head ? view.head->tree_size : 0; }
  /// The head is smaller than the one that the peer showed before, which an honest peer never says.
  [[nodiscard]] bool goes_back(const feed::Checkpoint& head) const {
    return view.head && view.head->epoch == head.epoch && head.tree_size < view.head->tree_size;
  }
  /// It says that it holds the block, and has not failed to give it.
  [[nodiscard]] bool may_give(std::uint64_t block) const;
  /// It says that it holds everything of the stream, or of all.
  [[nodiscard]] bool may_give(const TopicPartition& stream) const;
  /// Rate by which work is shared, in bytes a second; 0 after a stall, until it finished a portion.
  [[nodiscard]] double counted_rate(base::MonoTime now) const;
  /// Size of a portion of this peer in bytes.
  [[nodiscard]] std::uint64_t portion_bytes(base::MonoTime now) const;
  /// The view with rates and ranges as of `now`.
  [[nodiscard]] PeerView view_at(base::MonoTime now) const;
};

/// What the classes of one replicator share: the feed, the peers, sending, blaming, time. Confined to the feed's
/// executor.
class ReplicatorCore {
 public:
  ReplicatorCore(ReplicatorContext context, ReplicatorOptions options)
      : context_(std::move(context)), options_(options), store_(context_.mirror) {}

  [[nodiscard]] const feed::FeedReader& reader() const { return *context_.reader; }
  [[nodiscard]] feed::FeedMirror* mirror() const { return context_.mirror; }
  [[nodiscard]] const ReplicatorOptions& options() const { return options_; }
  [[nodiscard]] const std::shared_ptr<CreditPool>& credit_pool() const { return context_.credit; }
  [[nodiscard]] const PublicKey& node_key() const { return context_.node_key; }
  [[nodiscard]] base::MonoTime now() const { return context_.clock->mono_now(); }
  [[nodiscard]] base::Executor& executor() const { return *context_.executor; }
  [[nodiscard]] base::Random& random() const { return *context_.random; }
  /// Never 0.
  [[nodiscard]] std::uint64_t fresh_id();

  std::map<PeerId, std::unique_ptr<Peer>>& peers() { return peers_; }
  [[nodiscard]] const std::map<PeerId, std::unique_ptr<Peer>>& peers() const { return peers_; }
  /// Null when it is unknown or gone.
  [[nodiscard]] Peer* find(PeerId id);

  /// The epoch that is followed here: that of our head, 0 before the first.
  [[nodiscard]] Epoch epoch() const;
  /// Blocks may be requested from it: none of its runs is disputed, its head is of our epoch, after a fork its history
  /// is the same as ours, and the owner did not contradict himself.
  [[nodiscard]] bool may_ask(const Peer& peer) const;
  /// Why nothing is requested now, of any peer: our store takes nothing (StoreGate).
  [[nodiscard]] std::optional<Error> store_closed() const { return store_.closed(now()); }

  void send(Peer& peer, Body body, bool bulk = false);
  /// Sends a ping, unless a pong is due already.
  void ping(Peer& peer);
  /// The peer lied: posts on_peer_blamed, disconnects it, and ignores it from now on.
  void blame(Peer& peer, std::string_view what);
  /// The peer sends more than any peer may: posts on_peer_flooded, disconnects it, and ignores it from now on.
  void flood(Peer& peer, std::string_view what);
  /// FeedMirror refused what the peer sent: blames it for Code::unverified. A contradiction is the owner's: posts
  /// on_contradiction, once. Any other error is our own: an error of the store closes the gate of requests.
  void refused(Peer& peer, const Error& error, std::string_view what);
  void log(base::LogLevel level, std::string_view message) const;

  /// Runs `call` on the executor, unless the replicator is gone by then.
  void later(std::function<void()> call);
  base::Executor::TimerId after(base::MonoTime delay, std::function<void()> call);
  /// Posts an event, so that it is never raised inside a call into the replicator.
  void tell(std::function<void(ReplicatorEvents&)> event);

 private:
  ReplicatorContext context_;
  ReplicatorOptions options_;
  StoreGate store_;
  bool contradiction_told_ = false;
  std::map<PeerId, std::unique_ptr<Peer>> peers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace shoal::replication
