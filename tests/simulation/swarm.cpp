#include "simulation/swarm.h"

#include "simulation/resident.h"

#include <algorithm>

namespace shoal::simulation {
namespace {

constexpr std::uint8_t kOwner = 7;
constexpr base::MonoTime kRest = std::chrono::seconds(90);

double seconds(base::MonoTime time) { return std::chrono::duration<double>(time).count(); }

}  // namespace

Swarm::Swarm(const Profile& profile, std::uint64_t seed)
    : seed_(seed),
      random_(seed),
      world_(profile, seed),
      publisher_(world_.time, world_.values, kOwner),
      truth_(publisher_.log()),
      verified_bytes_(truth_) {
  world_.checks = {&verified_bytes_, &forward_heads_, &gapless_offsets_, &completeness_,  &bounded_memory_,
                   &fork_proof_,     &exact_blame_,   &truthful_have_,   &truthful_sync_, &bounded_process_};
}

SwarmReport Swarm::run() {
  const Profile& profile = world_.profile;
  report_.profile = profile.name;
  report_.seed = seed_;
  join_all();
  live();
  if (profile.large_records > 0) large();
  idle();
  latecomers();
  if (profile.partition) split();
  if (!bad_disks_.empty()) bad_disks();
  if (profile.churn_records > 0) churn();
  for (const int percent : profile.kill_percent) kill(percent);
  if (profile.fork) forked_owner();
  report_.trace = world_.meter.trace();
  report_.messages = world_.meter.messages();
  report_.stages = world_.meter.stages();
  report_.largest_queue = bounded_memory_.largest();
  for (const Check* check : world_.checks) {
    report_.failures.insert(report_.failures.end(), check->failures().begin(), check->failures().end());
  }
  return std::move(report_);
}

NodeIndex Swarm::add_node(Behaviour behaviour, bool bad_disk) {
  const NodeIndex index = world_.nodes.size();
  world_.network.add_host({world_.profile.up, world_.profile.down, base::MonoTime{0}, base::MonoTime{0}});
  world_.nodes.push_back(std::make_unique<SimNode>(world_, index, random_.next(), behaviour, bad_disk));
  return index;
}

void Swarm::publish(std::size_t bytes) {
  const feed::CommitResult done = publisher_.publish(bytes);
  for (Check* check : world_.checks) check->on_signed(done.head);
  for (const feed::CommittedBlock& block : done.blocks) {
    world_.meter.published(block.payload.size(), world_.time.mono_now());
  }
  SimNode& producer = *world_.nodes[Meter::kProducer];
  if (producer.up()) producer.replicator().on_committed();
}

void Swarm::publish_many(std::size_t count, std::size_t bytes, base::MonoTime every) {
  for (std::size_t i = 0; i < count; ++i) {
    publish(bytes);
    world_.time.run_for(every);
  }
}

void Swarm::join_all() {
  stage("join");
  SimNode& producer = *world_.nodes[add_node(Behaviour::honest)];
  publish_many(world_.profile.history_blocks, 1000, base::MonoTime{0});
  producer.own(publisher_.log());
  producer.find_peers();
  const double before = resident();
  constexpr Behaviour kHostile[] = {Behaviour::silent, Behaviour::stalling, Behaviour::lies_bytes,
                                    Behaviour::lies_heads};
  const std::size_t count = world_.profile.nodes;
  const auto hostile = static_cast<std::size_t>(world_.profile.hostile * static_cast<double>(count) + 0.5);
  const auto bad = static_cast<std::size_t>(world_.profile.bad_disks * static_cast<double>(count) + 0.5);
  for (std::size_t i = 0; i < count; ++i) {
    const bool bad_disk = i >= hostile && i < hostile + bad;
    const NodeIndex index = add_node(i < hostile ? kHostile[i % std::size(kHostile)] : Behaviour::honest, bad_disk);
    if (bad_disk) bad_disks_.push_back(index);
    const auto window = static_cast<std::uint64_t>(world_.profile.join_window.count()) + 1;
    world_.time.schedule(base::MonoTime(static_cast<std::int64_t>(random_.below(window))),
                         [this, index] { world_.nodes[index]->follow(publisher_.id()); });
  }
  world_.time.run_for(world_.profile.join_window + std::chrono::seconds(20));
  report_.memory_per_node = (resident() - before) / static_cast<double>(count);
}

bool Swarm::all_hold(std::uint64_t blocks) const {
  return std::all_of(world_.nodes.begin() + 1, world_.nodes.end(),
                     [&](const auto& node) { return !node->up() || !node->honest() || node->delivered() >= blocks; });
}

double Swarm::wait_for(std::uint64_t blocks, base::MonoTime limit) {
  const base::MonoTime from = world_.time.mono_now();
  constexpr base::MonoTime kLook = std::chrono::milliseconds(10);
  while (!all_hold(blocks)) {
    if (world_.time.mono_now() - from > limit) return -1;
    world_.time.run_for(kLook);
  }
  return seconds(world_.time.mono_now() - from);
}

std::vector<FollowerState> Swarm::followers() const {
  std::vector<FollowerState> out;
  for (const auto& node : world_.nodes) {
    if (node->index() != Meter::kProducer && node->honest()) out.push_back(node->state());
  }
  return out;
}

void Swarm::settle(const char* after) {
  (void)wait_for(size(), kRest);
  const std::size_t failed = completeness_.failures().size();
  for (Check* check : world_.checks) check->at_rest(truth_, followers());
  if (completeness_.failures().size() > failed) report_.failures.push_back(std::string("incomplete after: ") + after);
}

void Swarm::live() {
  stage("live");
  publish_many(world_.profile.live_records, world_.profile.live_bytes, world_.profile.live_every);
  settle("live");
}

void Swarm::large() {
  stage("large");
  publish_many(world_.profile.large_records, world_.profile.large_bytes, world_.profile.large_every);
  settle("large");
}

void Swarm::idle() {
  world_.time.run_for(std::chrono::seconds(5));
  stage("idle");
  world_.time.run_for(world_.profile.idle);
  std::size_t ends = 0;
  for (const auto& node : world_.nodes) ends += node->up() ? node->links() : 0;
  const double minutes = seconds(world_.profile.idle) / 60;
  report_.idle_bytes_per_peer_minute =
      static_cast<double>(world_.meter.stage().control) / static_cast<double>(std::max<std::size_t>(ends, 1)) / minutes;
}

void Swarm::latecomers() {
  stage("latecomers");
  std::vector<NodeIndex> late;
  for (std::size_t i = 0; i < world_.profile.latecomers; ++i) {
    publish_many(3, world_.profile.live_bytes, std::chrono::milliseconds(150));
    late.push_back(add_node(Behaviour::honest));
    world_.nodes[late.back()]->follow(publisher_.id());
  }
  publish_many(20, world_.profile.live_bytes, std::chrono::milliseconds(150));
  settle("latecomers");
  for (const NodeIndex index : late) {
    const auto took = world_.nodes[index]->first_live();
    if (took) report_.join_seconds.push_back(seconds(*took));
  }
}

void Swarm::split() {
  stage("partition");
  std::vector<bool> side(world_.nodes.size());
  for (std::size_t i = 1; i < side.size(); ++i) side[i] = random_.below(2) == 1;
  world_.network.partition(std::move(side));
  publish_many(10, world_.profile.live_bytes, std::chrono::milliseconds(500));
  world_.network.heal();
  report_.heal_seconds = wait_for(size(), kRest);
  settle("partition");
}

/// All are full for a while, and go on by themselves. Then some refuse to write and their nodes are started again;
/// others lose in a crash what was not flushed.
void Swarm::bad_disks() {
  stage("full disks");
  for (const NodeIndex index : bad_disks_) world_.nodes[index]->set_disk_full(true);
  publish_many(4, world_.profile.live_bytes, std::chrono::milliseconds(500));
  world_.time.run_for(std::chrono::seconds(10));
  for (const NodeIndex index : bad_disks_) world_.nodes[index]->set_disk_full(false);
  publish_many(2, world_.profile.live_bytes, std::chrono::milliseconds(500));
  settle("full disks");
  stage("bad disks");
  for (std::size_t i = 0; i < bad_disks_.size(); ++i) {
    if (i % 2 == 0) world_.nodes[bad_disks_[i]]->break_disk();
  }
  publish_many(4, world_.profile.live_bytes, std::chrono::milliseconds(500));
  publish(world_.profile.live_bytes);
  world_.time.run_for(std::chrono::milliseconds(200));
  for (const NodeIndex index : bad_disks_) world_.nodes[index]->die();
  publish_many(2, world_.profile.live_bytes, std::chrono::milliseconds(500));
  for (const NodeIndex index : bad_disks_) world_.nodes[index]->follow(publisher_.id());
  publish_many(4, world_.profile.live_bytes, std::chrono::milliseconds(500));
  settle("bad disks");
}

/// All the time somebody leaves without a word and somebody comes back.
void Swarm::churn() {
  stage("churn");
  std::vector<NodeIndex> away;
  const std::size_t steps = world_.profile.churn_records;
  const std::size_t each = std::max<std::size_t>(1, world_.profile.nodes / 50);
  for (std::size_t i = 0; i < steps; ++i) {
    publish(world_.profile.live_bytes);
    for (std::size_t j = 0; j < each; ++j) {
      const NodeIndex one = 1 + random_.below(world_.nodes.size() - 1);
      if (!world_.nodes[one]->up()) continue;
      world_.nodes[one]->die();
      away.push_back(one);
    }
    while (away.size() > 4 * each) {
      world_.nodes[away.front()]->follow(publisher_.id());
      away.erase(away.begin());
    }
    world_.time.run_for(std::chrono::milliseconds(500));
  }
  for (const NodeIndex one : away) world_.nodes[one]->follow(publisher_.id());
  settle("churn");
}

void Swarm::kill(int percent) {
  const std::string name = "kill " + std::to_string(percent) + " %";
  stage(name.c_str());
  std::vector<NodeIndex> candidates;
  for (NodeIndex i = 1; i < world_.nodes.size(); ++i) candidates.push_back(i);
  std::vector<NodeIndex> dead;
  while (dead.size() * 100 < (world_.nodes.size() - 1) * static_cast<std::size_t>(percent)) {
    const std::size_t pick = random_.below(candidates.size());
    dead.push_back(candidates[pick]);
    candidates.erase(candidates.begin() + static_cast<std::ptrdiff_t>(pick));
    world_.nodes[dead.back()]->die();
  }
  const base::MonoTime killed = world_.time.mono_now();
  const std::uint64_t next = size() + 1;
  double recovered = -1;
  for (std::size_t i = 0; i < world_.profile.records_after_kill; ++i) {
    publish(world_.profile.live_bytes);
    const base::MonoTime due =
        killed + static_cast<std::int64_t>(i + 1) * base::MonoTime(std::chrono::milliseconds(500));
    if (recovered < 0 && wait_for(next, due - world_.time.mono_now()) >= 0) {
      recovered = seconds(world_.time.mono_now() - killed);
    }
    if (world_.time.mono_now() < due) world_.time.run_for(due - world_.time.mono_now());
  }
  if (recovered < 0 && wait_for(next, kRest) >= 0) recovered = seconds(world_.time.mono_now() - killed);
  report_.recovery_seconds[percent] = recovered;
  settle(name.c_str());
  stage((name + ", back").c_str());
  for (const NodeIndex index : dead) world_.nodes[index]->follow(publisher_.id());
  publish_many(20, world_.profile.live_bytes, std::chrono::milliseconds(500));
  settle("the return of the dead");
}

/// The owner's key signs another history somewhere: one host shows it to two followers.
void Swarm::forked_owner() {
  stage("fork");
  SimPublisher twin(world_.time, world_.values, kOwner);
  const std::uint64_t blocks = size() - 3 + seed_ % 7;  // shorter, equal and longer, by the seed
  for (std::uint64_t i = 0; i < blocks; ++i) (void)twin.publish(50, 1);
  SimNode& host = *world_.nodes[add_node(Behaviour::forked)];
  host.own(twin.log());
  std::size_t told = 0;
  for (NodeIndex i = 1; i < host.index() && told < 2; ++i) {
    if (!world_.nodes[i]->up() || !world_.nodes[i]->honest()) continue;
    world_.nodes[i]->connect(host);
    ++told;
  }
  world_.time.run_for(std::chrono::seconds(10));
  for (Check* check : world_.checks) check->after_fork(followers());
  host.die();
}

}  // namespace shoal::simulation
