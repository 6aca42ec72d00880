#pragma once

#include "base/log_sink.h"
#include "store/kv_store.h"

#include <cstdint>
#include <filesystem>
#include <memory>

namespace shoal::store {

enum class Backing : std::uint8_t {
  logged,    ///< own feeds, heads, cursors: write-ahead log
  unlogged,  ///< mirrored feeds: no log, atomic flush; lost tails are fetched again
  memory,    ///< volatile feeds: nothing touches the disk; `path` only names it
};

/// Opens or creates a RocksDB store at `path` with the settings of DESIGN.md and RELIABILITY.md. Code::in_use when
/// another process has it open, Code::corrupt when it does not open cleanly, Code::unsupported for another schema
/// version (the message names both versions).
[[nodiscard]] Result<std::unique_ptr<KvStore>> open_rocks_store(const std::filesystem::path& path, Backing backing,
                                                                base::LogSink& log);

}  // namespace shoal::store
