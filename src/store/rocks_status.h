#pragma once

#include <shoal/result.h>

#include <string_view>

namespace rocksdb {
class Status;
}

namespace shoal::store {

/// What a failed RocksDB status means to us; `doing` says what was tried. Requires !status.ok().
[[nodiscard]] Error rocks_error(const rocksdb::Status& status, std::string_view doing);

/// The same while opening: a held lock is Code::in_use, and files that do not fit together are Code::corrupt.
[[nodiscard]] Error rocks_open_error(const rocksdb::Status& status, std::string_view path);

}  // namespace shoal::store
