#pragma once

#include "feed/format/asserted_head.h"
#include "node/api/manifest.h"
#include "node/api/producer_api.h"

#include <shoal/node.h>

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>

namespace shoal::node {

/// What open_feed() found or made.
struct OpenedFeed {
  FeedId feed;
  bool created = false;
};

/// How the newest head of an own feed is found again.
struct RecoverOptions {
  std::chrono::milliseconds find_timeout{20'000};  ///< how long others are looked for, and waited for when they stall
  /// The owner's word that this is the last head that was ever signed; nobody is asked then.
  std::optional<feed::AssertedHead> asserted = {};
  bool rehash = false;  ///< everything that is held is hashed again first: what is damaged is fetched, too
};

/// The longest that a recovery goes on while blocks come.
inline constexpr std::chrono::hours kRecoveryTime{24};

struct RecoveredFeed {
  std::uint64_t tree_size = 0;  ///< of the head that is signed on from
  std::uint64_t fetched = 0;    ///< blocks that were not here
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
  /// Asks others for what the feed's key signed last, fetches what is missing here, and makes the feed ready to be
  /// signed on; or takes the owner's word for the newest head. Open subscriptions of the feed answer Code::closed.
  /// Code::unsafe_to_sign when that is not known afterwards, Code::fork, Code::in_use while it is published to.
  [[nodiscard]] virtual Result<RecoveredFeed> recover(const std::string& name, const RecoverOptions& options,
                                                      const Wait& wait) = 0;
  /// One of several producers of the feed that send at the same time. Each is notified of its own records, waits for
  /// its own records, and ends alone. They share one buffer, made by the options of the first; `options.acks` is each
  /// one's own. Waits for the end of a producer of open_producer(), Code::in_use when it is still there then;
  /// open_producer() in turn waits for the shared ones.
  [[nodiscard]] virtual Result<std::shared_ptr<ProducerApi>> share_producer(const std::string& name,
                                                                            const ProducerOptions& options,
                                                                            const Wait& wait = {}) = 0;
};

}  // namespace shoal::node
