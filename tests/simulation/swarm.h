#pragma once

#include "simulation/checks/bounded_memory.h"
#include "simulation/checks/bounded_process.h"
#include "simulation/checks/completeness.h"
#include "simulation/checks/exact_blame.h"
#include "simulation/checks/fork_proof.h"
#include "simulation/checks/forward_heads.h"
#include "simulation/checks/gapless_offsets.h"
#include "simulation/checks/truthful_have.h"
#include "simulation/checks/truthful_sync.h"
#include "simulation/checks/verified_bytes.h"
#include "simulation/sim_node.h"
#include "simulation/sim_publisher.h"
#include "simulation/swarm_report.h"

namespace shoal::simulation {

/// Plays a profile: a producer and followers that join, read live, lose a part of themselves, come back, are split and
/// meet a forked owner; checkers watch. All that happens follows from profile and seed.
class Swarm {
 public:
  Swarm(const Profile& profile, std::uint64_t seed);
  SwarmReport run();

 private:
  void join_all();
  void live();
  void large();
  void idle();
  void latecomers();
  void split();
  void bad_disks();
  void churn();
  void kill(int percent);
  void forked_owner();

  NodeIndex add_node(Behaviour behaviour, bool bad_disk = false);
  void publish(std::size_t bytes);
  void publish_many(std::size_t count, std::size_t bytes, base::MonoTime every);
  void stage(const char* name) { world_.meter.begin_stage(name, world_.time.mono_now()); }
  [[nodiscard]] bool all_hold(std::uint64_t blocks) const;
  [[nodiscard]] std::uint64_t size() const { return world_.meter.published_blocks(); }
  [[nodiscard]] std::vector<FollowerState> followers() const;
  /// Seconds until every honest follower that is up holds `blocks`; -1 when it takes longer than `limit`.
  double wait_for(std::uint64_t blocks, base::MonoTime limit);
  void settle(const char* after);

  std::uint64_t seed_;
  base::SeededRandom random_;
  SimWorld world_;
  SimPublisher publisher_;
  feed::FeedReader truth_;
  VerifiedBytes verified_bytes_;
  ForwardHeads forward_heads_;
  GaplessOffsets gapless_offsets_;
  Completeness completeness_;
  BoundedMemory bounded_memory_;
  ForkProofHeld fork_proof_;
  ExactBlame exact_blame_;
  TruthfulHave truthful_have_;
  TruthfulSync truthful_sync_;
  BoundedProcess bounded_process_;
  std::vector<NodeIndex> bad_disks_;
  SwarmReport report_;
};

}  // namespace shoal::simulation
