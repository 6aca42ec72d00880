#pragma once

#include "feed/format/range_set.h"
#include "replication/peers/message_budget.h"
#include "replication/peers/outbox.h"
#include "replication/peers/path_estimate.h"
#include "replication/peers/peer_credit.h"
#include "replication/peers/peer_view.h"
#include "replication/peers/rate_meter.h"
#include "replication/peers/replicator_events.h"
#include "replication/peers/replicator_options.h"
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

/// A portion is what a peer brings in half a second, within bounds.
inline constexpr std::uint64_t kMinPortionBytes = std::uint64_t{64} << 10;
inline constexpr std::uint64_t kMaxPortionBytes = std::uint64_t{4} << 20;
/// Portions that one peer is asked for at a time, so that it never has nothing to do; who has fewer has time to help.
inline constexpr std::size_t kPortionsPerPeer = 2;
/// Towards the end a portion is what a peer will still bring divided by this, so that all get through together.
inline constexpr double kPortionsToGo = 4;

/// What is known of one connected peer beyond what people see.
struct Peer {
  PeerView view;
  std::shared_ptr<Outbox> outbox;
  bool gone = false;             ///< blamed or closed here; its remove_peer is on the way
  bool first_head_came = false;  ///< its first head or no_head came
  Have have;
  RangeSet held;     ///< have.ranges
  RangeSet lacking;  ///< what it was asked for and did not give; until its next head or have
  PathEstimate path;
  PeerCredit credit;
  base::MonoTime slow_until{0};  ///< it stalled: asked again only when nobody else can give
  unsigned stalls = 0;           ///< since it last brought all of a portion; one that has some is asked for little
  std::optional<feed::Checkpoint> told_head;  ///< newest head we announced to it
  bool has_live_want = false;                 ///< we push to it
  ForkSide fork_side = ForkSide::unknown;     ///< only after a fork
  bool disputed = false;                      ///< a run of it did not prove: it lied, or its history is the other one
  bool suspect = false;                       ///< a ping waits for its answer for long
  std::uint64_t ping_nonce = 0;               ///< outstanding; 0 none
  base::MonoTime ping_sent{0};
  base::MonoTime last_heard{0};
  base::MonoTime joined{0};
  MessageBudget budget;            ///< of what it may ask for
  std::uint64_t given_blocks = 0;  ///< as last passed to the outbox
  RateMeter in_rate;
  RateMeter out_rate;

  /// Not to be asked while others can give.
  [[nodiscard]] bool slow(base::MonoTime now) const { return suspect || slow_until > now; }
  [[nodiscard]] std::uint64_t head_size() const { return view.head ? view.head->tree_size : 0; }
  /// It says that it holds the block, and did not fail to give it.
  [[nodiscard]] bool may_give(std::uint64_t block) const;
  /// It says that it holds everything of the stream, or of all.
  [[nodiscard]] bool may_give(const TopicPartition& stream) const;
  /// Bytes a second that others' work is shared by; 0 while it is on trial after it stalled.
  [[nodiscard]] double counted_rate(base::MonoTime now) const;
  /// Bytes that it should be asked for at once.
  [[nodiscard]] std::uint64_t portion_bytes(base::MonoTime now) const;
  /// With what is only known at a time.
  [[nodiscard]] PeerView view_at(base::MonoTime now) const;
};

/// What the parts of one replicator share: the feed, the peers, sending, blaming, time.
class ReplicatorCore {
 public:
  ReplicatorCore(ReplicatorContext context, ReplicatorOptions options)
      : context_(std::move(context)), options_(options) {}

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

  /// Blocks may be requested from it: none of its runs is disputed, and after a fork its history is the same as ours.
  [[nodiscard]] bool may_ask(const Peer& peer) const;

  void send(Peer& peer, Body body, bool bulk = false);
  /// Asks for a sign of life, unless the peer owes one already.
  void ping(Peer& peer);
  /// Names the peer for a lie, disconnects it and hears it no more.
  void blame(Peer& peer, std::string_view what);
  /// Disconnects a peer that asks for more than anybody may, and hears it no more.
  void flood(Peer& peer, std::string_view what);
  /// What to do after FeedMirror refused: blame for Code::unverified, log for trouble of our own.
  void refused(Peer& peer, const Error& error, std::string_view what);
  void log(base::LogLevel level, std::string_view message) const;

  /// Runs `call` on the executor, unless the replicator is gone by then.
  void later(std::function<void()> call);
  base::Executor::TimerId after(base::MonoTime delay, std::function<void()> call);
  /// Tells the owner; never inside a call into the replicator.
  void tell(std::function<void(ReplicatorEvents&)> event);

 private:
  ReplicatorContext context_;
  ReplicatorOptions options_;
  std::map<PeerId, std::unique_ptr<Peer>> peers_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace shoal::replication
