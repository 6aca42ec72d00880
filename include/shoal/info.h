#pragma once

#include <shoal/retention.h>
#include <shoal/types.h>

#include <optional>
#include <string>
#include <vector>

namespace shoal {

struct TopicInfo {
  std::string name;
  Partition partition{0};
  Offset log_start_offset{0};
  Offset high_watermark{0};
  Offset end_offset{0};
  UnixMs largest_time = kNoTime;
  std::uint64_t bytes = 0;
};

/// What a node knows of one feed (`shoal info --json`).
struct FeedInfo {
  FeedId feed;
  std::string name;  ///< own name, or empty
  bool own = false;
  std::uint64_t tree_size = 0;  ///< newest verified head; 0 when none is known
  std::uint64_t held_blocks = 0;
  std::string root_hash;  ///< hex; empty when no head is known
  Epoch epoch{0};
  std::optional<UnixMs> head_time;
  std::string title;
  std::vector<TopicInfo> topics;
  std::uint64_t mirrors = 0;  ///< connected peers that announced the newest head
  std::uint64_t disk_bytes = 0;
  bool forked = false;
  bool in_memory = false;                   ///< a volatile own feed: gone with the node
  std::optional<MirrorOptions> want = {};   ///< the persistent want; nullopt: not mirrored
  std::optional<Retention> retention = {};  ///< of an own feed; nullopt: everything stays
};

struct PeerInfo {
  FeedId feed;
  std::string address;
  std::string transport;
  bool outgoing = false;
  std::string node_key;
  std::uint64_t tree_size = 0;
  std::uint64_t bytes_in = 0;
  std::uint64_t bytes_out = 0;
  std::int64_t round_trip_us = -1;
};

struct FeedSummary {
  FeedId feed;
  std::string name;
  bool own = false;
  bool mirrored = false;  ///< somebody else's, and some of it is held or wanted here
  std::uint64_t tree_size = 0;
  std::uint64_t held_blocks = 0;
  bool in_memory = false;                  ///< a volatile own feed: gone with the node
  std::optional<MirrorOptions> want = {};  ///< the persistent want; nullopt: not mirrored
};

}  // namespace shoal
