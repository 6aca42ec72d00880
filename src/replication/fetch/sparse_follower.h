#pragma once

#include "replication/fetch/stream_chains.h"
#include "replication/fetch/stream_requests.h"
#include "replication/fetch/topic_exchange.h"
#include "replication/peers/follow.h"

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace shoal::replication {

/// Follows some topics: requests their blocks and finds out whether any is missing.
///
/// Which blocks belong to a topic cannot be seen from outside, so a peer could leave some out. Two signed facts show
/// it: each header names the block before it in its partition, and the head signs the last block of every partition
/// (topic state; docs/FORMAT.md). StreamChains walks these chains; where one breaks, a block is missing. The range
/// around the gap is requested from the peer that is most likely to have it; a peer that said "done" and left the block
/// out is not asked for that range again, though no proof shows that it lied on purpose. Without the comparison a
/// reader would take a feed whose newest records a peer withholds for complete.
///
/// Targets whose gaps begin at the same place share a want. Which peers suit which targets is planned anew after every
/// run; StreamRequests cuts the wants and spreads them over the peers.
class SparseFollower {
 public:
  SparseFollower(ReplicatorCore& core, BlockFetcher& fetcher, TopicExchange& topics)
      : core_(core), fetcher_(fetcher), topics_(topics), chains_(core.reader()), requests_(core, fetcher) {}

  void start(const Follow& follow);
  void stop();
  [[nodiscard]] bool active() const { return !targets_.empty(); }

  /// Compares chains with signed ends, and requests what is missing.
  void plan();
  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want) { requests_.on_payload(want); }
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  /// The peer holds other blocks now: asks it again for what it refused.
  void on_have(PeerId id);
  void on_accepted();
  /// The peer is gone; its wants ended.
  void forget(PeerId id);
  [[nodiscard]] bool has_alternative(const FetchWant& want) const;
  [[nodiscard]] bool complete(const feed::Checkpoint& head) const;
  /// What is followed, at most kMaxWantStreams.
  [[nodiscard]] std::vector<TopicPartition> streams() const;

 private:
  /// Range to request, and whether headers only: payloads from before Follow::oldest are not fetched.
  struct Start {
    bool headers_only = false;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    auto operator<=>(const Start&) const = default;
  };
  /// One topic, or one partition of it, that is followed.
  struct Target {
    TopicPartition stream;
    std::uint64_t complete_to = 0;            ///< no block is missing below this tree size
    std::optional<feed::Checkpoint> checked;  ///< complete under this head
    bool unasked = true;                      ///< blocks may be missing that no peer was asked for
    bool reported = false;                    ///< the log says already that no peer gives the rest
    RangeSet given;                           ///< ranges that peers claim to have sent completely
    std::map<PeerId, RangeSet> claims;        ///< `given` by peer
    std::map<PeerId, RangeSet> refused;       ///< ranges that a peer lacks, or claimed and left out
    double bytes_per_block = 0;               ///< measured by its last request
    Start start;
  };

  /// Targets by the peers that may be asked for them.
  using Missing = std::map<std::vector<PeerId>, std::vector<Target*>>;
  [[nodiscard]] Missing collect_missing(const feed::Checkpoint& ours);
  /// Adds the target to `missing` when it lacks blocks that a peer may give.
  void check(Target& target, const feed::Checkpoint& ours, Missing& missing);
  /// Where the target's chains break; none: it is complete.
  [[nodiscard]] std::vector<StreamChains::Gap> gaps_of(const Target& target);
  /// Requests the signed ends (topic-state entries) of the targets.
  void ask_entries(const std::vector<Target*>& targets, const feed::Checkpoint& ours);
  void ask_entries(const std::string& topic);
  /// Sets `start` to the first missing range that no peer was asked for; false when all of it was requested.
  bool find_missing(Target& target, const std::vector<StreamChains::Gap>& gaps, const feed::Checkpoint& ours);
  /// Peers claimed to have sent a range, and the chain shows that a block of it is missing.
  void refute(Target& target, const StreamChains::Gap& gap);
  [[nodiscard]] bool wants_headers_only(const TopicPartition& stream) const;
  [[nodiscard]] bool is_old(std::optional<BlockIndex> block) const;
  [[nodiscard]] UnixMs oldest() const { return oldest_ ? oldest_() : kNoTime; }

  [[nodiscard]] bool may_ask(const Peer& peer, const feed::Checkpoint& ours) const;
  /// The peers most likely to have the blocks, all equally likely.
  [[nodiscard]] std::vector<PeerId> best_peers(const Target& target, const feed::Checkpoint& ours) const;
  /// Logs once that the connected peers withhold or lack blocks.
  void report(Target& target);
  /// Requests what the targets lack from these peers, as far as they have room for wants. True when more is missing.
  bool ask(const std::vector<PeerId>& peers, std::vector<Target*> targets);
  [[nodiscard]] std::optional<PeerId> least_busy(const std::vector<PeerId>& peers) const;
  /// Lets idle peers take over ends of other peers' requests.
  void share(const feed::Checkpoint& ours);
  /// Blocks of the request, or behind it, may still be missing.
  void note_missing(const StreamRequests::Request& request);
  template <typename Call>
  void for_targets_of(const StreamRequests::Request& request, Call&& call);

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  TopicExchange& topics_;
  StreamChains chains_;
  StreamRequests requests_;
  std::uint64_t from_ = 0;
  std::function<UnixMs()> oldest_;
  std::set<std::string> asking_entries_;  ///< topics; the empty name stands for all
  std::vector<Target> targets_;           ///< sorted by stream
};

}  // namespace shoal::replication
