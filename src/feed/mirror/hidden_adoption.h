#pragma once

#include "base/log_sink.h"
#include "feed/log/feed_log.h"
#include "merkle/right_edge.h"

#include <shoal/result.h>

#include <cstdint>
#include <vector>

namespace shoal::feed {

/// Shows blocks of a mirrored feed again that are hidden because the head that covered them was lost (HiddenBlocks),
/// once a head proves them: they are stored and need not be fetched. On the executor of its FeedMirror; `log` and
/// `sink` outlive it.
class HiddenAdoption {
 public:
  HiddenAdoption(FeedLog& log, base::LogSink& sink);

  /// Shows hidden blocks that `proven` subtrees cover, or that make up the accepted tree together with the prefix. True
  /// when some were shown: headers behind them may continue the prefix now.
  [[nodiscard]] Result<bool> adopt(const std::vector<merkle::RightEdge::Completed>& proven);

 private:
  [[nodiscard]] Result<std::vector<Bytes>> headers(std::uint64_t begin, std::uint64_t end) const;
  [[nodiscard]] Result<bool> adopt_range(std::uint64_t begin, std::uint64_t end, merkle::RightEdge edge,
                                         const merkle::Digest& root);
  [[nodiscard]] Result<void> show(std::uint64_t begin, std::uint64_t end);

  FeedLog& log_;
  base::LogSink& sink_;
  HiddenBlocks hidden_;
};

}  // namespace shoal::feed
