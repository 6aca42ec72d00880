#include "node/api/names.h"

#include <shoal/types.h>

#include <cstddef>

namespace shoal::node {
namespace {

constexpr std::size_t kMaxName = 64;

}  // namespace

bool is_legal_name(std::string_view name) {
  constexpr std::string_view kLegal = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";
  if (name.empty() || name.size() > kMaxName || name.front() == '.' || name.front() == '-') return false;
  return name.find_first_not_of(kLegal) == std::string_view::npos && !FeedId::parse(name).ok();
}

}  // namespace shoal::node
