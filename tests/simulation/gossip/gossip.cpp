#include "simulation/gossip/gossip.h"

#include "simulation/resident.h"

#include <algorithm>
#include <numeric>

namespace shoal::simulation::gossip {
namespace {

constexpr base::MonoTime kRest = std::chrono::seconds(90);

double in_seconds(base::MonoTime time) { return std::chrono::duration<double>(time).count(); }

GossipProfile gossip_100k() {
  GossipProfile profile;
  profile.name = "gossip-100k";
  return profile;
}

/// The same in a second, for every change.
GossipProfile gossip_2k() {
  GossipProfile profile;
  profile.name = "gossip-2k";
  profile.nodes = 2000;
  profile.join_window = std::chrono::seconds(10);
  profile.latecomers = 20;
  return profile;
}

}  // namespace

std::optional<GossipProfile> find_gossip_profile(std::string_view name) {
  for (const GossipProfile& profile : {gossip_2k(), gossip_100k()}) {
    if (profile.name == name) return profile;
  }
  return std::nullopt;
}

Gossip::Gossip(const GossipProfile& profile, std::uint64_t seed)
    : profile_(profile), world_(profile.wire, seed ^ 0x77697265), random_(seed) {
  world_.sampling = profile.sampling;
  report_.profile = profile.name;
  report_.seed = seed;
}

SwarmReport Gossip::run() {
  join_all();
  live();
  idle();
  latecomers();
  for (const int percent : profile_.kill_percent) kill(percent);
  report_.trace = world_.wire.trace();
  report_.messages = world_.wire.events();
  report_.stages = world_.meter.stages();
  return std::move(report_);
}

void Gossip::publish() {
  world_.meter.published(world_.wire.now());
  world_.at(0).publish(world_.meter.size());
}

void Gossip::run_for(base::MonoTime time) {
  const base::MonoTime limit = world_.wire.now() + time;
  Event event;
  while (world_.wire.next(limit, event)) world_.at(event.to).on_event(event);
}

bool Gossip::all_hold(std::uint32_t size) const {
  return std::all_of(world_.nodes.begin(), world_.nodes.end(),
                     [&](const auto& node) { return !node->up() || node->held() >= size; });
}

double Gossip::wait_for(std::uint32_t size, base::MonoTime limit) {
  const base::MonoTime from = world_.wire.now();
  while (!all_hold(size)) {
    if (world_.wire.now() - from > limit) return -1;
    run_for(std::chrono::milliseconds(20));
  }
  return in_seconds(world_.wire.now() - from);
}

void Gossip::settle(const char* after) {
  if (wait_for(world_.meter.size(), kRest) >= 0) return;
  const auto lacking = std::count_if(world_.nodes.begin(), world_.nodes.end(), [&](const auto& node) {
    return node->up() && node->held() < world_.meter.size();
  });
  report_.failures.push_back(std::to_string(lacking) + " nodes are incomplete after: " + after);
}

void Gossip::join_all() {
  stage("join");
  world_.nodes.reserve(profile_.nodes + profile_.latecomers + 1);
  world_.nodes.push_back(std::make_unique<GossipNode>(world_, 0, true));
  world_.at(0).start();
  publish();
  const auto window = static_cast<std::uint64_t>(profile_.join_window.count()) + 1;
  std::vector<base::MonoTime> starts(profile_.nodes);
  for (base::MonoTime& at : starts) at = base::MonoTime(static_cast<std::int64_t>(random_.below(window)));
  std::sort(starts.begin(), starts.end());
  base::MonoTime passed{0};
  for (const base::MonoTime at : starts) {
    run_for(at - passed);
    passed = at;
    world_.nodes.push_back(std::make_unique<GossipNode>(world_, static_cast<Node>(world_.nodes.size()), false));
    world_.nodes.back()->start();
  }
  run_for(std::chrono::seconds(10));
  settle("join");
}

void Gossip::live() {
  stage("live");
  for (std::size_t i = 0; i < profile_.live_records; ++i) {
    publish();
    run_for(profile_.live_every);
  }
  settle("live");
  report_.memory_per_node = resident() / static_cast<double>(world_.nodes.size());
}

void Gossip::idle() {
  run_for(std::chrono::seconds(10));
  stage("idle");
  run_for(profile_.idle);
  std::size_t ends = 0;
  for (const auto& node : world_.nodes) ends += node->links();
  report_.idle_bytes_per_peer_minute = static_cast<double>(world_.meter.stage().control) /
                                       static_cast<double>(std::max<std::size_t>(ends, 1)) /
                                       (in_seconds(profile_.idle) / 60);
}

void Gossip::latecomers() {
  stage("latecomers");
  const std::size_t first = world_.nodes.size();
  for (std::size_t i = 0; i < 10; ++i) {
    for (std::size_t j = 0; j < profile_.latecomers / 10; ++j) {
      world_.nodes.push_back(std::make_unique<GossipNode>(world_, static_cast<Node>(world_.nodes.size()), false));
      world_.nodes.back()->start();
    }
    publish();
    run_for(profile_.live_every);
  }
  settle("latecomers");
  for (std::size_t i = first; i < world_.nodes.size(); ++i) {
    if (const auto took = world_.nodes[i]->first_live()) report_.join_seconds.push_back(in_seconds(*took));
  }
}

void Gossip::kill(int percent) {
  const std::string name = "kill " + std::to_string(percent) + " %";
  stage(name);
  std::vector<Node> nodes(world_.nodes.size() - 1);
  std::iota(nodes.begin(), nodes.end(), Node{1});
  for (std::size_t i = nodes.size() - 1; i > 0; --i) std::swap(nodes[i], nodes[random_.below(i + 1)]);
  nodes.resize(nodes.size() * static_cast<std::size_t>(percent) / 100);
  for (const Node node : nodes) world_.at(node).die();
  const base::MonoTime killed = world_.wire.now();
  const std::uint32_t next = world_.meter.size() + 1;
  double recovered = -1;
  for (std::size_t i = 0; i < profile_.records_after_kill; ++i) {
    publish();
    const base::MonoTime due = killed + static_cast<std::int64_t>(i + 1) * base::MonoTime(profile_.live_every);
    if (recovered < 0 && wait_for(next, due - world_.wire.now()) >= 0)
      recovered = in_seconds(world_.wire.now() - killed);
    if (world_.wire.now() < due) run_for(due - world_.wire.now());
  }
  if (recovered < 0 && wait_for(next, kRest) >= 0) recovered = in_seconds(world_.wire.now() - killed);
  report_.recovery_seconds[percent] = recovered;
  settle(name.c_str());
  stage(name + ", back");
  for (const Node node : nodes) world_.at(node).start();
  for (std::size_t i = 0; i < profile_.records_after_kill; ++i) {
    publish();
    run_for(profile_.live_every);
  }
  settle("the return of the dead");
}

}  // namespace shoal::simulation::gossip
