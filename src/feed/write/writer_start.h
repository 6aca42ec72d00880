#pragma once

#include "base/log_sink.h"
#include "feed/write/feed_writer.h"

namespace shoal::feed {

/// The start-up table (RELIABILITY.md, "Ratchet"): compares what the journal says was signed last with what the store
/// holds, replays what a crash left in the journal, and refuses with Code::unsafe_to_sign where signing could make a
/// second history.
[[nodiscard]] Result<void> settle_journal_and_store(FeedLog& log, store::Journal& journal, base::LogSink& sink,
                                                    const WriterOptions& options);

}  // namespace shoal::feed
