#pragma once

#include "base/clock.h"
#include "feed/mirror/feed_mirror.h"

#include <optional>

namespace shoal::replication {

/// Tells whether blocks are to be requested, as far as our own store is concerned. A write that failed here says
/// nothing about a peer, and the same blocks sent again would fail again: without this a full disk becomes an endless
/// download.
///
/// Closed while the store refuses writes, and opens by itself. Any other failure of a write closes it for a second,
/// doubling up to a minute while failures follow one another. Confined to the feed's executor.
class StoreGate {
 public:
  /// `mirror` is null for own feeds: always open.
  explicit StoreGate(const feed::FeedMirror* mirror) : mirror_(mirror) {}

  /// True for an error that is our own store's.
  [[nodiscard]] static bool is_ours(Code code);

  /// Why nothing is to be requested now; nullopt: request.
  [[nodiscard]] std::optional<Error> closed(base::MonoTime now) const;
  /// A write failed. True when nobody was told of it yet: the first of failures that follow one another, of a store
  /// that says that it takes writes.
  bool failed(const Error& error, base::MonoTime now);

 private:
  const feed::FeedMirror* mirror_;
  std::optional<Error> failure_;
  base::MonoTime until_{0};
  base::MonoTime pause_{0};
};

}  // namespace shoal::replication
