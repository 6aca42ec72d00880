#pragma once

#include "feed/read/feed_reader.h"
#include "replication/wire/message.h"
#include "simulation/sim_network.h"

#include <string>
#include <vector>

/// One invariant of DESIGN.md, watched while a swarm runs.
namespace shoal::simulation {

/// What a checker may ask of one honest follower.
struct FollowerState {
  NodeIndex node = 0;
  bool up = false;
  bool connected = false;  ///< to somebody honest
  bool saw_fork = false;
  const feed::FeedReader* reader = nullptr;  ///< null when it is down
};

class Check {
 public:
  virtual ~Check() = default;
  [[nodiscard]] virtual const char* name() const = 0;
  /// An honest follower's accepted head moved.
  virtual void on_head(NodeIndex, const feed::Checkpoint&) {}
  /// An honest follower hands a block on, in feed order.
  virtual void on_delivered(NodeIndex, BlockIndex, const Bytes& /*header*/, const Bytes& /*payload*/) {}
  /// An honest follower (or the producer) named an honest node as a liar.
  virtual void on_honest_blamed(NodeIndex, NodeIndex, const std::string&) {}
  /// An honest node sends its `have`.
  virtual void on_said(NodeIndex, const replication::Have&, const feed::FeedReader&) {}
  /// An honest follower says that it is synced at the head.
  virtual void on_synced(NodeIndex, const feed::Checkpoint&, const feed::FeedReader&) {}
  /// After each message of an honest node to a peer: bytes that wait for that peer, and for all its peers.
  virtual void on_waiting(NodeIndex /*from*/, NodeIndex /*to*/, std::size_t /*for_peer*/, std::size_t /*for_all*/) {}
  /// The producer signed a head.
  virtual void on_signed(const feed::Checkpoint&) {}
  /// The swarm had time to settle; `truth` is what the producer published.
  virtual void at_rest(const feed::FeedReader& /*truth*/, const std::vector<FollowerState>&) {}
  /// A second history of the owner's key went around, and every honest follower had time to hear of it.
  virtual void after_fork(const std::vector<FollowerState>&) {}

  [[nodiscard]] const std::vector<std::string>& failures() const { return failures_; }

 protected:
  /// Keeps the first few words of many.
  void fail(std::string what) {
    if (failures_.size() < 20) failures_.push_back(std::string(name()) + ": " + std::move(what));
  }

 private:
  std::vector<std::string> failures_;
};

}  // namespace shoal::simulation
