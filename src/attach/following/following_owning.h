#pragma once

#include "attach/following/current_access.h"
#include "node/api/owning_api.h"

#include <memory>
#include <string>
#include <utility>

namespace shoal::attach {

/// The own feeds behind the current access. Producers end with Code::closed when it is replaced.
class FollowingOwning final : public node::OwningApi {
 public:
  explicit FollowingOwning(std::shared_ptr<CurrentAccess> access) : access_(std::move(access)) {}

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
  const std::shared_ptr<CurrentAccess> access_;
};

}  // namespace shoal::attach
