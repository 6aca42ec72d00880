#include "doors/socket/route_table.h"

#include "base/try.h"
#include "doors/text/node_facts_json.h"

namespace shoal::doors {
namespace {

struct Row {
  std::string_view method;
  std::string_view path;  ///< `{}` matches one segment
  Handler handler;
};

/// docs/API.md, "Routes".
constexpr Row kRoutes[] = {
    {"GET", "/v1/node", get_node},
    {"GET", "/v1/resolve", get_resolved},
    {"GET", "/v1/feeds", get_feeds},
    {"GET", "/v1/feeds/{}", get_feed},
    {"DELETE", "/v1/feeds/{}", delete_feed},
    {"GET", "/v1/feeds/{}/manifest", get_manifest},
    {"GET", "/v1/peers", get_peers},
    {"GET", "/v1/feeds/{}/peers", get_feed_peers},
    {"GET", "/v1/doctor", get_doctor},
    {"GET", "/v1/feeds/{}/doctor", get_feed_doctor},
    {"GET", "/v1/feeds/{}/records", get_subscription},
    {"GET", "/v1/feeds/{}/topics/{}/{}/records", get_records},
    {"GET", "/v1/feeds/{}/topics/{}/{}/batches", get_batches},
    {"GET", "/v1/feeds/{}/topics/{}/{}/offset", get_offset_of_time},
    {"GET", "/v1/feeds/{}/ends", get_ends},
    {"GET", "/v1/feeds/{}/watch", get_watch},
    {"GET", "/v1/feeds/{}/cursors", get_cursors},
    {"GET", "/v1/feeds/{}/cursors/{}", get_cursor},
    {"PUT", "/v1/feeds/{}/cursors/{}", put_cursor},
    {"DELETE", "/v1/feeds/{}/cursors/{}", delete_cursor},
    {"GET", "/v1/feeds/{}/groups", get_groups},
    {"GET", "/v1/feeds/{}/groups/{}", get_group},
    {"PUT", "/v1/feeds/{}/groups/{}", put_group},
    {"DELETE", "/v1/feeds/{}/groups/{}", delete_group},
    {"GET", "/v1/feeds/{}/proof", get_proof},
    {"PUT", "/v1/feeds/{}/mirror", put_mirror},
    {"GET", "/v1/feeds/{}/mirror", get_mirror},
    {"POST", "/v1/feeds/{}/verify", post_verify},
    {"GET", "/v1/feeds/{}/bundle", get_bundle},
    {"POST", "/v1/bundles", post_bundle},
    {"POST", "/v1/own/{}", post_own_feed},
    {"PUT", "/v1/own/{}/manifest", put_manifest},
    {"POST", "/v1/own/{}/recovery", post_recovery},
    {"POST", "/v1/own/{}/records", post_producer},
    {"GET", "/v1/events", get_events},
};

/// Removes the leading slash and the first segment from the path; returns the segment.
std::string_view take_segment(std::string_view& path) {
  path.remove_prefix(1);
  const std::string_view segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

/// The values of the `{}`, still encoded; nullopt when the path does not match.
std::optional<std::vector<std::string_view>> match(std::string_view pattern, std::string_view path) {
  std::vector<std::string_view> arguments;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const std::string_view wanted = take_segment(pattern);
    const std::string_view segment = take_segment(path);
    if (wanted == "{}" && !segment.empty()) {
      arguments.push_back(segment);
    } else if (wanted != segment) {
      return std::nullopt;
    }
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return arguments;
}

Error unknown_path(std::string_view path) {
  std::string_view rest = path;
  const std::string_view version = path.starts_with('/') ? take_segment(rest) : std::string_view();
  const bool other_version = version.size() > 1 && version.front() == 'v' && version != "v1" &&
                             version.substr(1).find_first_not_of("0123456789") == std::string_view::npos;
  static_assert(kApiVersion == 1, "the paths above begin with /v1");
  if (other_version) {
    return {Code::unsupported,
            "this node (version " SHOAL_VERSION ") speaks API 1 (/v1/...), the request is of API " +
                std::string(version.substr(1)),
            "use a program of the node's version"};
  }
  return {Code::not_found, "there is nothing at " + std::string(path), "docs/API.md lists the routes"};
}

}  // namespace

Result<Route> find_route(std::string_view method, std::string_view path) {
  std::string allowed;
  for (const Row& row : kRoutes) {
    const auto arguments = match(row.path, path);
    if (!arguments) continue;
    if (row.method != method) {
      allowed.append(allowed.empty() ? "" : " or ").append(row.method);
      continue;
    }
    Route route{row.handler, {}};
    for (const std::string_view argument : *arguments) {
      SHOAL_TRY(auto decoded, percent_decode(argument));
      route.arguments.push_back(std::move(decoded));
    }
    return route;
  }
  if (allowed.empty()) return unknown_path(path);
  return Error{Code::unsupported, std::string(path) + " takes " + allowed + ", not " + std::string(method), ""};
}

}  // namespace shoal::doors
