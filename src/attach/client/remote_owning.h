#pragma once

#include "attach/client/node_client.h"
#include "node/api/owning_api.h"

#include <functional>
#include <memory>
#include <string>
#include <utility>

namespace shoal::attach {

/// The own feeds of the node of another process. That node decides how long a producer waits for the one before it
/// (docs/API.md, "Producers").
class RemoteOwning final : public node::OwningApi {
 public:
  /// `passphrase` is asked when the node needs it for a sealed key. May be empty.
  RemoteOwning(std::shared_ptr<NodeClient> client, std::function<Result<std::string>()> passphrase)
      : client_(std::move(client)), passphrase_(std::move(passphrase)) {}

  [[nodiscard]] Result<node::OpenedFeed> open_feed(const std::string& name, const FeedOptions& options) override;
  [[nodiscard]] Result<void> publish_manifest(const std::string& name, const node::Manifest& manifest) override;
  [[nodiscard]] Result<std::shared_ptr<node::ProducerApi>> open_producer(const std::string& name,
                                                                         const ProducerOptions& options,
                                                                         const Wait& wait) override;
  [[nodiscard]] Result<std::shared_ptr<node::ProducerApi>> share_producer(const std::string& name,
                                                                          const ProducerOptions& options,
                                                                          const Wait& wait) override;

  [[nodiscard]] Result<node::RecoveredFeed> recover(const std::string& name, const node::RecoverOptions& options,
                                                    const Wait& wait) override;

 private:
  const std::shared_ptr<NodeClient> client_;
  const std::function<Result<std::string>()> passphrase_;
};

}  // namespace shoal::attach
