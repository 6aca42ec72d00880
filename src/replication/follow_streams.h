#pragma once

#include "replication/block_fetcher.h"
#include "replication/topic_exchange.h"

namespace shoal::replication {

/// Follows some topics: walks their blocks from peers and compares each partition's chain of blocks with its signed
/// end, so that a withheld block, the newest too, never looks like completeness.
class FollowStreams {
 public:
  FollowStreams(ReplicatorCore& core, BlockFetcher& fetcher, TopicExchange& topics)
      : core_(core), fetcher_(fetcher), topics_(topics) {}

  void start(const Follow& follow);
  void stop();
  [[nodiscard]] bool active() const { return !specs_.empty(); }

  /// Compares, and asks for what is missing.
  void plan();
  void on_run(const FetchWant& want, const Data& run);
  void on_end(const FetchWant& want, std::optional<EndReason> reason);
  /// The peer says that it holds more now.
  void on_have(PeerId id);
  void on_accepted();
  [[nodiscard]] bool has_alternative(const FetchWant& want) const;
  [[nodiscard]] bool complete(const feed::Checkpoint& head) const;
  [[nodiscard]] std::vector<TopicPartition> wanted() const;

 private:
  /// One topic, or one partition of it, that is followed.
  struct Spec {
    TopicPartition stream;
    std::uint64_t complete_to = 0;            ///< nothing is missing below this tree size
    std::optional<feed::Checkpoint> checked;  ///< complete under this head
    std::uint64_t want = 0;                   ///< outstanding; 0 none
    bool asking_entries = false;
    bool reported = false;   ///< said already that nobody gives the rest
    std::set<PeerId> tried;  ///< gave all they would, and it was not all
  };

  [[nodiscard]] bool is_complete(const Spec& spec);
  [[nodiscard]] bool is_complete(const feed::TopicStateEntry& entry);
  [[nodiscard]] bool reaches(const TopicPartition& stream, std::optional<BlockIndex> target);
  void ask_entries(Spec& spec);
  void assign(const std::vector<Spec*>& missing, const feed::Checkpoint& ours);
  [[nodiscard]] std::optional<PeerId> choose(const Spec& spec, const feed::Checkpoint& ours,
                                             const std::map<PeerId, std::vector<Spec*>>& load) const;
  /// Where to ask on, and whether for headers alone: payloads from before the follow's oldest are not wanted.
  struct Start {
    std::uint64_t begin = 0;
    bool headers_only = false;
    auto operator<=>(const Start&) const = default;
  };
  void ask(PeerId id, const std::vector<Spec*>& specs, const Start& start, const feed::Checkpoint& ours);
  [[nodiscard]] Start start_of(const Spec& spec) const;
  [[nodiscard]] Start start_of(const feed::TopicStateEntry& entry) const;
  [[nodiscard]] bool is_old(std::optional<BlockIndex> block) const;
  [[nodiscard]] UnixMs oldest() const { return oldest_ ? oldest_() : kNoTime; }

  ReplicatorCore& core_;
  BlockFetcher& fetcher_;
  TopicExchange& topics_;
  std::uint64_t from_ = 0;
  std::function<UnixMs()> oldest_;
  std::vector<Spec> specs_;
  std::map<TopicPartition, std::optional<BlockIndex>> chains_;  ///< last block of each unbroken chain
};

}  // namespace shoal::replication
