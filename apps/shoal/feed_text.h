#pragma once

#include <shoal/info.h>

#include <optional>
#include <string>
#include <vector>

/// Feeds, topics and peers for people (aligned text) and for programs (one line of JSON, LF included).
namespace shoal::command {

[[nodiscard]] std::string info_json(const FeedInfo& info);
[[nodiscard]] std::string topics_json(const FeedInfo& info);
[[nodiscard]] std::string feeds_json(const std::vector<FeedSummary>& feeds);
[[nodiscard]] std::string peers_json(const std::vector<PeerInfo>& peers);

/// `now` gives the head's age.
[[nodiscard]] std::string info_text(const FeedInfo& info, UnixMs now);
[[nodiscard]] std::string topics_text(const FeedInfo& info);
[[nodiscard]] std::string mirrors_text(const FeedInfo& info, UnixMs now);
[[nodiscard]] std::string feeds_text(const std::vector<FeedSummary>& feeds);
/// `; a head of N blocks, signed ..., is known, nobody who has it answers`; empty without one.
[[nodiscard]] std::string hint_text(const std::optional<HeadHintInfo>& hint);
[[nodiscard]] std::string peers_text(const std::vector<PeerInfo>& peers, UnixMs now);

}  // namespace shoal::command
