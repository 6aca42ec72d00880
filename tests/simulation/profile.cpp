#include "simulation/profile.h"

namespace shoal::simulation {
namespace {

Profile swarm_10() {
  Profile profile;
  profile.name = "swarm-10";
  profile.degree = 4;
  profile.max_links = 12;
  profile.hostile = 0.2;
  profile.fork = true;
  return profile;
}

Profile swarm_100() {
  Profile profile;
  profile.name = "swarm-100";
  profile.nodes = 100;
  profile.latecomers = 5;
  profile.join_window = std::chrono::seconds(10);
  return profile;
}

Profile swarm_1000() {
  Profile profile;
  profile.name = "swarm-1000";
  profile.nodes = 1000;
  profile.latecomers = 10;
  profile.join_window = std::chrono::seconds(20);
  profile.live_records = 30;
  profile.large_records = 2;
  profile.records_after_kill = 24;
  profile.hostile = 0.05;
  return profile;
}

}  // namespace

std::optional<Profile> find_profile(std::string_view name) {
  for (const Profile& profile : {swarm_10(), swarm_100(), swarm_1000()}) {
    if (profile.name == name) return profile;
  }
  return std::nullopt;
}

}  // namespace shoal::simulation
