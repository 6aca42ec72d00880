#pragma once

#include "feed/mirror/feed_mirror.h"
#include "replication/session/session_peer.h"
#include "simulation/checks/check.h"
#include "simulation/faulty_store.h"
#include "simulation/gated_executor.h"
#include "simulation/hostile_node.h"
#include "simulation/meter.h"
#include "simulation/peer_sampling.h"
#include "simulation/profile.h"
#include "simulation/sim_locator.h"
#include "simulation/skewed_clock.h"

#include <set>

namespace shoal::simulation {

class SimNode;

/// What all hosts of one swarm share.
struct SimWorld {
  explicit SimWorld(const Profile& the_profile, std::uint64_t the_seed)
      : profile(the_profile),
        network(time, the_seed ^ 0x6e6574, the_profile.network),
        locator(the_seed ^ 0x6c6f63, the_profile.stale_addresses) {}
  ~SimWorld() { time.clear(); }
  SimWorld(const SimWorld&) = delete;
  SimWorld& operator=(const SimWorld&) = delete;
  Profile profile;
  VirtualTime time;
  SimNetwork network;
  SimLocator locator;
  Meter meter;
  std::shared_ptr<SharedValues> values = std::make_shared<SharedValues>();
  std::vector<Check*> checks;
  std::vector<std::unique_ptr<SimNode>> nodes;
};

/// One host: the real replication code over real sessions, with a store that survives its deaths, and the little that a
/// node does to find and keep connections.
class SimNode final : public replication::ReplicatorEvents {
 public:
  SimNode(SimWorld& world, NodeIndex index, std::uint64_t seed, Behaviour behaviour, bool bad_disk = false);
  ~SimNode() override { die(); }

  /// Serves `log` as its owner.
  void own(const feed::FeedLog& log);
  /// Starts, or starts again with what it stored, as a follower of the whole feed.
  void follow(const FeedId& feed);
  /// Gone without a word; what its store made durable stays.
  void die();
  /// From now on its disk refuses to write.
  void break_disk();
  /// While it is full its disk refuses to write.
  void set_disk_full(bool full);
  /// Dials until it has the connections it wants, now and for as long as it is up.
  void find_peers();
  /// A connection between two hosts that are up; both open the feed.
  void connect(SimNode& other);

  [[nodiscard]] bool up() const { return replicator_ != nullptr; }
  [[nodiscard]] bool honest() const { return behaviour_ == Behaviour::honest; }
  [[nodiscard]] NodeIndex index() const { return index_; }
  [[nodiscard]] std::uint64_t delivered() const { return delivered_; }
  [[nodiscard]] std::size_t links() const;
  /// From start to the first record that was published after it.
  [[nodiscard]] std::optional<base::MonoTime> first_live() const { return first_live_; }
  [[nodiscard]] FollowerState state() const;
  [[nodiscard]] replication::Replicator& replicator() { return *replicator_; }
  [[nodiscard]] const feed::FeedReader& reader() const { return *reader_; }
  [[nodiscard]] std::size_t blamed() const { return banned_.size(); }

  void on_head(const feed::Checkpoint& head) override;
  void on_blocks() override;
  void on_synced(const feed::Checkpoint& head) override;
  void on_peer_blamed(const replication::PeerView& peer, std::string_view what) override;
  void on_peers_changed() override {}
  void on_fork(const feed::ForkProof&) override { saw_fork_ = true; }

 private:
  class Tap;
  void make_replicator(feed::FeedMirror* mirror);
  void open(const std::shared_ptr<SimTransport>& transport);
  void dial(NodeIndex other);
  [[nodiscard]] bool knows(NodeIndex other) const;
  void drop_closed();
  [[nodiscard]] std::size_t waiting() const;

  SimWorld& world_;
  NodeIndex index_;
  Behaviour behaviour_;
  base::SeededRandom random_;
  crypto::KeyPair key_;
  GatedExecutor executor_;
  base::NullLogSink log_sink_;
  SkewedClock clock_;
  std::unique_ptr<MapStore> heads_;         ///< the store with a log: nothing of it is ever lost
  std::unique_ptr<store::KvStore> blocks_;  ///< the one without
  FaultyStore* faulty_ = nullptr;           ///< blocks_, of a node whose disk is bad
  std::unique_ptr<feed::FeedLog> log_;
  std::unique_ptr<feed::FeedMirror> mirror_;
  std::optional<feed::FeedReader> reader_;
  std::unique_ptr<replication::Replicator> replicator_;
  std::vector<std::shared_ptr<SimTransport>> transports_;
  std::set<NodeIndex> banned_;
  PeerSampling sampling_;
  std::size_t dialling_ = 0;
  std::uint64_t delivered_ = 0;
  base::MonoTime started_{0};
  std::optional<base::MonoTime> live_since_;
  std::optional<base::MonoTime> first_live_;
  bool saw_fork_ = false;
};

}  // namespace shoal::simulation
