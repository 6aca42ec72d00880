#pragma once

#include "node/api/batch_api.h"
#include "node/feeds/feed_host.h"
#include "node/runtime/ready_signal.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace shoal::node {

/// Watches a feed of this process.
class FeedWatch final : public WatchApi {
 public:
  /// Code::io when no descriptor is left.
  [[nodiscard]] static Result<std::shared_ptr<FeedWatch>> open(const std::shared_ptr<FeedHost>& host);

  [[nodiscard]] int descriptor() const override { return signal_->descriptor(); }
  [[nodiscard]] Result<std::uint64_t> version() override;

 private:
  FeedWatch(const std::shared_ptr<FeedHost>& host, std::shared_ptr<ReadySignal> signal)
      : host_(host), signal_(std::move(signal)) {}

  std::weak_ptr<FeedHost> host_;
  std::shared_ptr<ReadySignal> signal_;
};

}  // namespace shoal::node
