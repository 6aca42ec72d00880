#pragma once

#include <shoal/info.h>
#include <shoal/producer.h>
#include <shoal/retention.h>
#include <shoal/subscription.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace shoal {

namespace node {
class NodeApi;
class MirrorApi;
}  // namespace node

enum class LogLevel : std::uint8_t { debug, info, warning, error };

struct NodeOptions {
  std::filesystem::path data_dir;
  std::vector<std::string> listen =
      {};  ///< `host:port`, port 0 = any; empty: all addresses, a port kept in the directory
  std::vector<std::string> bootstrap = {};   ///< DHT entry points; empty: the public ones, unless private_network
  std::vector<std::string> peers = {};       ///< dialled for every feed
  std::optional<bool> private_network = {};  ///< nullopt: chosen by itself from listen and bootstrap
  bool offline = false;                      ///< no network at all
  /// When another process has the directory, work through it and leave the options of the network to it; false:
  /// Code::in_use then.
  bool attach = true;
  bool dht = true;
  bool lsd = true;
  bool upload = true;
  std::uint64_t up_limit = 0;                                ///< bytes a second; 0: none
  std::uint64_t down_limit = 0;                              ///< bytes a second; 0: none
  std::function<Result<std::string>()> passphrase = {};      ///< asked when a key file is sealed
  std::function<void(LogLevel, std::string_view)> log = {};  ///< any thread; empty: silent
};

struct FeedOptions {
  bool create = false;                         ///< make key and feed when the name is unknown
  bool in_memory = false;                      ///< volatile: never touches the disk, gone with the node
  std::optional<Retention> retention = {};     ///< kept for later openings; nullopt: as it was
  std::optional<std::string> passphrase = {};  ///< of the key file, instead of NodeOptions::passphrase
};

/// An own feed: name and key are here. Cheap to copy.
class Feed {
 public:
  Feed(std::shared_ptr<node::NodeApi> api, std::string name, FeedId id);
  [[nodiscard]] const FeedId& id() const { return id_; }
  [[nodiscard]] const std::string& name() const { return name_; }
  /// One producer at a time; Code::in_use for a second one.
  [[nodiscard]] Result<Producer> producer(const ProducerOptions& options = {});

 private:
  std::shared_ptr<node::NodeApi> api_;
  std::string name_;
  FeedId id_;
};

/// A persistent want: the node keeps and serves a verified copy, after a restart too, until the feed is removed. The
/// newest options of a feed hold.
class Mirror {
 public:
  explicit Mirror(std::shared_ptr<node::MirrorApi> api);
  /// Waits until everything wanted of the newest head that any connected peer announced is held and durable (at least
  /// one having answered) and gives that tree size. The next call waits for a newer one. Code::timed_out, Code::fork, …
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait);

 private:
  std::shared_ptr<node::MirrorApi> api_;
};

struct GetRequest {
  FeedId feed;
  std::string topic;
  Partition partition{0};
  Offset first{0};
  std::optional<Offset> last = {};  ///< included; nullopt: only `first`
};

/// A node: one data directory, its feeds and its place in the swarm. Movable, thread-safe. Handles made by it may
/// outlive it and then answer Code::closed.
class Node {
 public:
  /// Code::in_use when another process has the directory and does not answer (its pid is named), or when it may not be
  /// attached to.
  [[nodiscard]] static Result<Node> open(NodeOptions options);
  explicit Node(std::shared_ptr<node::NodeApi> api);
  ~Node();
  Node(Node&&) noexcept = default;
  Node& operator=(Node&&) noexcept;

  [[nodiscard]] Result<Feed> open_feed(const std::string& name, const FeedOptions& options = {});
  [[nodiscard]] Result<Subscription> subscribe(const FeedId& feed, const SubscribeOptions& options = {});
  [[nodiscard]] Result<Mirror> mirror(const FeedId& feed, const MirrorOptions& options = {});
  /// From disk or straight from the swarm, proven. Code::not_found when the first offset is proven absent. A range
  /// gives at least its first record, and ends early where something cannot be had or at 64 MiB of payload: ask again
  /// from there.
  [[nodiscard]] Result<Records> get(const GetRequest& request, const Wait& wait);
  [[nodiscard]] Result<FeedInfo> info(const FeedId& feed);
  [[nodiscard]] Result<std::vector<PeerInfo>> peers(const FeedId& feed);
  /// Forgets a feed: no want, no rows, no disk. An own feed's key stays. Code::in_use while it is produced to.
  [[nodiscard]] Result<void> remove(const FeedId& feed);
  /// A proof of one record, as JSON text, that verify_proof() checks without a node (see <shoal/proof.h>).
  [[nodiscard]] Result<std::string> prove(const GetRequest& request, const Wait& wait);
  /// `host:port` this node can be dialled at; empty when offline.
  [[nodiscard]] std::string listening() const;
  /// Commits what producers took, ends sessions, closes the stores and gives the directory back. The destructor does
  /// the same. Not from a callback.
  void close();

 private:
  std::shared_ptr<node::NodeApi> api_;
};

}  // namespace shoal
