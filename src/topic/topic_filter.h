#pragma once

#include <shoal/types.h>

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace shoal::topic {

/// `*` stands for any run of characters, `?` for one; everything else for itself. Linear in both lengths but for
/// patterns with several stars, where it is their product at most.
bool glob_match(std::string_view pattern, std::string_view name);

/// Which topic partitions a reader wants.
struct TopicFilter {
  std::vector<std::string> topics;  ///< names or globs; empty: all
  std::optional<Partition> partition;

  [[nodiscard]] bool selects(const TopicPartition& stream) const;
  /// True when every pattern is a plain name, so that the topics are known before any is seen.
  [[nodiscard]] bool names_only() const;
};

}  // namespace shoal::topic
