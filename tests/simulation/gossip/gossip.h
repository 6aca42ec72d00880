#pragma once

#include "simulation/gossip/gossip_node.h"
#include "simulation/swarm_report.h"

namespace shoal::simulation::gossip {

struct GossipProfile {
  std::string name;
  std::size_t nodes = 100'000;  ///< followers; the owner comes on top
  base::MonoTime join_window = std::chrono::seconds(30);
  std::size_t live_records = 15;
  base::MonoTime live_every = std::chrono::milliseconds(500);
  base::MonoTime idle = std::chrono::seconds(60);
  std::size_t latecomers = 100;
  std::vector<int> kill_percent = {10, 50, 80};
  std::size_t records_after_kill = 6;  ///< one each half second
  PeerSampling::Options sampling{6, 20, 16, 4};
  WireOptions wire;
};

/// `gossip-100k` and, for every change, `gossip-2k`; nullopt for another name.
std::optional<GossipProfile> find_gossip_profile(std::string_view name);

/// Plays a profile: nodes join, read live, rest, lose a part of themselves and come back. All that happens follows from
/// profile and seed.
class Gossip {
 public:
  Gossip(const GossipProfile& profile, std::uint64_t seed);
  SwarmReport run();

 private:
  void join_all();
  void live();
  void idle();
  void latecomers();
  void kill(int percent);

  void publish();
  void run_for(base::MonoTime time);
  [[nodiscard]] bool all_hold(std::uint32_t size) const;
  /// Seconds until all that are up hold `size`; -1 when it takes longer than `limit`.
  double wait_for(std::uint32_t size, base::MonoTime limit);
  void settle(const char* after);
  void stage(const std::string& name) { world_.meter.begin_stage(name, world_.wire.now()); }

  GossipProfile profile_;
  GossipWorld world_;
  base::SeededRandom random_;
  SwarmReport report_;
};

}  // namespace shoal::simulation::gossip
