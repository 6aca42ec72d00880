#pragma once

#include <shoal/node.h>

#include "crypto/keys.h"
#include "feed/bundle/bundle.h"
#include "feed/format/manifest.h"
#include "feed/read/feed_audit.h"
#include "node/api/doctor_report.h"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What commands and doors may ask of a node, in this process or over its socket. Thread-safe. Blocking calls take a
/// Wait.
namespace shoal::node {

/// See shoal::Producer.
class ProducerApi {
 public:
  virtual ~ProducerApi() = default;
  virtual void on_acked(std::function<void(const AckRun&)> callback) = 0;
  [[nodiscard]] virtual Result<Position> send(const ProducerRecord& record, const Wait& wait) = 0;
  [[nodiscard]] virtual Result<void> flush(const Wait& wait) = 0;
  /// The same, but mirrors are not waited for: until what was sent is durable in the directory.
  [[nodiscard]] virtual Result<void> flush_here(const Wait& wait) = 0;
};

/// See shoal::Subscription.
class SubscriptionApi {
 public:
  virtual ~SubscriptionApi() = default;
  [[nodiscard]] virtual Result<Poll> poll(const PollOptions& options) = 0;
  [[nodiscard]] virtual Result<int> descriptor() = 0;
  [[nodiscard]] virtual Result<void> set_topics(std::vector<std::string> topics) = 0;
  [[nodiscard]] virtual std::string cursor_after(const RecordView& record) const = 0;
  [[nodiscard]] virtual Result<void> commit(const std::string& token, const std::string& note) = 0;
  [[nodiscard]] virtual Result<std::optional<StoredCursor>> stored() const = 0;
  [[nodiscard]] virtual HeadReport head_report() const = 0;
  [[nodiscard]] virtual std::optional<std::chrono::milliseconds> head_age() const = 0;
};

/// See shoal::Mirror.
class MirrorApi {
 public:
  virtual ~MirrorApi() = default;
  [[nodiscard]] virtual Result<std::uint64_t> wait_synced(const Wait& wait) = 0;
};

/// What a feed name, id, or link stands for.
struct FeedReference {
  FeedId feed;
  std::string name;                     ///< own name when there is one
  bool own = false;                     ///< its key is here
  std::vector<std::string> peer_hints;  ///< x.pe of a link
};

/// What open_feed() found or made.
struct OpenedFeed {
  FeedId feed;
  bool created = false;
};

/// Which node this is.
struct NodeFacts {
  std::string version;   ///< of the program
  std::int64_t pid = 0;  ///< of the process that holds the directory
  std::filesystem::path data_dir;
  std::string listening;  ///< `host:port`; empty when offline
  std::string node_key;   ///< hex
};

/// What goes into a bundle.
struct ExportOptions {
  std::vector<std::string> topics = {};  ///< names or globs; empty: everything held
  std::optional<UnixMs> from = {};       ///< only blocks that may hold records with time >= from
  std::optional<UnixMs> before = {};     ///< only blocks that may hold records with time < before
  std::uint64_t after_size = 0;          ///< only blocks from this tree size on: the growth of an older bundle
  std::uint64_t part_bytes = 0;          ///< so many bundles, one after the other, each at most this large; 0: one
};

using ByteSink = feed::ByteSink;
using ByteSource = feed::ByteSource;

using Progress = std::function<bool(std::uint64_t done, std::uint64_t total)>;

class NodeApi {
 public:
  virtual ~NodeApi() = default;

  // Names
  /// An own name, 64 hex digits or a feed link. Code::not_found for an unknown name, Code::invalid_argument for a
  /// malformed id or link.
  [[nodiscard]] virtual Result<FeedReference> resolve(std::string_view feed) = 0;

  // Own feeds
  /// Opens the own feed, making key and feed when `options.create`; Code::unsafe_to_sign as FeedWriter says.
  [[nodiscard]] virtual Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) = 0;
  /// Appends a manifest block to the own feed. Topics that exist already keep their partition count
  /// (Code::invalid_argument when another one is asked).
  [[nodiscard]] virtual Result<void> publish_manifest(const std::string& name, const feed::Manifest& manifest) = 0;
  [[nodiscard]] virtual Result<std::optional<feed::Manifest>> manifest(const FeedId& feed) = 0;
  [[nodiscard]] virtual Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                           const ProducerOptions& options) = 0;

  // Reading
  [[nodiscard]] virtual Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                           const SubscribeOptions& options) = 0;
  /// The durable position `name` of this feed's readers, without a subscription.
  [[nodiscard]] virtual Result<std::optional<StoredCursor>> stored_cursor(const FeedReference& feed,
                                                                          const std::string& name) = 0;
  /// Code::invalid_argument for a token that is none, or without a name.
  [[nodiscard]] virtual Result<void> store_cursor(const FeedReference& feed, const std::string& name,
                                                  const StoredCursor& cursor) = 0;
  [[nodiscard]] virtual Result<std::shared_ptr<MirrorApi>> mirror(const FeedReference& feed,
                                                                  const MirrorOptions& options) = 0;
  [[nodiscard]] virtual Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                            const Wait& wait) = 0;

  /// Forgets the feed: want, rows, disk. An own feed's key stays. Code::in_use while it is produced to.
  [[nodiscard]] virtual Result<void> remove(const FeedReference& feed) = 0;
  /// JSON text that proves the record at `request.first` (feed/read/record_proof.h). `request.last` is not looked at.
  [[nodiscard]] virtual Result<std::string> prove(const GetRequest& request, const Wait& wait) = 0;

  // Knowing
  [[nodiscard]] virtual Result<NodeFacts> facts() = 0;
  [[nodiscard]] virtual Result<std::vector<FeedSummary>> feeds() = 0;
  /// What is known here; with a wait above zero the swarm is asked for the newest head first (not for own feeds).
  [[nodiscard]] virtual Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) = 0;
  [[nodiscard]] virtual Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                            const Wait& wait) = 0;
  /// Why nothing is found, or that all is well: this node, and one feed when it is given. Asks the network for as long
  /// as `wait` says at most.
  [[nodiscard]] virtual Result<DoctorReport> doctor(const std::optional<FeedReference>& feed, const Wait& wait) = 0;
  /// From now on called on a node thread when a peer was caught with bytes that do not prove: address, node key, what.
  /// Callbacks add up, and are kept as long as the node.
  virtual void on_peer_blamed(std::function<void(const PeerInfo&, std::string_view)> callback) = 0;
  [[nodiscard]] virtual std::string listening() const = 0;

  // Files and disk
  [[nodiscard]] virtual Result<feed::AuditReport> verify(const FeedReference& feed, const Progress& progress) = 0;
  [[nodiscard]] virtual Result<feed::BundleSummary> export_bundle(const FeedReference& feed,
                                                                  const ExportOptions& options, const ByteSink& sink,
                                                                  const Progress& progress) = 0;
  [[nodiscard]] virtual Result<feed::BundleSummary> import_bundle(const ByteSource& source,
                                                                  const Progress& progress) = 0;

  /// Opens and serves everything owned and mirrored here (`shoal node`).
  virtual void serve_all() = 0;
  virtual void close() = 0;
};

/// Opens the data directory in this process.
[[nodiscard]] Result<std::shared_ptr<NodeApi>> open_node(NodeOptions options);

}  // namespace shoal::node
