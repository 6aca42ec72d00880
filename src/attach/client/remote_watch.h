#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "node/api/batch_api.h"
#include "node/api/feed_reference.h"

#include <cstdint>
#include <memory>
#include <utility>

namespace shoal::attach {

/// Watches a feed of the node of another process. The connection says that it changed; when it ends, the watch has
/// ended.
class RemoteWatch final : public node::WatchApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteWatch>> open(std::shared_ptr<NodeClient> client,
                                                                 const node::FeedReference& feed);

  [[nodiscard]] int descriptor() const override { return lines_.connection().descriptor(); }
  [[nodiscard]] Result<std::uint64_t> version() override;

 private:
  RemoteWatch(std::shared_ptr<NodeClient> client, NodeClient::Connection connection)
      : client_(std::move(client)), lines_(std::move(connection)) {}
  [[nodiscard]] Result<void> take_line(const doors::Until& until);

  std::shared_ptr<NodeClient> client_;
  LineStream lines_;
  std::uint64_t version_ = 0;
};

}  // namespace shoal::attach
