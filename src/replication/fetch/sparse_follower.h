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

/// Follows some topics: walks their blocks from peers and compares each partition's chain of blocks with its signed
/// end, so that a withheld block, the newest too, never looks like completeness.
class SparseFollower {
 public:
  SparseFollower(ReplicatorCore& core, BlockFetcher& fetcher, TopicExchange& topics)
      : core_(core), fetcher_(fetcher), topics_(topics), chains_(core.reader()), requests_(core, fetcher) {}

  void start(const Follow& follow);
  void stop();
  [[nodiscard]] bool active() const { return !targets_.empty(); }

  /// Compares, and asks for what is missing.
  void plan();
  void on_run(const FetchWant& want, const Data& run);
  void on_payload(const FetchWant& want) { requests_.on_payload(want); }
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  /// The peer says that it holds more now.
  void on_have(PeerId id);
  void on_accepted();
  /// The peer is gone; its wants ended.
  void forget(PeerId id);
  [[nodiscard]] bool has_alternative(const FetchWant& want) const;
  [[nodiscard]] bool complete(const feed::Checkpoint& head) const;
  [[nodiscard]] std::vector<TopicPartition> streams() const;

 private:
  /// Where to ask, and whether for headers alone: payloads from before the follow's oldest are not wanted.
  struct Start {
    bool headers_only = false;
    std::uint64_t begin = 0;
    std::uint64_t end = 0;
    auto operator<=>(const Start&) const = default;
  };
  /// One topic, or one partition of it, that is followed.
  struct Target {
    TopicPartition stream;
    std::uint64_t complete_to = 0;            ///< nothing is missing below this tree size
    std::optional<feed::Checkpoint> checked;  ///< complete under this head
    bool unasked = true;                      ///< blocks may be missing that nobody is asked for
    bool reported = false;                    ///< said already that nobody gives the rest
    RangeSet given;                           ///< peers say that they gave all of it
    std::map<PeerId, RangeSet> claims;        ///< the same by peer
    std::map<PeerId, RangeSet> refused;       ///< what a peer lacks, or did not give though it said so
    double bytes_per_block = 0;               ///< as it was asked for last, with others maybe
    Start start;
  };

  /// What may be asked of the same peers.
  using Missing = std::map<std::vector<PeerId>, std::vector<Target*>>;
  [[nodiscard]] Missing collect_missing(const feed::Checkpoint& ours);
  void check(Target& target, const feed::Checkpoint& ours, Missing& missing);
  /// Where the chains that it follows break; none: it is complete.
  [[nodiscard]] std::vector<StreamChains::Gap> gaps_of(const Target& target);
  /// Learns the signed ends of what these follow.
  void ask_entries(const std::vector<Target*>& targets, const feed::Checkpoint& ours);
  void ask_entries(const std::string& topic);
  /// Sets the start of the first that nobody was asked for. False when all that is missing is on its way.
  bool find_missing(Target& target, const std::vector<StreamChains::Gap>& gaps, const feed::Checkpoint& ours);
  /// Peers said that they gave all, and the chain says that they did not.
  void refute(Target& target, const StreamChains::Gap& gap);
  [[nodiscard]] bool wants_headers_only(const TopicPartition& stream) const;
  [[nodiscard]] bool is_old(std::optional<BlockIndex> block) const;
  [[nodiscard]] UnixMs oldest() const { return oldest_ ? oldest_() : kNoTime; }

  [[nodiscard]] bool may_ask(const Peer& peer, const feed::Checkpoint& ours) const;
  /// The peers that are best asked for the blocks; all are as good.
  [[nodiscard]] std::vector<PeerId> best_peers(const Target& target, const feed::Checkpoint& ours) const;
  void report(Target& target);
  /// Asks these peers for what the targets lack, as far as they have room for wants. True when there is more to ask
  /// for.
  bool ask(const std::vector<PeerId>& peers, std::vector<Target*> targets);
  [[nodiscard]] std::optional<PeerId> least_busy(const std::vector<PeerId>& peers) const;
  void share(const feed::Checkpoint& ours);
  /// Some of the request, or what lies behind it, may be missing still.
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
  std::set<std::string> asking_entries_;  ///< topics; the empty name is all of them
  std::vector<Target> targets_;           ///< sorted by stream
};

}  // namespace shoal::replication
