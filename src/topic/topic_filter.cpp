#include "topic/topic_filter.h"

#include <algorithm>

namespace shoal::topic {

bool glob_match(std::string_view pattern, std::string_view name) {
  std::size_t p = 0;
  std::size_t n = 0;
  std::size_t star = std::string_view::npos;
  std::size_t resume = 0;
  while (n < name.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      resume = n;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == name[n])) {
      ++p;
      ++n;
    } else if (star != std::string_view::npos) {
      // Let the last star take one character more; earlier stars never need to change.
      p = star + 1;
      n = ++resume;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

bool TopicFilter::selects(const TopicPartition& stream) const {
  if (partition && *partition != stream.partition) return false;
  if (topics.empty()) return true;
  return std::any_of(topics.begin(), topics.end(),
                     [&](const std::string& pattern) { return glob_match(pattern, stream.topic); });
}

bool TopicFilter::names_only() const {
  return !topics.empty() && std::all_of(topics.begin(), topics.end(), [](const std::string& pattern) {
    return pattern.find_first_of("*?") == std::string::npos;
  });
}

}  // namespace shoal::topic
