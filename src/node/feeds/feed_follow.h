#pragma once

#include "base/executor.h"
#include "feed/format/checkpoint.h"
#include "feed/read/feed_reader.h"
#include "node/feeds/feed_news.h"
#include "node/feeds/feed_wants.h"
#include "replication/peers/follow.h"

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>

namespace shoal::node {

/// Makes what the handles of one feed want into what its replicator follows, and keeps that up to date: patterns are
/// matched against the topics that are known, and again when the feed gets new ones. Confined to the feed's strand.
class FeedFollow : public std::enable_shared_from_this<FeedFollow> {
 public:
  using Learned = std::function<void(const Result<void>&)>;
  struct Context {
    FeedWants* wants = nullptr;
    const feed::FeedReader* reader = nullptr;
    base::Executor* strand = nullptr;
    FeedNews* news = nullptr;

    // The replicator, as Replicator declares its functions.
    std::function<void(replication::Follow)> follow;
    std::function<void(replication::FetchOrder)> set_order;
    std::function<void()> stop_following;
    /// Asks for the signed entries of all topics.
    std::function<void(base::MonoTime timeout, Learned done)> fetch_topics;

    /// There is room for what would be fetched.
    std::function<bool()> has_room;
    /// The oldest payloads are dropped first, for a budget.
    std::function<bool()> drops_oldest;
    /// See replication::Follow::oldest.
    std::function<UnixMs()> oldest;
    /// Something else is followed from here on: what was synced says nothing of it.
    std::function<void()> on_changed;
    /// All that the wants select under this head is held.
    std::function<void(const feed::Checkpoint&)> on_synced;
  };
  explicit FeedFollow(Context context) : context_(std::move(context)) {}

  /// Follows what is wanted now, or nothing while there is no room.
  void apply();
  /// The accepted head moved: the feed may have new topics.
  void on_head() { learn_topics(); }
  /// The replicator says so of what is followed. Passed on unless it is said of a former follow, or before patterns
  /// were matched against the head's topics; then it is passed on after that.
  void on_synced(const feed::Checkpoint& head);

 private:
  [[nodiscard]] replication::Follow follow_of(const FeedWants::Sum& wanted) const;
  void follow(replication::Follow follow);
  void learn_topics();
  void on_learned(const Result<void>& learned, std::uint32_t asked_count);

  const Context context_;
  std::optional<replication::Follow> following_;
  int changes_under_way_ = 0;  ///< events of a former follow may still come
  std::uint32_t learned_topic_count_ = 0;
  bool learning_ = false;
  std::optional<feed::Checkpoint> unmatched_sync_;  ///< held back until patterns are matched against its topics
};

}  // namespace shoal::node
