#pragma once

#include "simulation/sim_network.h"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What one run of the swarm simulation plays.
namespace shoal::simulation {

struct Profile {
  std::string name;
  std::size_t nodes = 10;  ///< followers; the producer comes on top
  std::size_t degree = 8;  ///< connections a node dials for
  std::size_t max_links = 24;
  NetworkOptions network;
  double up = 12.5e6;  ///< bytes per second of each host
  double down = 12.5e6;

  std::size_t history_blocks = 20;
  base::MonoTime join_window = std::chrono::seconds(5);
  std::size_t live_records = 50;
  std::size_t live_bytes = 200;
  base::MonoTime live_every = std::chrono::milliseconds(200);
  std::size_t large_records = 4;
  std::size_t large_bytes = 1'000'000;
  base::MonoTime large_every = std::chrono::seconds(4);
  base::MonoTime idle = std::chrono::seconds(60);
  std::size_t latecomers = 2;
  bool partition = true;
  std::vector<int> kill_percent = {10, 50, 80};
  std::size_t records_after_kill = 30;  ///< one each half second
  double hostile = 0.1;            ///< of the followers, in turn: silent, at 1 B/s, lying about payloads, about heads
  double stale_addresses = 0.1;    ///< of what the locator tells: addresses where nobody is
  double bad_disks = 0.1;          ///< of the followers: their disk fails or loses what was not flushed
  std::uint64_t clock_years = 10;  ///< clocks are off by up to this many
  std::size_t churn_records = 20;  ///< one each half second, while nodes come and go
  bool fork = false;               ///< at the end a second history of the same key shows up
};

/// `swarm-10`, `swarm-100`, `swarm-1000`; nullopt for another name.
std::optional<Profile> find_profile(std::string_view name);

}  // namespace shoal::simulation
