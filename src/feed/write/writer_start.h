#pragma once

#include "base/log_sink.h"
#include "crypto/hash.h"
#include "feed/log/feed_log.h"
#include "store/journal.h"

#include <shoal/result.h>

#include <cstdint>
#include <optional>
#include <string>

namespace shoal::feed {

/// What a node may tell the writer at its start.
struct WriterOptions {
  /// Where the data directory is (directory_marker()); empty when it has no place (volatile feeds). Another value than
  /// the one the last writer left is the sign of a copied or restored directory.
  std::string place;
  /// The owner's word (`--assert-head SIZE:ROOT`) that this is the last head ever signed: overrides every refusal, when
  /// the store's head is this one.
  struct AssertedHead {
    std::uint64_t tree_size = 0;
    Digest root;
  };
  std::optional<AssertedHead> asserted = {};
};

/// The start-up table (RELIABILITY.md, "Ratchet"): compares what the journal says was signed last with what the store
/// holds, replays what a crash left in the journal, and refuses with Code::unsafe_to_sign where signing could make a
/// second history.
[[nodiscard]] Result<void> recover_journal_and_store(FeedLog& log, store::Journal& journal, base::LogSink& sink,
                                                     const WriterOptions& options);

/// How many blocks of the feed were signed at least, by the journal's newest head; 0 when it has none that can be read.
/// For feeds that cannot be signed: it changes nothing. The journal's thread.
[[nodiscard]] std::uint64_t signed_size(const FeedId& feed, const store::Journal& journal);

}  // namespace shoal::feed
