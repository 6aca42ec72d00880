#pragma once

#include "store/journal.h"
#include "store/kv_store.h"

#include <functional>
#include <memory>

namespace shoal::store {

/// Told of a write or sync that failed for another reason than a full disk. Any thread, with locks of the store held:
/// it must not use the store.
using DiskFailure = std::function<void(const Error&)>;

/// The store, and `failed` for each such failure of a write: after a failed sync nobody knows what is on the disk, and
/// trying again would report success for pages that the system has dropped. What happens then is not decided here.
[[nodiscard]] std::unique_ptr<KvStore> watched(std::unique_ptr<KvStore> store, DiskFailure failed);
/// The same for a journal; a full disk counts too, since the journal's room is reserved.
[[nodiscard]] std::unique_ptr<Journal> watched(std::unique_ptr<Journal> journal, DiskFailure failed);

}  // namespace shoal::store
