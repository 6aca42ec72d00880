#pragma once

#include "simulation/checks/completeness.h"
#include "simulation/checks/exact_blame.h"
#include "simulation/checks/fork_proof.h"
#include "simulation/checks/forward_heads.h"
#include "simulation/checks/gapless_offsets.h"
#include "simulation/checks/verified_bytes.h"
#include "simulation/sim_node.h"
#include "simulation/sim_publisher.h"

#include <map>

namespace shoal::simulation {

/// What a run found beside the stages of its meter.
struct SwarmReport {
  std::string profile;
  std::uint64_t seed = 0;
  std::uint64_t trace = 0;
  std::uint64_t messages = 0;
  std::vector<Stage> stages;
  double idle_bytes_per_peer_minute = 0;
  std::size_t largest_queue = 0;
  double memory_per_node = 0;              ///< bytes of this process a node; differs from run to run
  std::map<int, double> recovery_seconds;  ///< per percent killed: until each survivor had the next record; -1 never
  double heal_seconds = -1;                ///< from the end of a partition until all have all
  std::vector<double> join_seconds;        ///< latecomers: from start to the first live record
  std::vector<std::string> failures;       ///< of checkers
};

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
  void kill(int percent);
  void forked_owner();

  NodeIndex add_node(Behaviour behaviour);
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
  SwarmReport report_;
};

}  // namespace shoal::simulation
