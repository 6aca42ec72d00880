#pragma once

#include "replication/heads/head_exchange.h"

#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace shoal::replication {

/// Learns the topic-state entries of topics from peers, so that a sparse reader knows the signed end of each partition.
///
/// The entries are leaves of a Merkle tree whose root the head signs, in the order in which topics appeared, the
/// partitions of one topic together (docs/FORMAT.md, "Topic state"). Each entry comes with its path. A topic counts as
/// known only when its entries run from partition 0 to a proven neighbour of another topic, or to the signed count: so
/// no partition can be withheld. A peer that says that it knows no such topic cannot prove it; then every entry is
/// read, and the peer is blamed if the topic turns up. Without this a peer could hide a partition, and with it its
/// records.
class TopicExchange {
 public:
  using Done = std::function<void(Result<void>)>;
  /// The proven entries of one topic; none: the topic state under `head` has no such topic.
  struct Known {
    feed::Checkpoint head;
    std::vector<feed::TopicStateEntry> entries;  ///< partition 0, 1, ...
  };

  /// Open questions to one peer: a quarter of what may wait at a peer (RequestServer::kMaxWaiting). More wait here.
  static constexpr std::size_t kMostOfPeer = 64;

  TopicExchange(ReplicatorCore& core, HeadExchange& heads) : core_(core), heads_(heads) {}

  /// Learns all partitions of `topic` under the accepted head; every topic when it is empty. `done` is posted:
  /// Code::timed_out, or success, also when the topic is proven absent. Timeout 0: none.
  void fetch(const std::string& topic, base::MonoTime timeout, Done done);
  /// Null when nothing is known about the topic.
  [[nodiscard]] const Known* known(const std::string& topic) const;
  /// known() and under the same history as the accepted head.
  [[nodiscard]] bool is_fresh(const std::string& topic) const;

  void on_reply(PeerId id, Peer& peer, const TopicStateReply& reply);
  void forget(PeerId id);
  /// The accepted head moved, or a peer came: starts what waits.
  void resume();
  void tick();
  [[nodiscard]] bool busy() const { return !jobs_.empty(); }

 private:
  struct Job {
    std::string topic;
    std::vector<Done> done;
    base::MonoTime deadline{0};
    bool scan_all = false;      ///< read every entry: to list all topics, or to prove one absent
    std::uint64_t request = 0;  ///< outstanding; 0 none
    PeerId peer{0};
    base::MonoTime sent{0};
    feed::Checkpoint head;                  ///< of the pages so far
    std::optional<std::uint32_t> position;  ///< next page; nullopt: the topic's place is not known yet
    std::vector<feed::TopicStateEntry> entries;
    std::optional<PeerId> denied;  ///< said that the topic is unknown: blamed when the scan finds it
    std::set<PeerId> tried;        ///< peers that cannot answer under the accepted head
  };

  void start(Job& job);
  /// The question is answered, or given up; its name.
  std::uint64_t end_question(Job& job);
  void restart(Job& job);
  void take_page(Job& job, PeerId id, Peer& peer, const TopicStateReply& reply);
  [[nodiscard]] bool check_page(const Job& job, Peer& peer, const TopicStateReply& reply);
  /// True when the topic's end, or the end of all, is reached.
  [[nodiscard]] bool add_entries(Job& job, const TopicStateReply& reply);
  void complete(Job& job);
  void finish(const std::string& topic, const Result<void>& result);
  /// The peer may still answer the open request.
  void give_up(Job& job);

  ReplicatorCore& core_;
  HeadExchange& heads_;
  std::map<std::string, Job> jobs_;
  std::map<std::string, Known> known_;
  std::optional<Known> absent_;         ///< for topics not in `known_`, once all were read; has no entries
  std::map<PeerId, std::size_t> open_;  ///< questions that each peer has not answered
};

}  // namespace shoal::replication
