#pragma once

#include "doors/socket/routes.h"

#include <string>
#include <string_view>
#include <vector>

namespace shoal::doors {

/// The handler of a request, and the values of the `{}` of its route.
struct Route {
  Handler handler;
  std::vector<std::string> arguments;
};

/// Code::not_found for a path that docs/API.md does not have, Code::unsupported for another API version or another
/// method, Code::invalid_argument for a malformed escape.
[[nodiscard]] Result<Route> find_route(std::string_view method, std::string_view path);

}  // namespace shoal::doors
