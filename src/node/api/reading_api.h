#pragma once

#include "node/api/batch_api.h"
#include "node/api/feed_reference.h"
#include "node/api/manifest.h"
#include "node/api/subscription_api.h"

#include <shoal/node.h>

#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::node {

/// The right to read: names, records, proofs, and what is known of feeds. A door that serves strangers is handed only
/// this. Thread-safe. Blocking calls take a Wait. Lives as long as its node; after close() its calls answer
/// Code::closed.
///
/// Reading opens a feed that is not known here, and connects to its peers: a door decides itself which feeds its
/// clients may name. A subscription with a cursor name may store that cursor.
class ReadingApi {
 public:
  virtual ~ReadingApi() = default;

  /// An own name, 64 hex digits or a feed link. Code::not_found for an unknown name, Code::invalid_argument for a
  /// malformed id or link.
  [[nodiscard]] virtual Result<FeedReference> resolve(std::string_view feed) = 0;
  /// Every feed that is owned here or has rows here.
  [[nodiscard]] virtual Result<std::vector<FeedSummary>> feeds() = 0;
  /// The newest manifest that is held; nullopt when there is none.
  [[nodiscard]] virtual Result<std::optional<Manifest>> manifest(const FeedId& feed) = 0;
  [[nodiscard]] virtual Result<std::shared_ptr<SubscriptionApi>> subscribe(const FeedReference& feed,
                                                                           const SubscribeOptions& options) = 0;
  /// See shoal::Node::get(). `peer_hints` are dialled too.
  [[nodiscard]] virtual Result<Records> get(const GetRequest& request, const std::vector<std::string>& peer_hints,
                                            const Wait& wait) = 0;
  /// Record batches as they are stored, from the one that holds `request.offset` on, without gaps. Does not wait and
  /// asks no peer: where nothing is held, and at the end, none come. Code::pruned below the log start, Code::not_found
  /// above the end and for a partition that is not known.
  [[nodiscard]] virtual Result<FetchedBatches> fetch(const FeedReference& feed, const FetchRequest& request) = 0;
  /// Where partitions begin and end; of all that are known when `streams` is empty. Code::not_found for one that is
  /// not.
  [[nodiscard]] virtual Result<std::vector<StreamEnds>> ends(const FeedReference& feed,
                                                             const std::vector<TopicPartition>& streams) = 0;
  /// The first record with a time at or after `time` that is not pruned; nullopt when there is none. Exact: the batch
  /// is opened. Code::unavailable when the block is not held, Code::not_found for a partition that is not known.
  [[nodiscard]] virtual Result<std::optional<TimedOffset>> offset_of_time(const FeedReference& feed,
                                                                          const TopicPartition& stream,
                                                                          UnixMs time) = 0;
  /// Many watches wait in one event loop.
  [[nodiscard]] virtual Result<std::shared_ptr<WatchApi>> watch(const FeedReference& feed) = 0;
  /// JSON text that proves the record at `request.first` (feed/read/record_proof.h). `request.last` is ignored.
  [[nodiscard]] virtual Result<std::string> prove(const GetRequest& request, const Wait& wait) = 0;
  /// What is known here. With a wait above zero it asks the swarm for the newest head first, unless the feed is own.
  [[nodiscard]] virtual Result<FeedInfo> info(const FeedReference& feed, const Wait& wait) = 0;
  /// The connected peers of one feed, or of all. Returns when there is one, or after the wait.
  [[nodiscard]] virtual Result<std::vector<PeerInfo>> peers(const std::optional<FeedReference>& feed,
                                                            const Wait& wait) = 0;
};

}  // namespace shoal::node
