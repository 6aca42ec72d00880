#pragma once

#include <shoal/types.h>

#include <string>
#include <string_view>
#include <vector>

namespace shoal::node {

/// `magnet:?xs=urn:btpk:<hex>&dn=<name>&x.pe=<host:port>` (BEP 46, BEP 9): a feed id, a name for people, and
/// addresses to dial.
struct FeedLink {
  FeedId feed;
  std::string name;
  std::vector<std::string> peers;
};

bool is_feed_link(std::string_view text);
/// Ignores unknown parameters, and addresses beyond the 64th. Code::invalid_argument when the id is missing or
/// malformed, when an address is no HOST:PORT, or when the link is longer than 16 KiB.
[[nodiscard]] Result<FeedLink> parse_feed_link(std::string_view text);
std::string format_feed_link(const FeedLink& link);

}  // namespace shoal::node
