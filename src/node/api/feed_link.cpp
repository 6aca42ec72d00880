#include "node/api/feed_link.h"

#include "base/bytes.h"
#include "base/try.h"
#include "node/api/dial_target.h"

namespace shoal::node {
namespace {

constexpr std::string_view kScheme = "magnet:?";
constexpr std::string_view kTopic = "urn:btpk:";
constexpr std::size_t kMaxLink = 16384;
/// Each is dialled.
constexpr std::size_t kMaxHints = 64;

Error malformed(const std::string& why) {
  return {Code::invalid_argument, "malformed feed link: " + why,
          "a feed link looks like magnet:?xs=urn:btpk:<64 hex digits>&x.pe=<host:port>"};
}

Result<std::string> unescape(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '+') {
      out += ' ';
    } else if (text[i] == '%') {
      const auto byte = base::from_hex(text.substr(i + 1, 2));
      if (!byte || byte->size() != 1) return malformed("a bad % escape");
      out += static_cast<char>(byte->front());
      i += 2;
    } else {
      out += text[i];
    }
  }
  return out;
}

std::string escape(std::string_view text) {
  constexpr std::string_view kPlain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.~:[]";
  std::string out;
  for (const char c : text) {
    if (kPlain.find(c) != std::string_view::npos) {
      out += c;
    } else {
      const auto byte = static_cast<std::uint8_t>(c);
      out += "%" + base::to_hex({&byte, 1});
    }
  }
  return out;
}

}  // namespace

bool is_feed_link(std::string_view text) { return text.substr(0, 7) == "magnet:"; }

Result<FeedLink> parse_feed_link(std::string_view text) {
  if (text.substr(0, kScheme.size()) != kScheme) return malformed("it does not begin with magnet:?");
  if (text.size() > kMaxLink) return malformed("it has more than 16384 characters");
  FeedLink link;
  bool has_feed = false;
  std::string_view rest = text.substr(kScheme.size());
  while (!rest.empty()) {
    const std::string_view parameter = rest.substr(0, rest.find('&'));
    rest.remove_prefix(std::min(rest.size(), parameter.size() + 1));
    const std::size_t equals = parameter.find('=');
    if (equals == std::string_view::npos) continue;
    const std::string_view name = parameter.substr(0, equals);
    SHOAL_TRY(const std::string value, unescape(parameter.substr(equals + 1)));
    if (name == "xs") {
      if (value.compare(0, kTopic.size(), kTopic) != 0) return malformed("xs is not urn:btpk:");
      const std::string digits = value.substr(kTopic.size());
      auto feed = FeedId::parse(digits);
      if (!feed && digits.size() != 64) {
        return malformed("the feed id has " + std::to_string(digits.size()) + " characters instead of 64");
      }
      if (!feed) return malformed("the feed id is not 64 hex digits");
      if (has_feed && *feed != link.feed) return malformed("it names two feeds");
      link.feed = *feed;
      has_feed = true;
    } else if (name == "dn") {
      link.name = value;
    } else if (name == "x.pe") {
      if (!parse_dial_target(value)) return malformed("x.pe=" + escape(value) + " is no host:port to dial");
      if (link.peers.size() < kMaxHints) link.peers.push_back(value);
    }
  }
  if (!has_feed) return malformed("it names no feed");
  return link;
}

std::string format_feed_link(const FeedLink& link) {
  std::string out = std::string(kScheme) + "xs=" + std::string(kTopic) + link.feed.hex();
  if (!link.name.empty()) out += "&dn=" + escape(link.name);
  for (const std::string& peer : link.peers) out += "&x.pe=" + escape(peer);
  return out;
}

}  // namespace shoal::node
