#pragma once

#include "base/log_sink.h"
#include "store/backing.h"
#include "store/kv_store.h"

#include <filesystem>
#include <memory>

namespace shoal::store {

/// Opens or creates a RocksDB store at `path` with the settings of DESIGN.md and RELIABILITY.md. Code::in_use when
/// another process has it open, Code::corrupt when it does not open cleanly, Code::unsupported for another schema
/// version (the message names both versions).
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_rocks_store(const std::filesystem::path& path, Backing backing,
                                                                base::LogSink& log);

/// Opens a store without writing anything; it has what is there now. Every write fails with `why`.
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_rocks_store_read_only(const std::filesystem::path& path, Error why,
                                                                          base::LogSink& log);

}  // namespace shoal::store
