#pragma once

#include "doors/socket/routes.h"

#include <string>
#include <string_view>
#include <vector>

namespace shoal::doors {

/// What answers a request, and what stands for the braces of its route.
struct Route {
  Handler handler;
  std::vector<std::string> arguments;
};

/// Code::not_found for a path that is none of docs/API.md, Code::unsupported for another API's number or a method that
/// the path does not take, Code::invalid_argument for a broken escape.
[[nodiscard]] Result<Route> find_route(std::string_view method, std::string_view path);

}  // namespace shoal::doors
