#pragma once

#include "attach/client/line_stream.h"
#include "attach/client/node_client.h"
#include "node/api/mirror_api.h"

#include <shoal/retention.h>

#include <cstdint>
#include <memory>
#include <mutex>
#include <string>
#include <utility>

namespace shoal::attach {

/// Waits for a mirror of the node of another process.
class RemoteMirror final : public node::MirrorApi {
 public:
  [[nodiscard]] static Result<std::shared_ptr<RemoteMirror>> open(std::shared_ptr<NodeClient> client,
                                                                  const std::string& path,
                                                                  const MirrorOptions& options);
  [[nodiscard]] Result<std::uint64_t> wait_synced(const Wait& wait) override;

 private:
  RemoteMirror(std::shared_ptr<NodeClient> client, LineStream stream)
      : client_(std::move(client)), stream_(std::move(stream)) {}

  std::shared_ptr<NodeClient> client_;
  std::mutex mutex_;  ///< of stream_
  LineStream stream_;
};

}  // namespace shoal::attach
