#pragma once

#include "replication/heads/head_exchange.h"

#include <cstdint>
#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

namespace shoal::replication {

/// Learns signed topic-state entries of whole topics from peers: each entry is proven under the accepted head, and a
/// topic counts as known only when its partitions are there from 0 up to a proven neighbour, so that none can be
/// withheld.
class TopicExchange {
 public:
  using Done = std::function<void(Result<void>)>;
  /// What is proven of one topic; no entries: the head's topic state has no such topic.
  struct Known {
    feed::Checkpoint head;
    std::vector<feed::TopicStateEntry> entries;  ///< partition 0, 1, ...
  };

  TopicExchange(ReplicatorCore& core, HeadExchange& heads) : core_(core), heads_(heads) {}

  /// Learns all partitions of `topic` under the accepted head; every topic when it is empty. `done` is posted:
  /// Code::timed_out, or success, also for a topic that is proven not to be there. 0 waits for ever.
  void fetch(const std::string& topic, base::MonoTime timeout, Done done);
  /// Null when nothing is known of it.
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
    bool scan_all = false;      ///< every entry is read, to list all topics or to prove that one is not there
    std::uint64_t request = 0;  ///< outstanding; 0 none
    PeerId peer{0};
    base::MonoTime sent{0};
    feed::Checkpoint head;                  ///< of the pages so far
    std::optional<std::uint32_t> position;  ///< next page; nullopt: the topic's place is not known yet
    std::vector<feed::TopicStateEntry> entries;
    std::optional<PeerId> denied;  ///< said that the topic is unknown: blamed when the scan finds it
    std::set<PeerId> tried;        ///< cannot answer under the accepted head
  };

  void start(Job& job);
  void restart(Job& job);
  void take_page(Job& job, PeerId id, Peer& peer, const TopicStateReply& reply);
  [[nodiscard]] bool check_page(const Job& job, Peer& peer, const TopicStateReply& reply);
  /// True when the topic's end, or the end of all, is reached.
  [[nodiscard]] bool add_entries(Job& job, const TopicStateReply& reply);
  void complete(Job& job);
  void finish(const std::string& topic, const Result<void>& result);

  ReplicatorCore& core_;
  HeadExchange& heads_;
  std::map<std::string, Job> jobs_;
  std::map<std::string, Known> known_;
  std::optional<Known> absent_;  ///< of what is not in `known_`: every topic was read under its head; has no entries
  std::deque<std::uint64_t> stale_;  ///< requests given up: late answers are ignored, not blamed
};

}  // namespace shoal::replication
