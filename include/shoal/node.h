#pragma once

#include <shoal/info.h>
#include <shoal/producer.h>
#include <shoal/retention.h>
#include <shoal/subscription.h>

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal {

namespace node {
class NodeApi;
class MirrorApi;
}  // namespace node

/// How much a line of the log matters; debug least.
enum class LogLevel : std::uint8_t { debug, info, warning, error };

/// Where a node keeps what it has, and how it meets others. A copy is taken.
struct NodeOptions {
  std::filesystem::path data_dir;  ///< made when it is missing
  std::vector<std::string> listen =
      {};  ///< `host:port`, port 0 = any; empty: all addresses, a port kept in the directory
  std::vector<std::string> bootstrap = {};   ///< DHT entry points; empty: the public ones, unless private_network
  std::vector<std::string> peers = {};       ///< dialled for every feed; `KEY@host:port` pins its key
  std::optional<bool> private_network = {};  ///< nullopt: chosen by itself from listen and bootstrap
  bool offline = false;                      ///< no network at all
  /// When another process has the directory, work through it and leave the options of the network to it; false:
  /// Code::in_use then.
  bool attach = true;
  /// On a full disk the room that the directory keeps back is used to open it: to remove a feed.
  bool use_reserve = false;
  /// On a full disk the directory is opened for reading only, as one on a read-only file system is; false:
  /// Code::no_space then, unless offline.
  bool read_when_full = false;
  bool dht = true;     ///< find peers in the DHT
  bool lsd = true;     ///< find peers on the local network
  bool upload = true;  ///< serve others
  /// How often own feeds are signed again when nothing is published, so that readers know how old their view is; one
  /// second at least, 0: never. Each costs a write to the disk.
  std::chrono::milliseconds heartbeat{20000};
  std::uint64_t up_limit = 0;                                ///< bytes a second; 0: none
  std::uint64_t down_limit = 0;                              ///< bytes a second; 0: none
  std::function<Result<std::string>()> passphrase = {};      ///< asked when a key file is sealed
  std::function<void(LogLevel, std::string_view)> log = {};  ///< any thread; empty: silent
  /// The disk failed a write or a sync, and it was not merely full: nothing more is stored until the directory is
  /// opened anew, which finds out what is there. Any thread, several times; must not call the node. The command ends
  /// its process here.
  std::function<void(const Error&)> on_disk_failure = {};
};

/// How an own feed is opened.
struct FeedOptions {
  bool create = false;                         ///< make key and feed when the name is unknown
  bool in_memory = false;                      ///< volatile: never touches the disk, gone with the node
  std::optional<Retention> retention = {};     ///< kept for later openings; nullopt: as it was
  std::optional<std::string> passphrase = {};  ///< of the key file, instead of NodeOptions::passphrase
};

/// An own feed: name and key are here. Cheap to copy; thread-safe; may outlive its node.
class Feed {
 public:
  /// The library makes them: Node::open_feed().
  Feed(std::shared_ptr<node::NodeApi> api, std::string name, FeedId id);
  [[nodiscard]] const FeedId& id() const { return id_; }           ///< as long as this object
  [[nodiscard]] const std::string& name() const { return name_; }  ///< as long as this object
  /// One producer at a time; Code::in_use for a second one, Code::closed after the node. The producer may outlive
  /// this object.
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
  explicit Mirror(std::shared_ptr<node::MirrorApi> api);  ///< the library makes them: Node::mirror()
  /// Waits until everything wanted of the newest head that any connected peer announced is held and durable (at least
  /// one having answered) and gives that tree size. The next call waits for a newer one. Code::timed_out,
  /// Code::cancelled, Code::fork, Code::no_space, Code::closed after the node. One thread at a time.
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait);

 private:
  std::shared_ptr<node::MirrorApi> api_;
};

/// Records of one partition, by their offsets.
struct GetRequest {
  FeedId feed;                      ///< own, mirrored, or unknown until now
  std::string topic;                ///< its name; no glob
  Partition partition{0};           ///< of that topic
  Offset first{0};                  ///< the first one
  std::optional<Offset> last = {};  ///< included; nullopt: only `first`
};

/// A node: one data directory, its feeds and its place in the swarm. Movable, thread-safe. Handles made by it may
/// outlive it; once it is closed, they and it answer Code::closed.
class Node {
 public:
  /// Opens the directory, making it (mode 0700) when it is missing, or attaches to the process that has it: see
  /// NodeOptions::attach. Code::in_use when another process has the directory and does not answer (its pid is named),
  /// or when it may not be attached to. Code::invalid_argument for options outside their range, Code::unsupported for a
  /// directory of a newer version, Code::corrupt for a damaged one, Code::no_space and Code::io from the disk,
  /// Code::io when an address cannot be listened on.
  [[nodiscard]] static Result<Node> open(NodeOptions options);
  explicit Node(std::shared_ptr<node::NodeApi> api);  ///< the library makes them: open()
  ~Node();                                            ///< close()
  Node(Node&&) noexcept = default;                    ///< leaves a node that only may be destroyed or assigned to
  Node& operator=(Node&&) noexcept;                   ///< closes the node that was here

  /// Opens the own feed `name`, which is then served, too. Code::not_found when there is none and `options.create` is
  /// false, Code::invalid_argument for an illegal name, Code::bad_key for a key file or passphrase that cannot be used,
  /// Code::unsafe_to_sign when signing on could make a second history, Code::corrupt, Code::no_space, Code::io.
  [[nodiscard]] Result<Feed> open_feed(const std::string& name, const FeedOptions& options = {});
  /// Reads a feed, own or not, known here or not: peers are looked for as long as the subscription lives. Never waits
  /// for them. Code::invalid_argument for a cursor token that is none, Code::corrupt for a stored cursor that is
  /// damaged.
  [[nodiscard]] Result<Subscription> subscribe(const FeedId& feed, const SubscribeOptions& options = {});
  /// Keeps and serves a verified copy of somebody else's feed. Never waits for peers. Code::invalid_argument for an own
  /// feed.
  [[nodiscard]] Result<Mirror> mirror(const FeedId& feed, const MirrorOptions& options = {});
  /// From disk or straight from the swarm, proven. A range gives at least its first record, and ends early where
  /// something cannot be had or at 64 MiB of payload: ask again from there. Code::not_found when the first offset is
  /// proven absent, Code::pruned when its payload is gone at everybody who was asked, Code::timed_out when nobody
  /// brought it, Code::unavailable when offline and not held, Code::corrupt when our disk is damaged, Code::cancelled.
  [[nodiscard]] Result<Records> get(const GetRequest& request, const Wait& wait);
  /// What is known here, without asking anybody. A feed that nothing is known of has tree_size 0.
  [[nodiscard]] Result<FeedInfo> info(const FeedId& feed);
  /// Who is connected for this feed now; empty for nobody.
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
