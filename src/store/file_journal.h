#pragma once

#include "store/journal.h"
#include "store/journal_file.h"

#include <memory>
#include <string>

namespace shoal::store {

/// A journal over any file that holds one (fresh_journal() is an empty one). Code::corrupt, Code::unsupported,
/// Code::io.
[[nodiscard]] Result<OpenedJournal> load_journal(std::unique_ptr<JournalFile> file);

/// A journal of which everything can be read and nothing is written: its file stays as it is, and commit() and forget()
/// fail with `why`. A missing file is an empty journal.
[[nodiscard]] Result<OpenedJournal> open_read_only_journal(const std::string& path, Error why);

}  // namespace shoal::store
