#pragma once

#include "node/api/doctor_report.h"
#include "node/directory/storage.h"
#include "node/feeds/feed_host.h"
#include "node/network/discovery.h"
#include "swarm/swarm.h"

#include <shoal/wait.h>

#include <memory>
#include <vector>

namespace shoal::node {

/// What the checks of `shoal doctor` read. `swarm` and `discovery` are null when the node is offline.
struct DoctorContext {
  std::shared_ptr<Storage> storage;
  swarm::Swarm* swarm = nullptr;
  std::shared_ptr<Discovery> discovery;
  std::shared_ptr<FeedHost> feed;                ///< the one that is asked about; null: the node as a whole
  std::vector<std::shared_ptr<FeedHost>> feeds;  ///< all that are open
  const base::Clock* clock = nullptr;
};

/// Checks everything that finding others depends on: directory, disk, clock, sockets, DHT, announcements, routers,
/// peers, heads. Asks the network for as long as `wait` says at most, and ends earlier once every question is answered.
/// On the caller's thread.
[[nodiscard]] DoctorReport run_doctor(const DoctorContext& context, const Wait& wait);

}  // namespace shoal::node
