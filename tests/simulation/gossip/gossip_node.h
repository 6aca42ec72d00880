#pragma once

#include "replication/live/announcement_policy.h"
#include "replication/live/failure_detector.h"
#include "replication/live/live_children.h"
#include "replication/live/live_parent.h"
#include "simulation/gossip/gossip_meter.h"
#include "simulation/gossip/gossip_wire.h"
#include "simulation/peer_sampling.h"

#include <memory>

namespace shoal::simulation::gossip {

class GossipNode;

/// What all nodes share.
struct GossipWorld {
  GossipWorld(const WireOptions& options, std::uint64_t seed) : wire(options, seed) {}
  Wire wire;
  GossipMeter meter;
  PeerSampling::Options sampling;
  std::vector<std::unique_ptr<GossipNode>> nodes;
  std::vector<Node> announced;  ///< what the locator knows: all that ever joined, the dead among them
  double stale = 0.1;           ///< of what it tells: addresses where nobody ever was

  [[nodiscard]] GossipNode& at(Node node) { return *nodes[node]; }
};

/// One node of gossip-100k: the real decisions of the live tail (LiveParent, LiveChildren, AnnouncementPolicy,
/// FailureDetector) over modelled messages. Blocks are numbers; to hold a size is to hold all below it.
class GossipNode final : public replication::TreePeers {
 public:
  GossipNode(GossipWorld& world, Node index, bool owner);

  void start();
  /// Gone without a word; what it held stays.
  void die();
  /// The owner's feed grew.
  void publish(std::uint32_t size);
  void on_event(const Event& event);

  [[nodiscard]] bool up() const { return up_; }
  [[nodiscard]] std::uint32_t held() const { return held_; }
  [[nodiscard]] std::size_t links() const { return links_.size(); }
  /// From start to the first record that was published after it.
  [[nodiscard]] std::optional<base::MonoTime> first_live() const { return first_live_; }

  void each(const std::function<void(const replication::TreePeer&)>& visit) const override;
  [[nodiscard]] std::optional<replication::TreePeer> find(replication::PeerId id) const override;

 private:
  struct Link {
    replication::TreePeer facts;
    Node node = 0;
    bool live_want = false;  ///< it asked us for the live tail and was let in
    std::uint32_t pushed = 0;
    base::MonoTime latency{0};
    base::MonoTime last_arrival{0};
    replication::FailureDetector::Peer life;
    base::MonoTime ahead_since{0};  ///< it announced more than we have; 0 it did not
  };
  [[nodiscard]] Link* link(Node node);
  [[nodiscard]] Link* link(replication::PeerId id);
  [[nodiscard]] base::MonoTime now() const { return world_.wire.now(); }
  void send(Link& to, Kind kind, std::uint32_t value = 0, std::uint8_t urgency = 0);
  void later(Kind kind, base::MonoTime delay, Node about = 0);

  void connect(Node other);
  void open(Node other);
  void close(Node other);
  void on_announce(Link& from, std::uint32_t size);
  void on_want(Link& from, const Event& event);
  void on_push(Link& from, const Event& event);
  void take(std::uint32_t size, std::uint8_t hops);
  void refuse(Node stranger);
  void moved();
  void push_to(Link& child);
  void announce_due();
  void pull(Link& from);
  void act();
  void tick();
  void look_at_peers();
  void look_for_peers();
  void on_dialled(Node other);
  void note_child(Link& peer);

  GossipWorld& world_;
  Node index_;
  bool owner_;
  bool up_ = false;
  bool check_armed_ = false;
  std::uint8_t hops_ = 0;  ///< of the newest block that came
  std::uint32_t life_ = 0;
  std::uint32_t held_ = 0;
  std::uint32_t dialling_ = 0;
  std::uint64_t last_peer_ = 0;
  std::vector<Link> links_;
  std::vector<Node> linked_;  ///< whom they lead to: looked through for each message
  PeerSampling sampling_;
  std::unique_ptr<replication::LiveParent> parent_;
  std::unique_ptr<replication::LiveChildren> children_;
  std::unique_ptr<replication::AnnouncementPolicy> announcement_policy_;
  replication::FailureDetector detector_;
  base::MonoTime started_{0};
  base::MonoTime pull_due_{0};  ///< until then an answer is awaited
  std::optional<base::MonoTime> live_since_;
  std::optional<base::MonoTime> first_live_;
};

}  // namespace shoal::simulation::gossip
