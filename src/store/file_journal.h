#pragma once

#include "store/journal.h"
#include "store/journal_file.h"

#include <memory>

namespace shoal::store {

/// A journal over any file that holds one (fresh_journal() is an empty one). Code::corrupt, Code::unsupported,
/// Code::io.
[[nodiscard]] Result<OpenedJournal> load_journal(std::unique_ptr<JournalFile> file);

}  // namespace shoal::store
