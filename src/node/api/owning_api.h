#pragma once

#include "node/api/manifest.h"
#include "node/api/producer_api.h"

#include <shoal/node.h>

#include <memory>
#include <string>

namespace shoal::node {

/// What open_feed() found or made.
struct OpenedFeed {
  FeedId feed;
  bool created = false;
};

/// The right to own feeds: to make them and to sign what they say. Thread-safe. Lives as long as its node; after
/// close() its calls answer Code::closed.
class OwningApi {
 public:
  virtual ~OwningApi() = default;

  /// Opens the own feed, makes key and feed when `options.create`, and sets its retention when `options` have one.
  /// Code::unsafe_to_sign as FeedWriter says.
  [[nodiscard]] virtual Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) = 0;
  /// Appends a manifest block to the own feed. Topics that exist already keep their partition count
  /// (Code::invalid_argument for another one).
  [[nodiscard]] virtual Result<void> publish_manifest(const std::string& name, const Manifest& manifest) = 0;
  /// Waits for the end of the producer before it. Code::in_use when the feed still has one then.
  [[nodiscard]] virtual Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                           const ProducerOptions& options,
                                                                           const Wait& wait = {}) = 0;
  /// One of several producers of the feed that send at the same time. Each is notified of its own records, waits for
  /// its own records, and ends alone. They share one buffer, made by the options of the first; `options.acks` is each
  /// one's own. Waits for the end of a producer of open_producer(), Code::in_use when it is still there then;
  /// open_producer() in turn waits for the shared ones.
  [[nodiscard]] virtual Result<std::shared_ptr<ProducerApi>> share_producer(const std::string& name,
                                                                            const ProducerOptions& options,
                                                                            const Wait& wait = {}) = 0;
};

}  // namespace shoal::node
