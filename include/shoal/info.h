#pragma once

#include <shoal/retention.h>
#include <shoal/types.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace shoal {

/// What a node knows of one partition of a topic.
struct TopicInfo {
  std::string name;               ///< of the topic
  Partition partition{0};         ///< of that topic
  Offset log_start_offset{0};     ///< first offset that can be read here
  Offset high_watermark{0};       ///< next offset such that all before it, from log_start_offset on, are held here
  Offset end_offset{0};           ///< next offset of the signed head: what there is anywhere
  UnixMs largest_time = kNoTime;  ///< of any record; kNoTime without one
  std::uint64_t bytes = 0;        ///< of payload held here
  bool complete = false;          ///< end_offset is the one that the newest head signs, and all up to it is held here
};

/// What a mirror last signed that it holds durably. It may have lied, and may hold more or less by now.
struct MirrorInfo {
  std::string node_key;                  ///< hex; whose signature it is
  std::string name = {};                 ///< that `shoal key trust` gave it; empty for none
  std::uint64_t tree_size = 0;           ///< all blocks below it
  std::vector<std::string> topics = {};  ///< only these topics; empty: every one
  UnixMs oldest = kNoTime;               ///< payloads appended before are not meant; kNoTime: all are
  UnixMs since{0};                       ///< by the mirror's clock: what it holds has only grown from then on
  UnixMs time{0};                        ///< by the mirror's clock: when it signed
  bool connected = false;                ///< to this node now
};

/// What the DHT says of a feed's head (docs/PROTOCOL.md, "Head hint"): the owner signed it; nobody may be there who has
/// it.
struct HeadHintInfo {
  std::uint64_t tree_size = 0;  ///< of that head
  UnixMs time{0};               ///< when the owner signed it

  auto operator<=>(const HeadHintInfo&) const = default;  ///< by size, then time
};

/// What a node knows of one feed (`shoal info --json`).
struct FeedInfo {
  FeedId feed;                              ///< the feed
  std::string name;                         ///< own name, or empty
  bool own = false;                         ///< its key is here
  std::uint64_t tree_size = 0;              ///< newest verified head; 0 when none is known
  std::uint64_t held_blocks = 0;            ///< whose payloads are here
  std::string root_hash;                    ///< hex; empty when no head is known
  Epoch epoch{0};                           ///< of that head
  std::optional<UnixMs> head_time;          ///< when the owner signed it
  std::optional<std::int64_t> head_age_ms;  ///< since then, by this machine's clock; below 0: its future
  bool complete = false;                    ///< every topic that the head signs is held to its end
  std::string title;                        ///< of the manifest; empty when none is held
  std::vector<TopicInfo> topics;            ///< one each topic partition, in order of creation
  std::vector<MirrorInfo> mirrors = {};     ///< that gave receipts: of own feeds all known, else the connected ones
  std::uint64_t disk_bytes = 0;             ///< of the whole data directory
  bool forked = false;                      ///< the owner signed two histories
  std::string fork_proof = {};              ///< file of the proof of that (verify_fork()); empty without one
  std::string contradiction = {};           ///< where the owner contradicted himself, in words; empty: nowhere
  bool in_memory = false;                   ///< a volatile own feed: gone with the node
  std::optional<MirrorOptions> want = {};   ///< the persistent want; nullopt: not mirrored
  std::optional<Retention> retention = {};  ///< of an own feed; nullopt: everything stays
  std::optional<HeadHintInfo> hint = {};    ///< a head newer than the one here; nullopt: none is known
};

/// A connected peer.
struct PeerInfo {
  FeedId feed;                      ///< that the connection is for
  std::string address;              ///< `host:port`
  std::string transport;            ///< `tcp` or `utp`
  bool outgoing = false;            ///< we dialled
  std::string node_key;             ///< hex; what the peer is known and refused by
  std::string name;                 ///< the petname of that key; empty without one
  std::optional<UnixMs> since;      ///< when the session opened the feed
  std::uint64_t tree_size = 0;      ///< newest that the peer announced
  bool complete = false;            ///< it says that it holds everything but what it pruned
  std::uint64_t held_begin = 0;     ///< first block whose payload it says that it holds
  std::uint64_t held_end = 0;       ///< behind the last one; there may be gaps between
  std::uint64_t bytes_in = 0;       ///< since the connection began
  std::uint64_t bytes_out = 0;      ///< since the connection began
  std::uint64_t rate_in = 0;        ///< bytes a second, smoothed over some seconds
  std::uint64_t rate_out = 0;       ///< bytes a second, smoothed over some seconds
  std::int64_t round_trip_us = -1;  ///< -1: not measured
  bool suspect = false;             ///< it owes a sign of life
};

/// One line of `shoal ls`.
struct FeedSummary {
  FeedId feed;                             ///< the feed
  std::string name;                        ///< own name, or empty
  bool own = false;                        ///< its key is here
  bool mirrored = false;                   ///< somebody else's, and some of it is held or wanted here
  std::uint64_t tree_size = 0;             ///< newest verified head; 0 when none is known
  std::uint64_t held_blocks = 0;           ///< whose payloads are here
  bool in_memory = false;                  ///< a volatile own feed: gone with the node
  std::optional<MirrorOptions> want = {};  ///< the persistent want; nullopt: not mirrored
};

}  // namespace shoal
