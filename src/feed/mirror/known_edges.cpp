#include "feed/mirror/known_edges.h"

#include "base/try.h"
#include "merkle/subtree_cover.h"

#include <algorithm>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace shoal::feed {
namespace {

/// Kept beside the prefix's and the head's.
constexpr std::size_t kMost = 64;

}  // namespace

bool KnownEdges::knows(std::uint64_t size) const {
  if (size <= log_->header_prefix()) return true;
  const auto head = of_head();
  if (head && head->size() == size) return true;
  return std::any_of(passed_.begin(), passed_.end(), [&](const auto& edge) { return edge.size() == size; });
}

Result<merkle::RightEdge> KnownEdges::at(std::uint64_t size) const {
  if (size == 0) return merkle::RightEdge{};
  if (size > log_->header_prefix()) {
    if (auto edge = of_head(); edge && edge->size() == size) return std::move(*edge);
    for (const merkle::RightEdge& edge : passed_) {
      if (edge.size() == size) return edge;
    }
    return Error{Code::not_found, "the right edge at size " + std::to_string(size) + " is not known here"};
  }
  SHOAL_TRY(std::vector<Digest> hashes, log_->read(merkle::cover(0, size)));
  return merkle::RightEdge::from_hashes(size, std::move(hashes));
}

void KnownEdges::remember(merkle::RightEdge edge) {
  const std::uint64_t size = edge.size();
  if (std::any_of(passed_.begin(), passed_.end(), [&](const auto& known) { return known.size() == size; })) return;
  if (passed_.size() == kMost) passed_.pop_front();
  passed_.push_back(std::move(edge));
}

}  // namespace shoal::feed
