#include "doors/socket/route_table.h"

#include <gtest/gtest.h>

#include <fstream>
#include <regex>

namespace shoal::doors {
namespace {

/// `METHOD PATH` of each row of the table in docs/API.md, with a value for each pair of braces.
std::vector<std::pair<std::string, std::string>> documented_routes() {
  std::ifstream file(SHOAL_TEST_DATA "/../docs/API.md");
  const std::regex route("`(GET|PUT|POST|DELETE)(?:`, `PUT)? (/v1/[^ ?`]*)[^`]*`");
  std::vector<std::pair<std::string, std::string>> found;
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string cell = line.substr(0, line.find(" | "));
    for (std::sregex_iterator at(cell.begin(), cell.end(), route), end; at != end; ++at) {
      found.emplace_back((*at)[1], std::regex_replace((*at)[2].str(), std::regex("\\{[a-z]+\\}"), "x%20y"));
    }
  }
  return found;
}

TEST(RouteTable, KnowsEveryDocumentedRoute) {
  const auto routes = documented_routes();
  EXPECT_GE(routes.size(), 21U);
  for (const auto& [method, path] : routes) {
    const auto route = find_route(method, path);
    ASSERT_TRUE(route.ok()) << method << " " << path << ": " << route.error().message;
    for (const std::string& argument : route->arguments) EXPECT_EQ(argument, "x y");
  }
}

TEST(RouteTable, TakesSegmentsAsTheyAre) {
  const auto route = find_route("GET", "/v1/feeds/a%2Fb/topics/t/3/records");
  ASSERT_TRUE(route.ok());
  EXPECT_EQ(route->arguments, (std::vector<std::string>{"a/b", "t", "3"}));
  for (const char* path : {"", "v1/node", "//v1/node", "/v1//node", "/v1/feeds//records", "/v1/node/"}) {
    const auto wrong = find_route("GET", path);
    ASSERT_FALSE(wrong.ok()) << path;
    EXPECT_EQ(wrong.error().code, Code::not_found) << path;
  }
}

TEST(RouteTable, NamesTheMethodsOfAPath) {
  const auto route = find_route("POST", "/v1/feeds/x/mirror");
  ASSERT_FALSE(route.ok());
  EXPECT_EQ(route.error().code, Code::unsupported);
  EXPECT_NE(route.error().message.find("PUT or GET"), std::string::npos) << route.error().message;
}

}  // namespace
}  // namespace shoal::doors
