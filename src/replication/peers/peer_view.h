#pragma once

#include "base/clock.h"
#include "feed/format/checkpoint.h"
#include "feed/log/feed_log.h"
#include "replication/peers/peer_transport.h"

#include <shoal/strong_int.h>
#include <shoal/types.h>

#include <cstdint>
#include <optional>

namespace shoal::replication {

/// Names a connected peer of one feed.
using PeerId = StrongInt<struct PeerIdTag, std::uint64_t>;
/// A connected peer as users see it: for `shoal peers`, and for `-e`, which asks whether every peer answered.
struct PeerView {
  PeerId id;
  PeerAddress address;
  PublicKey node_key;                               ///< proven in the session
  std::optional<feed::Checkpoint> head;             ///< newest head it announced here
  std::optional<feed::Checkpoint> first_head = {};  ///< what it announced when the session began
  bool answered = false;                            ///< it announced a head, or that it has none
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::uint64_t rate_in = 0;   ///< bytes a second, smoothed
  std::uint64_t rate_out = 0;  ///< bytes a second, smoothed
  base::MonoTime since{0};     ///< when the session opened this feed
  bool complete = false;       ///< it says that it holds every header, and every payload that it did not prune
  feed::BlockRange held = {};  ///< from the first to the last block whose payload it says that it holds
  std::uint64_t blocks_in = 0;
  std::int64_t round_trip_us = -1;
  bool suspect = false;  ///< it was asked for a sign of life and gave none for some round trips
};

}  // namespace shoal::replication
