#pragma once

#include <shoal/result.h>
#include <shoal/wait.h>

#include <cstdint>

namespace shoal::node {

/// See shoal::Mirror. The persistent want stays when the object goes.
class MirrorApi {
 public:
  virtual ~MirrorApi() = default;
  [[nodiscard]] virtual Result<std::uint64_t> wait_synced(const Wait& wait) = 0;
};

}  // namespace shoal::node
