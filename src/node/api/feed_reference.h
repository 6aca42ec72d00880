#pragma once

#include <shoal/types.h>

#include <string>
#include <vector>

namespace shoal::node {

/// The feed that a name, an id or a link refers to.
struct FeedReference {
  FeedId feed;
  std::string name;                     ///< own name when there is one
  bool own = false;                     ///< its key is here
  std::vector<std::string> peer_hints;  ///< x.pe of a link
};

}  // namespace shoal::node
