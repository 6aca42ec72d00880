#pragma once

#include "node/api/owning_api.h"
#include "node/directory/key_store.h"
#include "node/directory/trusted_mirrors.h"
#include "node/feeds/commit_thread.h"
#include "node/table/feed_table.h"
#include "node/table/retention.h"

#include <memory>
#include <string>
#include <utility>

namespace shoal::node {

/// The own feeds of the node in this process.
class LocalOwning final : public OwningApi {
 public:
  /// What own feeds need of the node. All of it outlives this object.
  struct Context {
    FeedTable* table = nullptr;
    KeyStore* keys = nullptr;
    const TrustedMirrors* mirrors = nullptr;
    CommitThread* commit_thread = nullptr;
    RetentionThread* retention = nullptr;
    bool offline = false;           ///< no mirror can acknowledge anything
    std::weak_ptr<void> node = {};  ///< what a producer keeps alive
  };
  explicit LocalOwning(Context context) : context_(std::move(context)) {}

  [[nodiscard]] Result<OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const Manifest& manifest) override;
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> open_producer(const std::string& name,
                                                                   const ProducerOptions& options,
                                                                   const Wait& wait) override;
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> share_producer(const std::string& name,
                                                                    const ProducerOptions& options,
                                                                    const Wait& wait) override;
  [[nodiscard]] Result<RecoveredFeed> recover(const std::string& name, const RecoverOptions& options,
                                              const Wait& wait) override {
    return context_.table->recover(name, options, wait);
  }

 private:
  [[nodiscard]] Result<std::shared_ptr<ProducerApi>> begin_producing(const std::string& name,
                                                                     const ProducerOptions& options,
                                                                     OwnFeed::Sharing sharing, const Wait& wait);
  [[nodiscard]] Result<std::shared_ptr<FeedHost>> own_host(const std::string& name) const;
  /// The mirrors that must acknowledge. Code::not_found for a name that no mirror has.
  [[nodiscard]] Result<MirrorQuorum> quorum_of(const Acks& acks) const;
  /// Sets the retention of the feed that was opened, when `options` have one.
  [[nodiscard]] Result<OpenedFeed> set_retention(const OpenedFeed& feed, const std::string& name,
                                                 const FeedOptions& options);

  const Context context_;
};

}  // namespace shoal::node
