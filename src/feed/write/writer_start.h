#pragma once

#include "base/log_sink.h"
#include "crypto/hash.h"
#include "feed/format/asserted_head.h"
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
  /// Overrides every refusal, when the store's head is this one; else there is one more.
  std::optional<AssertedHead> asserted = {};
  /// What is kept beside the key of its signatures, away from journal and store.
  struct Marked {
    std::uint64_t size = 0;  ///< blocks that were signed at least
    std::string place;       ///< the directory that signed, or was about to
    bool elsewhere = false;  ///< the key came from elsewhere: there may be more
    bool unused = false;     ///< it was made here and has never signed
  };
  std::optional<Marked> marked = {};  ///< nullopt: nothing is kept, so nothing is known of a key without history
  /// The store's head was just taken from others who hold the feed. It is signed on from, when it has everything that
  /// journal, mark and remembered heads know of.
  bool recovered = false;
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
